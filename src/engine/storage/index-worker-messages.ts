import type { SqlRows, SqlStatement } from './sql-connection.ts';

/** What the index's thread is started with. */
export interface IndexWorkerData {
  readonly path: string;
}

/** Each request takes effect as a whole or not at all; a batch is one transaction. */
export type IndexWorkerRequest =
  | {
      readonly kind: 'batch';
      readonly requests: readonly (readonly SqlStatement[])[];
      /** Answered when it survives a power cut. */
      readonly isDurable: boolean;
    }
  | { readonly kind: 'close' };

/** An error on its way between threads. `code` is SQLite's, or empty when it was none of SQLite's. */
export interface IndexWorkerError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

export type IndexWorkerResult =
  | { readonly kind: 'done'; readonly rows: SqlRows }
  | { readonly kind: 'failed'; readonly error: IndexWorkerError };

export type IndexWorkerAnswer =
  | { readonly kind: 'opened' }
  | { readonly kind: 'refused'; readonly error: IndexWorkerError }
  | {
      readonly kind: 'batch';
      /** One a request, in their order. */
      readonly results: readonly IndexWorkerResult[];
      /** The database took something that changes it. */
      readonly hasWritten: boolean;
    }
  | { readonly kind: 'closed' };
