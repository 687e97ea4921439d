import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import type { StreamStatus } from '../../shared/engine-api/index.ts';
import { createStreamIngest, rtspSource } from '../ingest/index.ts';
import type { StreamIngest } from '../ingest/index.ts';
import { FlvChannel, GopCache, StreamFanout } from '../live/index.ts';
import type { Admission, GopBudget, JoinableStream, LiveCounters, ViewerSink } from '../live/index.ts';
import type { StreamSubscriber } from '../media/sample.ts';
import type { SlabPool } from '../media/slab-pool.ts';
import type { StreamSource } from './config-change.ts';

/** How long a stream stays connected after the last one who wanted it: people change between pages and come back. */
const LINGER_MS = 10_000;
/** The largest group of pictures that is kept for newcomers. */
const MAXIMUM_GOP_BYTES = 4 * 1024 ** 2;

/** What all streams of an engine share. */
export interface StreamResources {
  readonly slabPool: SlabPool;
  readonly gopBudget: GopBudget;
  readonly liveCounters: LiveCounters;
  readonly clock: Clock;
}

interface CameraStreamOptions {
  readonly source: StreamSource;
  readonly resources: StreamResources;
  readonly log: Log;
}

/**
 * One stream of a camera: connected while somebody wants it, recorder or viewer, and fanned out to those who join. Ingest
 * runs once whatever the number of those who want it.
 */
export class CameraStream implements JoinableStream {
  readonly #clock: Clock;
  readonly #ingest: StreamIngest;
  readonly #fanout: StreamFanout;
  readonly #flv: FlvChannel;
  #holders = 0;
  #isRunning = false;
  #isStopped = false;
  #linger: Disposable | undefined;

  constructor({ source, resources, log }: CameraStreamOptions) {
    const { slabPool, gopBudget, liveCounters, clock } = resources;
    this.#clock = clock;
    this.#ingest = createStreamIngest({
      openSource: rtspSource({ url: source.url, credentials: source.credentials, slabPool, clock, log }),
      clock,
      log,
    });
    const cache = new GopCache({ maximumBytes: MAXIMUM_GOP_BYTES, budget: gopBudget });
    this.#fanout = new StreamFanout({ cache, log });
    this.#ingest.subscribe(this.#fanout);
    this.#flv = new FlvChannel({ stream: this, counters: liveCounters, clock, log });
  }

  /** Keeps the stream connected and passes it to `subscriber`, from now on and as it comes, until disposed. */
  hold(subscriber: StreamSubscriber): Disposable {
    return both(this.#ingest.subscribe(subscriber), this.#hold());
  }

  join(subscriber: StreamSubscriber): Disposable {
    const hold = this.#hold();
    return both(this.#fanout.join(subscriber), hold);
  }

  /** Sends the stream to a viewer until disposed. */
  addViewer(sink: ViewerSink): Admission {
    return this.#flv.addViewer(sink);
  }

  status(): StreamStatus {
    return { ...this.#ingest.status(), viewers: this.#fanout.memberCount };
  }

  /** Ends those who joined and says goodbye to the camera. For good. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#linger?.[Symbol.dispose]();
    this.#fanout.end('The stream was reconfigured or removed.');
    await this.#ingest.stop();
  }

  /** Counted: the first starts the ingest, the last one's release stops it a while later. */
  #hold(): Disposable {
    this.#holders += 1;
    this.#linger?.[Symbol.dispose]();
    this.#linger = undefined;
    if (!this.#isRunning && !this.#isStopped) {
      this.#isRunning = true;
      this.#ingest.start();
    }
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#holders -= 1;
        if (this.#holders > 0 || this.#isStopped) return;
        this.#linger = this.#clock.after(LINGER_MS, () => {
          this.#isRunning = false;
          void this.#ingest.stop();
        });
      },
    };
  }
}

function both(first: Disposable, second: Disposable): Disposable {
  return {
    [Symbol.dispose]: () => {
      first[Symbol.dispose]();
      second[Symbol.dispose]();
    },
  };
}
