import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { liveCloseCodes } from '../../shared/engine-api/index.ts';
import type { StreamStatus } from '../../shared/engine-api/index.ts';
import { createStreamIngest, rtspSource } from '../ingest/index.ts';
import type { StreamIngest } from '../ingest/index.ts';
import { createLiveChannel } from '../live/index.ts';
import type { Admission, LiveChannel, ViewerSink } from '../live/index.ts';
import type { StreamSubscriber } from '../media/sample.ts';
import type { SlabPool } from '../media/slab-pool.ts';
import type { StreamSource } from './config-change.ts';

/** How long a stream stays connected after the last one who wanted it: people change between pages and come back. */
const LINGER_MS = 10_000;

interface CameraStreamOptions {
  readonly source: StreamSource;
  readonly slabPool: SlabPool;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * One stream of a camera: connected while somebody wants it, recorder or viewer, and fanned out to viewers. Ingest runs
 * once whatever the number of those who want it.
 */
export class CameraStream {
  readonly #clock: Clock;
  readonly #ingest: StreamIngest;
  readonly #live: LiveChannel;
  readonly #liveSubscription: Disposable;
  #holders = 0;
  #isRunning = false;
  #isStopped = false;
  #linger: Disposable | undefined;

  constructor({ source, slabPool, clock, log }: CameraStreamOptions) {
    this.#clock = clock;
    this.#ingest = createStreamIngest({
      openSource: rtspSource({ url: source.url, credentials: source.credentials, slabPool, clock, log }),
      clock,
      log,
    });
    this.#live = createLiveChannel({ clock, log });
    this.#liveSubscription = this.#ingest.subscribe(this.#live);
  }

  /** Keeps the stream connected and passes it to `subscriber` until disposed. */
  hold(subscriber: StreamSubscriber): Disposable {
    const subscription = this.#ingest.subscribe(subscriber);
    const hold = this.#hold();
    return {
      [Symbol.dispose]: () => {
        subscription[Symbol.dispose]();
        hold[Symbol.dispose]();
      },
    };
  }

  /** Sends the stream to a viewer until disposed. */
  addViewer(sink: ViewerSink): Admission {
    const admission = this.#live.addViewer(sink);
    if (admission.kind === 'refused') return admission;
    const hold = this.#hold();
    return {
      kind: 'opened',
      viewer: {
        [Symbol.dispose]: () => {
          admission.viewer[Symbol.dispose]();
          hold[Symbol.dispose]();
        },
      },
    };
  }

  status(): StreamStatus {
    return { ...this.#ingest.status(), viewers: this.#live.status().viewers };
  }

  /** Ends the viewers and says goodbye to the camera. For good. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#linger?.[Symbol.dispose]();
    this.#liveSubscription[Symbol.dispose]();
    this.#live.close(liveCloseCodes.streamEnded, 'The stream was reconfigured or removed.');
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
