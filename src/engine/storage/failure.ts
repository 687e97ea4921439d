import { volumeRoots } from '../../shared/engine-api/index.ts';
import { ClosedDatabaseError } from './sql-connection.ts';

/** What a disk can do to us, in the words of `RecordingState`. */
export interface StorageFailure {
  readonly reason: 'disk-full' | 'disk-error';
  /** For a person: what, the limit, the remedy. */
  readonly detail: string;
}

export type Outcome<Value> =
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'failed'; readonly failure: StorageFailure };

export function done<Value>(value: Value): Outcome<Value> {
  return { kind: 'done', value };
}

export function failed(failure: StorageFailure): Outcome<never> {
  return { kind: 'failed', failure };
}

/** What an error says of the volume it came from; the kinds are those of `VolumeState`. */
export interface VolumeTrouble {
  readonly kind: 'full' | 'read-only' | 'hung' | 'missing' | 'failing';
  /** The system's name for it, such as `EIO`. */
  readonly code: string;
  /** One sentence: what is the matter. */
  readonly detail: string;
  /** One sentence: what to do now. */
  readonly remedy: string;
}

const fullCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);
/** No permission is a matter of the directory's owner, not of the disk. */
const refusalCodes: ReadonlySet<string> = new Set(['EACCES', 'EPERM']);
/** Node's own codes, which tell of bugs, begin with `ERR_`. */
const systemCode = /^E[A-Z0-9]+$/;
const indexCode = /^SQLITE_[A-Z_]+$/;
const indexTroubleCode = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN|PERM|NOMEM|PROTOCOL)/;

/** A service sees everything as read-only but the places that its unit names. */
const readOnlyRemedy =
  `Below ${volumeRoots.slice(0, -1).join(', ')} or ${volumeRoots.at(-1)}, look for errors of the disk in the system log and ` +
  'mount it for writing again; elsewhere, have the service write there (ReadWritePaths in its unit).';

/**
 * What an error of the file system says of a volume.
 * @throws the error itself when it is none: that is a bug.
 */
export function volumeTrouble(error: unknown, volumePath: string): VolumeTrouble {
  const code = errorCode(error);
  if (!isSystemError(error)) throw error;
  const volume = `The volume ${volumePath}`;
  if (fullCodes.has(code))
    return {
      kind: 'full',
      code,
      detail: `${volume} is full.`,
      remedy: 'Free space, or lower the retention.',
    };
  if (code === 'EROFS') {
    return {
      kind: 'read-only',
      code,
      detail: `${volume} can only be read.`,
      remedy: readOnlyRemedy,
    };
  }
  if (code === 'EHUNG') {
    return {
      kind: 'hung',
      code,
      detail: `${volume} does not answer.`,
      remedy: 'Check the disk and its connection.',
    };
  }
  if (refusalCodes.has(code)) {
    return {
      kind: 'failing',
      code,
      detail: `${volume} refuses the engine (${code}).`,
      remedy: "Give the directory to the engine's user.",
    };
  }
  return {
    kind: 'failing',
    code,
    detail: `${volume} answered ${code}.`,
    remedy: 'Check the disk and its mount.',
  };
}

/** Whether an error says that there is no room, of whatever kind. */
export function isFullError(error: unknown): boolean {
  return fullCodes.has(errorCode(error));
}

/** Whether an error comes from the file system. */
export function isSystemError(error: unknown): boolean {
  return systemCode.test(errorCode(error));
}

/** Whether an error comes from the index and says nothing of any volume. */
export function isIndexError(error: unknown): boolean {
  return indexCode.test(errorCode(error));
}

/** Whether an error comes from the index and would meet any other request as well: it is not about what was asked. */
export function isIndexDown(error: unknown): boolean {
  return isIndexError(error) && !errorCode(error).startsWith('SQLITE_CONSTRAINT');
}

/** Whether a code of SQLite tells what the disk, or whoever else has the file, does to a database. */
export function isIndexTrouble(code: string): boolean {
  return indexTroubleCode.test(code);
}

/** For a person: why the index cannot answer now. Nothing for a mistake of ours. */
export function indexObstacle(error: unknown): string | undefined {
  if (error instanceof ClosedDatabaseError) return 'The engine stops.';
  const code = errorCode(error);
  return isIndexTrouble(code) || isDamage(code) ? indexFailure(code).detail : undefined;
}

/** Whether an error of SQLite says that a database contradicts itself, or is none. */
export function isDamage(code: string): boolean {
  return code === 'SQLITE_NOTADB' || /^SQLITE_CORRUPT(_|$)/.test(code);
}

/**
 * Turns an error of the file system or of SQLite into a failure that names the volume, or the index.
 * @throws the error itself when it is neither: that is a bug.
 */
export function storageFailure(error: unknown, volumePath: string): StorageFailure {
  if (isIndexError(error)) return indexFailure(errorCode(error));
  return failureOf(volumeTrouble(error, volumePath));
}

/** A volume's trouble as a recorder tells it. */
export function failureOf({
  kind,
  detail,
  remedy,
}: {
  readonly kind: string;
  readonly detail: string;
  readonly remedy: string;
}): StorageFailure {
  return { reason: kind === 'full' ? 'disk-full' : 'disk-error', detail: `${detail} ${remedy}` };
}

/** The code of a system or SQLite error, or an empty string. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Runs an operation on a volume and makes its failure a value. Rejects with an error that `isBeyond` the operation. */
export async function attempt<Value>(
  volumePath: string,
  operation: () => Promise<Value>,
  isBeyond: (error: unknown) => boolean = () => false,
): Promise<Outcome<Value>> {
  try {
    return done(await operation());
  } catch (error) {
    if (isBeyond(error)) throw error;
    return failed(storageFailure(error, volumePath));
  }
}

function indexFailure(code: string): StorageFailure {
  return code === 'SQLITE_FULL'
    ? {
        reason: 'disk-full',
        detail:
          "There is no room for the index of the recordings. Free space on the disk of the engine's directory.",
      }
    : {
        reason: 'disk-error',
        detail: `The index of the recordings answered ${code}. Check the disk of the engine's directory.`,
      };
}
