import type { SourceFailure } from '../media/source-failure.ts';
import type { SamplePipeline } from './sample-pipeline.ts';

/** One connection, whichever way, over which a stream comes. Used once: the next attempt opens a new one. */
export interface MediaSource {
  readonly receivedBytes: number;
  /** When media came last on the monotonic clock, ms, or when play began before the first; undefined before that. */
  readonly lastMediaMonotonicMs: number | undefined;
  /** Bytes and packets that came and belong to nothing, in all, where the source can tell. */
  readonly rejected?: number;
  /** Resolves when media may come; rejects with a SourceFailure. Called once. */
  start(): Promise<void>;
  /**
   * Says goodbye, and resolves when nothing of it is left. May come at any time, also during `start` and after its end.
   * `givenUpFor`: what the source is given up for; absent where nobody wants it any more.
   */
  close(givenUpFor?: SourceFailure): Promise<void>;
}

export interface SourceSink {
  /** Takes the media; `beginConnection` comes before the first. */
  readonly pipeline: SamplePipeline;
  /** To be called at most once, when the source has ended without `close`. A rejected `start` says so by itself. */
  onEnded(failure: SourceFailure): void;
}

/** Makes a source that has not started yet: one for each attempt. */
export type OpenSource = (sink: SourceSink) => MediaSource;
