/** What a camera sent and when, the truth that latency and completeness are measured against. */

import type { StreamName } from '../clip/clip.ts';

/** One video frame handed to the sockets of its viewers. */
export interface SentFrame {
  readonly stream: StreamName;
  /** Counts restarts of the camera, from 0; `index` begins anew with each. */
  readonly boot: number;
  /** Frames since the camera's start, whether watched or not. */
  readonly index: number;
  /** The number in the picture and its barcode. */
  readonly frameNumber: number;
  readonly keyframe: boolean;
  readonly monotonicMs: number;
  readonly utcMs: number;
  readonly viewerCount: number;
}

/** Frames to keep: about two minutes of both streams at 15 frames per second. */
const defaultCapacity = 4096;

/** A ring of the newest sent frames, and their announcement. */
export class SendLog {
  readonly #capacity: number;
  readonly #ring: SentFrame[] = [];
  readonly #listeners = new Set<(frame: SentFrame) => void>();
  #total = 0;

  constructor(capacity: number = defaultCapacity) {
    this.#capacity = capacity;
  }

  /** All frames ever sent, including those the ring has forgotten. */
  get total(): number {
    return this.#total;
  }

  add(frame: SentFrame): void {
    this.#ring[this.#total % this.#capacity] = frame;
    this.#total += 1;
    for (const listener of this.#listeners) listener(frame);
  }

  /** The remembered frames of `stream` (of both without it), oldest first. */
  frames(stream?: StreamName): SentFrame[] {
    const oldest = this.#total > this.#capacity ? this.#total % this.#capacity : 0;
    const ordered = [...this.#ring.slice(oldest), ...this.#ring.slice(0, oldest)];
    return stream === undefined ? ordered : ordered.filter((frame) => frame.stream === stream);
  }

  /** The newest remembered frame of `stream` whose picture shows `frameNumber`. */
  lastWithNumber(stream: StreamName, frameNumber: number): SentFrame | undefined {
    return this.frames(stream).findLast((frame) => frame.frameNumber === frameNumber);
  }

  /** Calls `listener` for every frame from now on, synchronously; the returned function ends that. */
  subscribe(listener: (frame: SentFrame) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** The next frame that `matches`. Rejects with the signal's reason when that aborts first. */
  async next(matches: (frame: SentFrame) => boolean, signal: AbortSignal): Promise<SentFrame> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<SentFrame>();
    const unsubscribe = this.subscribe((frame) => {
      if (matches(frame)) resolve(frame);
    });
    const onAbort = (): void => {
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await promise;
    } finally {
      unsubscribe();
      signal.removeEventListener('abort', onAbort);
    }
  }
}
