import type { Failure, FailureCode } from '../shared/contract/index.ts';

/**
 * An expected failure on its way to a person. Foreign errors (SSH, SQLite, sockets) become one of these once, at the
 * edge; anything else that is thrown is a bug and reaches the page as `internal`, without its text.
 */
export class DeskError extends Error {
  override readonly name = 'DeskError';
  readonly failure: Failure;

  constructor(failure: Failure, options?: { readonly cause: unknown }) {
    super(failure.message, options);
    this.failure = failure;
  }
}

export function fail(code: FailureCode, message: string, remedy?: string): DeskError {
  return new DeskError(remedy === undefined ? { code, message } : { code, message, remedy });
}
