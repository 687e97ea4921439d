import { z } from 'zod';
import {
  CameraId,
  FootageLock,
  LockList,
  LockOrder,
  LockRemoval,
  Timeline,
  TimelineQuery,
  enginePaths,
  maximumLocks,
} from '../../shared/engine-api/index.ts';
import { errorCode } from '../platform/layout.ts';
import type { TokenBearer } from '../platform/tokens.ts';
import { jsonAnswer } from './answer.ts';
import type { EngineApi } from './engine-api.ts';
import { ApiFailure, notWritten } from './failure.ts';
import { noInput, route } from './route.ts';
import type { Route } from './route.ts';

/** What there is of a camera, why there is nothing where there is not, and what must not be deleted. */
export function timelineRoutes(engine: Pick<EngineApi, 'timeline' | 'locks'>): readonly Route[] {
  const { locks } = engine;
  return [
    route({
      ...noInput,
      method: 'GET',
      path: enginePaths.timeline(':cameraId'),
      scope: 'view',
      summary: 'Read the footage and the gaps of a camera in a stretch of time',
      params: z.object({ cameraId: CameraId }),
      query: TimelineQuery,
      answer: jsonAnswer(Timeline),
      handle: ({ params, query }) => engine.timeline(params.cameraId, query),
    }),
    route({
      ...noInput,
      method: 'GET',
      path: enginePaths.locks,
      scope: 'view',
      summary: 'List the footage that must not be deleted',
      answer: jsonAnswer(LockList),
      handle: () => ({ locks: [...locks.list()] }),
    }),
    route({
      ...noInput,
      method: 'POST',
      path: enginePaths.locks,
      scope: 'admin',
      summary: 'Keep footage of a camera from being deleted',
      body: LockOrder,
      answer: jsonAnswer(FootageLock, { statuses: [201], statusOf: () => 201 }),
      async handle({ body, bearer }) {
        const outcome = await locks.add(body, tokenIdOf(bearer)).catch(refuseUnwritten);
        if (outcome.kind === 'locked') return outcome.lock;
        throw new ApiFailure(
          'too-many',
          `There are ${maximumLocks} locks, the most there can be. Remove one that is not needed any more.`,
        );
      },
    }),
    route({
      ...noInput,
      method: 'DELETE',
      path: enginePaths.lock(':lockId'),
      scope: 'admin',
      summary: 'Let footage be deleted again',
      params: z.object({ lockId: z.uuid() }),
      answer: jsonAnswer(LockRemoval),
      async handle({ params, bearer }) {
        const removed = await locks.remove(params.lockId, tokenIdOf(bearer)).catch(refuseUnwritten);
        if (removed === undefined) {
          throw new ApiFailure('not-found', `There is no lock ${params.lockId} any more.`);
        }
        return { removed };
      },
    }),
  ];
}

/** Of the file, that is: what the index does not take holds from the next start on, and is a fault until then. */
function refuseUnwritten(error: unknown): never {
  const code = errorCode(error);
  throw /^E[A-Z0-9]+$/.test(code) ? notWritten('its locks', code) : error;
}

function tokenIdOf(bearer: TokenBearer | undefined): string {
  if (bearer === undefined) throw new Error('A route with a scope was called without a bearer.');
  return bearer.tokenId;
}
