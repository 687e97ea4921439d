import type { TFunction } from 'i18next';
import { liveRelayCloseCodes } from '../../shared/contract/index.ts';
import { liveCloseCodes } from '../../shared/engine-api/paths.ts';
import type { TileProblem } from './tile-session.ts';

export interface ProblemWords {
  readonly message: string;
  readonly remedy?: string;
}

/** What to write on a tile that has no picture. */
export function problemWords(t: TFunction, problem: TileProblem): ProblemWords {
  switch (problem.kind) {
    case 'refused': {
      const { message, remedy } = problem.failure;
      return remedy === undefined ? { message } : { message, remedy };
    }
    case 'undecodable':
      return { message: t('tile.undecodable'), remedy: t('tile.undecodableRemedy') };
    case 'no-picture':
      return { message: t('tile.noPicture') };
    case 'closed':
      return { message: closeWords(t, problem.code) };
  }
}

function closeWords(t: TFunction, code: number): string {
  switch (code) {
    case liveCloseCodes.cameraUnknown:
      return t('tile.cameraUnknown');
    case liveRelayCloseCodes.notAssigned:
      return t('tile.notAssigned');
    case liveRelayCloseCodes.engineUnavailable:
      return t('tile.engineUnavailable');
    case liveCloseCodes.tooSlow:
      return t('tile.tooSlow');
    case liveCloseCodes.tooManyViewers:
      return t('tile.tooManyViewers');
    case liveCloseCodes.streamEnded:
      return t('tile.streamEnded');
    case liveCloseCodes.shuttingDown:
      return t('tile.shuttingDown');
    default:
      return t('tile.connectionLost');
  }
}
