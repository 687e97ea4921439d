import type { Failure } from '../../shared/contract/index.ts';

/** What became of a question to the desk. An expected failure is a value; nothing here throws. */
export type Answer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'failed'; readonly failure: Failure };
