import type { Answer } from './answer.ts';
import type { Failure } from '../../shared/contract/index.ts';

/** Ends a subscription. */
export type Unfollow = () => void;

/** What a subscription tells. It outlives reconnects; after `onFailure` nothing more comes. */
export interface StreamListener<T> {
  readonly onEvent: (event: T) => void;
  readonly onFailure: (failure: Failure) => void;
}

/** Carries calls to the desk without knowing their meaning. `path` is `feature.procedure`. */
export interface Transport {
  call(kind: 'query' | 'mutation', path: string, input: unknown): Promise<Answer<unknown>>;
  /** Stays subscribed across reconnects until ended. */
  subscribe(path: string, input: unknown, listener: StreamListener<unknown>): Unfollow;
}
