import { unknownTokenExitCode } from '../../shared/engine-api/index.ts';

/** Why an engine's command ends without success; each has its own exit code, so that a supervisor can tell them apart. */
const exitCodes = {
  /** `health` found no healthy engine. */
  unhealthy: 1,
  usage: 2,
  'port-in-use': 3,
  'directory-unusable': 4,
  'already-running': 5,
  /** Written by a newer release than this one. */
  'newer-version': 6,
  /** A file of the engine's is damaged or was changed by somebody else. */
  'damaged-state': 7,
  'address-unusable': 8,
  'unknown-token': unknownTokenExitCode,
  /** Found while it was in use; the next start makes it again. 10 and 11 are those of `fsck`. */
  'damaged-index': 12,
} as const;

export type ExitReason = keyof typeof exitCodes;

/** An expected reason to end: the message is one sentence for the person who started the engine. */
export class EngineExit extends Error {
  readonly reason: ExitReason;

  constructor(reason: ExitReason, message: string) {
    super(message);
    this.name = 'EngineExit';
    this.reason = reason;
  }

  get exitCode(): number {
    return exitCodes[this.reason];
  }
}
