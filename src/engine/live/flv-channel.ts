import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { liveCloseCodes } from '../../shared/engine-api/index.ts';
import { FlvEncoder } from './flv-encoder.ts';
import { FlvViewer } from './flv-viewer.ts';
import type { FlvViewerLimits } from './flv-viewer.ts';
import type { LiveCounters } from './live-counters.ts';
import type { JoinableStream } from './stream-fanout.ts';
import type { ViewerSink } from './viewer-sink.ts';

export interface FlvLimits extends FlvViewerLimits {
  readonly maximumViewers: number;
}

export const defaultFlvLimits: FlvLimits = {
  maximumViewers: 256,
  /** A little more than the largest group that is kept, or newcomers would begin by dropping. */
  maximumQueuedBytes: 5 * 1024 ** 2,
  maximumQueuedMs: 15_000,
  tooSlowAfterMs: 10_000,
  lingerMs: 30_000,
};

/** What a viewer wants to hear: the camera's sound if it can be had as it is, or whatever it takes. */
export type WantedSound = 'as-is' | 'aac';

interface FlvChannelOptions {
  readonly stream: JoinableStream;
  /** The same stream with its sound as AAC; absent where the node cannot convert it. */
  readonly aacStream?: JoinableStream | undefined;
  readonly counters: LiveCounters;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<FlvLimits>;
}

export type Admission =
  /** Disposing ends the viewing; harmless after the channel closed the sink itself. */
  | { readonly kind: 'opened'; readonly viewer: Disposable }
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string };

/** One stream to any number of viewers, as FLV. Each tag is made once and shared. */
export class FlvChannel {
  readonly #options: FlvChannelOptions;
  readonly #limits: FlvLimits;
  readonly #encoder = new FlvEncoder();
  readonly #viewers = new Set<FlvViewer>();

  constructor(options: FlvChannelOptions) {
    this.#options = options;
    this.#limits = { ...defaultFlvLimits, ...options.limits };
  }

  addViewer(sink: ViewerSink, sound: WantedSound = 'as-is'): Admission {
    const { aacStream, counters, clock, log } = this.#options;
    const stream = sound === 'aac' && aacStream !== undefined ? aacStream : this.#options.stream;
    const { maximumViewers } = this.#limits;
    if (this.#viewers.size >= maximumViewers) {
      counters.countRefusal();
      const reason = `This stream serves ${maximumViewers} viewers at most.`;
      return { kind: 'refused', code: liveCloseCodes.tooManyViewers, reason };
    }
    const viewer = new FlvViewer({
      sink,
      encoder: this.#encoder,
      clock,
      log,
      limits: this.#limits,
      onFrameDropped: () => counters.countDroppedFrame(),
      onClosed: (because) => {
        this.#viewers.delete(viewer);
        if (because === 'too-slow') counters.countTooSlow();
      },
    });
    this.#viewers.add(viewer);
    viewer.open(stream);
    const end = (): void => {
      this.#viewers.delete(viewer);
      viewer.end();
    };
    return { kind: 'opened', viewer: { [Symbol.dispose]: end } };
  }
}
