/** What a disk can do to us, in the words of `RecordingState` and `VolumeStatus`. */
export interface StorageFailure {
  readonly reason: 'disk-full' | 'disk-error';
  /** One sentence for a person: what, the limit, the remedy. */
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

/** File system and SQLite codes that mean there is no room. */
const fullCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL']);
/** Every other code of the operating system or of SQLite; Node's own, which tell of bugs, begin with `ERR_`. */
const faultCode = /^(?:E[A-Z0-9]+|SQLITE_[A-Z_]+)$/;

/**
 * Turns an error of the file system or of SQLite into a failure that names the volume.
 * @throws the error itself when it is neither: that is a bug.
 */
export function storageFailure(error: unknown, volumePath: string): StorageFailure {
  const code = errorCode(error);
  if (fullCodes.has(code)) {
    return {
      reason: 'disk-full',
      detail: `The volume ${volumePath} is full. Free space, or lower the retention.`,
    };
  }
  if (faultCode.test(code)) {
    return {
      reason: 'disk-error',
      detail: `The volume ${volumePath} answered ${code}. Check the disk and its mount.`,
    };
  }
  throw error;
}

/** The code of a system or SQLite error, or an empty string. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Runs an operation on a volume and makes its failure a value. */
export async function attempt<Value>(
  volumePath: string,
  operation: () => Promise<Value>,
): Promise<Outcome<Value>> {
  try {
    return done(await operation());
  } catch (error) {
    return failed(storageFailure(error, volumePath));
  }
}
