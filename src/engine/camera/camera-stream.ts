import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import type { StreamStatus } from '../../shared/engine-api/index.ts';
import {
  createStreamIngest,
  PUSH_INGEST_LIMITS,
  relaySource,
  rtmpPushSource,
  rtspSource,
} from '../ingest/index.ts';
import type { OpenSource, StreamIngest } from '../ingest/index.ts';
import { FlvChannel, GopCache, StreamFanout } from '../live/index.ts';
import type {
  Admission,
  GopBudget,
  JoinableStream,
  LiveCounters,
  ViewerSink,
  WantedSound,
} from '../live/index.ts';
import type { StreamSubscriber } from '../media/sample.ts';
import type { SlabPool } from '../media/slab-pool.ts';
import type { PublishPoints } from '../rtmp/index.ts';
import type { KnownKeys } from '../rtsp/index.ts';
import { AacStream } from '../transcode/index.ts';
import type { SoundConversions } from '../transcode/index.ts';
import { liveSoundOf } from './live-sound.ts';
import type { StreamSource } from './stream-source.ts';

/** How long a stream stays connected after the last one who wanted it: people change between pages and come back. */
const LINGER_MS = 10_000;
/** The largest group of pictures that is kept for newcomers. */
const MAXIMUM_GOP_BYTES = 4 * 1024 ** 2;

/** What all streams of an engine share. */
export interface StreamResources {
  readonly slabPool: SlabPool;
  readonly knownKeys: KnownKeys;
  readonly publishPoints: PublishPoints;
  readonly gopBudget: GopBudget;
  readonly liveCounters: LiveCounters;
  /** Of sound, for those who ask for it; undefined where the system has no ffmpeg. */
  readonly conversions: SoundConversions | undefined;
  readonly clock: Clock;
}

const noListeners = { memberCount: 0, sourceMemberships: 0 } as const;

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
  readonly #resources: StreamResources;
  readonly #log: Log;
  readonly #ingest: StreamIngest;
  readonly #fanout: StreamFanout;
  readonly #aacStream: AacStream | undefined;
  readonly #flv: FlvChannel;
  #source: StreamSource;
  /** One for all attempts at a source: it may remember what the camera could not do. */
  #open: OpenSource;
  #holders = 0;
  #isRunning = false;
  #isStopped = false;
  #linger: Disposable | undefined;

  constructor({ source, resources, log }: CameraStreamOptions) {
    const { gopBudget, liveCounters, conversions, clock } = resources;
    this.#clock = clock;
    this.#resources = resources;
    this.#log = log;
    this.#source = source;
    this.#open = this.#opening(source);
    this.#ingest = createStreamIngest({
      // For each attempt anew: the source may have moved.
      openSource: (sink) => this.#open(sink),
      clock,
      log,
      ...(source.kind === 'push' ? { limits: PUSH_INGEST_LIMITS } : {}),
    });
    const cache = new GopCache({ maximumBytes: MAXIMUM_GOP_BYTES, budget: gopBudget });
    this.#fanout = new StreamFanout({ cache, log });
    this.#ingest.subscribe(this.#fanout);
    this.#aacStream =
      conversions === undefined ? undefined : new AacStream({ source: this, conversions, clock, log });
    this.#flv = new FlvChannel({
      stream: this,
      aacStream: this.#aacStream,
      counters: liveCounters,
      clock,
      log,
    });
  }

  /** Keeps the stream connected and passes it to `subscriber`, from now on and as it comes, until disposed. */
  hold(subscriber: StreamSubscriber): Disposable {
    return both(this.#ingest.subscribe(subscriber), this.#hold());
  }

  join(subscriber: StreamSubscriber): Disposable {
    const hold = this.#hold();
    return both(this.#fanout.join(subscriber), hold);
  }

  /**
   * Goes on with another source of the same pictures, if that is what it is: who joined stays, and the timeline goes on with
   * the next sync picture. False when the stream has to be replaced.
   */
  follow(source: StreamSource | undefined): boolean {
    if (this.#source.kind !== 'relay' || source?.kind !== 'relay') return false;
    this.#source = source;
    this.#open = this.#opening(source);
    this.#ingest.reconnect();
    return true;
  }

  /** Sends the stream to a viewer until disposed. */
  addViewer(sink: ViewerSink, sound: WantedSound): Admission {
    return this.#flv.addViewer(sink, sound);
  }

  status(): StreamStatus {
    const { description, memberCount } = this.#fanout;
    const { memberCount: listeners, sourceMemberships } = this.#aacStream ?? noListeners;
    return {
      ...this.#ingest.status(),
      viewers: memberCount - sourceMemberships + listeners,
      ...(description === undefined
        ? {}
        : { liveSound: liveSoundOf(description, this.#aacStream !== undefined) }),
    };
  }

  /** Ends those who joined and says goodbye to the camera. For good. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#linger?.[Symbol.dispose]();
    const reason = 'The stream was reconfigured or removed.';
    this.#aacStream?.end(reason);
    this.#fanout.end(reason);
    await this.#ingest.stop();
  }

  #opening(source: StreamSource): OpenSource {
    const { slabPool, knownKeys, publishPoints, clock } = this.#resources;
    const log = this.#log;
    switch (source.kind) {
      case 'rtsp':
        return rtspSource({ ...source, slabPool, knownKeys, clock, log });
      case 'push':
        return rtmpPushSource({ ...source, points: publishPoints, clock });
      case 'relay':
        return relaySource({ ...source, slabPool, clock, log });
    }
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
