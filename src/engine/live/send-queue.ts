import type { ViewerSink } from './viewer-sink.ts';

export interface SendLimits {
  /** A viewer with more than this unsent loses frames up to the next sync picture. */
  readonly maximumQueuedBytes: number;
  /** And so does one with something unsent since longer ago: few bytes are a long time of a slow stream. */
  readonly maximumQueuedMs: number;
  /** A viewer that has not caught up by then is closed. */
  readonly tooSlowAfterMs: number;
}

type Flow =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'flowing' }
  | { readonly kind: 'dropping'; readonly sinceMonotonicMs: number };

export type Verdict = 'send' | 'skip' | 'drop' | 'too-slow';

/** How exactly it is known since when something waits. */
const MARK_EVERY_MS = 500;

/** Everything before the end was sent at this time or later. */
interface Mark {
  readonly sinceMonotonicMs: number;
  endBytes: number;
}

/** One viewer's way to the network: what may go there, and whether the viewer keeps up. */
export class SendQueue {
  readonly #sink: ViewerSink;
  readonly #limits: SendLimits;
  #flow: Flow = { kind: 'waiting' };
  #sentBytes = 0;
  /** Of what may still wait, oldest first. */
  readonly #marks: Mark[] = [];

  constructor(sink: ViewerSink, limits: SendLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  send(bytes: Uint8Array, nowMonotonicMs: number): void {
    this.#sentBytes += bytes.byteLength;
    const mark = this.#marks.at(-1);
    if (mark !== undefined && nowMonotonicMs - mark.sinceMonotonicMs < MARK_EVERY_MS)
      mark.endBytes = this.#sentBytes;
    else this.#marks.push({ sinceMonotonicMs: nowMonotonicMs, endBytes: this.#sentBytes });
    this.#sink.send(bytes);
  }

  /** What comes next does not continue the group in hand. */
  pause(): void {
    if (this.#flow.kind === 'flowing') this.#flow = { kind: 'waiting' };
  }

  /** Frames are dropped from the moment the bound is passed up to a sync picture that finds the queue half empty. */
  judge(startsGroup: boolean, nowMonotonicMs: number): Verdict {
    this.#flow = this.#nextFlow(startsGroup, nowMonotonicMs);
    switch (this.#flow.kind) {
      case 'flowing':
        return 'send';
      case 'waiting':
        return 'skip';
      case 'dropping': {
        const isTooSlow = nowMonotonicMs - this.#flow.sinceMonotonicMs > this.#limits.tooSlowAfterMs;
        return isTooSlow ? 'too-slow' : 'drop';
      }
    }
  }

  #nextFlow(startsGroup: boolean, nowMonotonicMs: number): Flow {
    const queued = this.#queuedShare(nowMonotonicMs);
    const isFlowing = this.#flow.kind === 'flowing';
    if (isFlowing ? queued <= 1 : !startsGroup) return this.#flow;
    if (!isFlowing && queued <= 1 / 2) return { kind: 'flowing' };
    if (this.#flow.kind === 'dropping') return this.#flow;
    return { kind: 'dropping', sinceMonotonicMs: nowMonotonicMs };
  }

  /** What waits, of what may wait: more than 1 is too much. */
  #queuedShare(nowMonotonicMs: number): number {
    const { maximumQueuedBytes, maximumQueuedMs } = this.#limits;
    const queuedBytes = this.#sink.bufferedBytes();
    const takenBytes = this.#sentBytes - queuedBytes;
    while ((this.#marks[0]?.endBytes ?? Number.POSITIVE_INFINITY) <= takenBytes) this.#marks.shift();
    const [oldest] = this.#marks;
    const queuedMs = oldest === undefined ? 0 : nowMonotonicMs - oldest.sinceMonotonicMs;
    return Math.max(queuedBytes / maximumQueuedBytes, queuedMs / maximumQueuedMs);
  }
}
