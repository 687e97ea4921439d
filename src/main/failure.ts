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

/** As the contract has it. */
const maximumLength = 2000;

/** What is too long is cut: parts of a message may be what a node or a camera said. */
export function fail(code: FailureCode, message: string, remedy?: string): DeskError {
  const failure = { code, message: message.slice(0, maximumLength) };
  return new DeskError(
    remedy === undefined ? failure : { ...failure, remedy: remedy.slice(0, maximumLength) },
  );
}
