import type { EventMessage } from '../../shared/engine-api/index.ts';

/** The receiving end of a listener. None of these throws. */
export interface ListenerSink {
  send(text: string): void;
  /** Bytes accepted by `send` that have not reached the network. */
  bufferedBytes(): number;
  /** `code` is one of `liveCloseCodes`. */
  close(code: number, reason: string): void;
}

interface ListenerLimits {
  /** A listener with more than this unsent gets no events but, when it has caught up, a snapshot. */
  readonly maximumQueuedBytes: number;
  readonly tooSlowAfterMs: number;
}

type Pace = { readonly kind: 'current' } | { readonly kind: 'behind'; readonly sinceMonotonicMs: number };

export type ListenerPace = 'current' | 'behind' | 'caught-up' | 'too-slow';

/** One listener's way to the network, and whether it keeps up. */
export class EventListener {
  readonly sink: ListenerSink;
  readonly #limits: ListenerLimits;
  #pace: Pace = { kind: 'current' };

  constructor(sink: ListenerSink, limits: ListenerLimits) {
    this.sink = sink;
    this.#limits = limits;
  }

  /** `caught-up`: it missed events, and wants a snapshot now. */
  pace(nowMonotonicMs: number): ListenerPace {
    const { maximumQueuedBytes, tooSlowAfterMs } = this.#limits;
    const queuedBytes = this.sink.bufferedBytes();
    switch (this.#pace.kind) {
      case 'current':
        if (queuedBytes <= maximumQueuedBytes) return 'current';
        this.#pace = { kind: 'behind', sinceMonotonicMs: nowMonotonicMs };
        return 'behind';
      case 'behind':
        if (queuedBytes <= maximumQueuedBytes / 2) {
          this.#pace = { kind: 'current' };
          return 'caught-up';
        }
        return nowMonotonicMs - this.#pace.sinceMonotonicMs > tooSlowAfterMs ? 'too-slow' : 'behind';
    }
  }

  send(message: EventMessage): void {
    this.sink.send(JSON.stringify(message));
  }
}
