import type { ViewerSink } from './viewer-sink.ts';

export interface SendLimits {
  /** A viewer with more than this unsent loses frames up to the next sync picture. */
  readonly maximumQueuedBytes: number;
  /** A viewer that has not caught up by then is closed. */
  readonly tooSlowAfterMs: number;
}

type Flow =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'flowing' }
  | { readonly kind: 'dropping'; readonly sinceMonotonicMs: number };

export type Verdict = 'send' | 'skip' | 'drop' | 'too-slow';

/** Messages to a newcomer are put together up to this size, so that a group of pictures is not hundreds of writes. */
const preferredMessageBytes = 256 * 1024;

/** One viewer's way to the network: what may go there, and whether the viewer keeps up. */
export class SendQueue {
  readonly #sink: ViewerSink;
  readonly #limits: SendLimits;
  #flow: Flow = { kind: 'waiting' };
  #gathered: Uint8Array[] | undefined;
  #gatheredBytes = 0;

  constructor(sink: ViewerSink, limits: SendLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** Puts what is sent meanwhile together in messages of a reasonable size. */
  gather(work: () => void): void {
    this.#gathered = [];
    work();
    this.#flush();
    this.#gathered = undefined;
  }

  send(bytes: Uint8Array): void {
    const gathered = this.#gathered;
    if (gathered === undefined) {
      this.#sink.send(bytes);
      return;
    }
    if (this.#gatheredBytes + bytes.byteLength > preferredMessageBytes) this.#flush();
    gathered.push(bytes);
    this.#gatheredBytes += bytes.byteLength;
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
    const queuedBytes = this.#sink.bufferedBytes();
    const { maximumQueuedBytes } = this.#limits;
    const isFlowing = this.#flow.kind === 'flowing';
    if (isFlowing ? queuedBytes <= maximumQueuedBytes : !startsGroup) return this.#flow;
    if (!isFlowing && queuedBytes <= maximumQueuedBytes / 2) return { kind: 'flowing' };
    if (this.#flow.kind === 'dropping') return this.#flow;
    return { kind: 'dropping', sinceMonotonicMs: nowMonotonicMs };
  }

  #flush(): void {
    const gathered = this.#gathered ?? [];
    if (gathered.length > 0) this.#sink.send(Buffer.concat(gathered, this.#gatheredBytes));
    gathered.length = 0;
    this.#gatheredBytes = 0;
  }
}
