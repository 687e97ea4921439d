import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import type { StreamState, StreamStatus } from '../../shared/engine-api/status.ts';
import { audioCodecString } from '../media/audio.ts';
import { videoCodecString } from '../media/parameter-sets.ts';
import type { Interruption, StreamSubscriber } from '../media/sample.ts';
import { SourceFailure } from '../media/source-failure.ts';
import type { MediaSource, OpenSource } from './media-source.ts';
import { retryDelayMs } from './retry-delay.ts';
import type { RetryLimits } from './retry-delay.ts';
import { SamplePipeline } from './sample-pipeline.ts';
import { Subscribers } from './subscribers.ts';
import { TrafficWindow } from './traffic-window.ts';
import { WallClock } from './wall-clock.ts';

export interface IngestLimits extends RetryLimits {
  /** From the start of an attempt until the camera plays; infinite for a source that waits to be called. */
  readonly setUpTimeoutMs: number;
  /** Without a packet of video for so long, the camera is taken to be gone. */
  readonly silenceTimeoutMs: number;
  /** Packets come, but nothing that can be shown. */
  readonly pictureTimeoutMs: number;
  /** After so long the next failure counts as the first in a row. */
  readonly provenAfterMs: number;
}

export const DEFAULT_INGEST_LIMITS: IngestLimits = {
  setUpTimeoutMs: 20_000,
  silenceTimeoutMs: 5_000,
  pictureTimeoutMs: 60_000,
  provenAfterMs: 10_000,
  firstDelayMs: 500,
  longestDelayMs: 15_000,
  firstHopelessDelayMs: 30_000,
  longestHopelessDelayMs: 300_000,
};

export interface StreamIngestOptions {
  /** Opens a source for each attempt. */
  readonly openSource: OpenSource;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<IngestLimits>;
  /** In [0, 1), for the jitter of retries. */
  readonly random?: () => number;
}

export type IngestStatus = Omit<StreamStatus, 'viewers'>;

/** One stream of a camera: keeps it connected and yields its samples to whoever subscribes. */
export interface StreamIngest {
  start(): void;
  /** Says goodbye to the camera and waits until the socket is gone. May be started again. */
  stop(): Promise<void>;
  /** Lets go of the source in hand and opens another at once, without the wait of a failure; nothing when it is stopped. */
  reconnect(): void;
  /** What comes from now on; the description at once when a stream is running, so the first sample may be any. */
  subscribe(subscriber: StreamSubscriber): Disposable;
  status(): IngestStatus;
}

export function createStreamIngest(options: StreamIngestOptions): StreamIngest {
  return new ReconnectingIngest(options);
}

type State =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'connecting';
      readonly source: MediaSource;
      readonly sinceMonotonicMs: number;
      readonly sinceUtcMs: number;
    }
  | {
      readonly kind: 'streaming';
      readonly source: MediaSource;
      readonly sinceMonotonicMs: number;
      readonly sinceUtcMs: number;
    }
  | {
      readonly kind: 'waiting';
      readonly interruption: Interruption;
      readonly sinceUtcMs: number;
      readonly retryAtUtcMs: number;
      readonly retry: Disposable;
    };

/** From the last picture, or the first attempt, until pictures come again. */
interface Outage {
  readonly sinceUtcMs: number;
  /** Why the last attempt failed. */
  readonly interruption: Interruption;
}

const TICK_MS = 1_000;
/** A process that was held up for longer says nothing of its cameras. */
const LATEST_TICK_MS = 3_000;

async function settleBoth(first: Promise<void>, second: Promise<void>): Promise<void> {
  await first;
  await second;
}

class ReconnectingIngest implements StreamIngest {
  readonly #options: StreamIngestOptions;
  readonly #limits: IngestLimits;
  readonly #subscribers: Subscribers;
  readonly #wallClock: WallClock;
  readonly #pipeline: SamplePipeline;
  readonly #traffic = new TrafficWindow();
  #state: State = { kind: 'idle' };
  #tick: Disposable | undefined;
  /** The sockets of former connections, on their way out. */
  #closing: Promise<void> = Promise.resolve();
  /** Of former connections. */
  #formerBytes = 0;
  #failuresInARow = 0;
  #reconnects = 0;
  #hasStreamed = false;
  #outage: Outage | undefined;
  #startedMonotonicMs = 0;
  #tickedMonotonicMs = 0;
  /** The camera's format was supported before, and has not been refused since. */
  #wasSupported = false;
  /** How much the source in hand had rejected when media came last: more since then explains a silence. */
  #rejectedAtMedia = 0;
  #mediaSeenMonotonicMs: number | undefined;
  /** What subscribers were told last, so that they are told once for each reason. */
  #toldReason: Interruption['kind'] | undefined;

  constructor(options: StreamIngestOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_INGEST_LIMITS, ...options.limits };
    this.#subscribers = new Subscribers(options.log);
    this.#wallClock = new WallClock(options.clock);
    this.#pipeline = new SamplePipeline({
      originMonotonicMs: options.clock.monotonicMs(),
      wallClock: this.#wallClock,
      events: {
        onDescription: (description) => {
          this.#noteStreaming();
          this.#subscribers.onDescription(description);
        },
        onSample: (sample) => {
          this.#subscribers.onSample(sample);
        },
        onRestless: () => {
          options.log.warn(
            {},
            'The camera changes its video or its sound again and again; pictures are left out so that it does not begin a file each time. Look at its video settings.',
          );
        },
      },
    });
  }

  start(): void {
    if (this.#state.kind !== 'idle') return;
    this.#failuresInARow = 0;
    this.#startedMonotonicMs = this.#options.clock.monotonicMs();
    this.#tickedMonotonicMs = this.#startedMonotonicMs;
    this.#wallClock.set();
    this.#tick = this.#options.clock.every(TICK_MS, () => {
      this.#onTick();
    });
    this.#connect();
  }

  async stop(): Promise<void> {
    this.#tick?.[Symbol.dispose]();
    this.#tick = undefined;
    const state = this.#state;
    this.#state = { kind: 'idle' };
    this.#outage = undefined;
    if (state.kind === 'waiting') state.retry[Symbol.dispose]();
    if (state.kind === 'connecting' || state.kind === 'streaming') this.#release(state.source);
    if (state.kind !== 'idle') this.#tell({ kind: 'stopped', detail: 'The stream was stopped.' });
    await this.#closing;
  }

  reconnect(): void {
    const state = this.#state;
    if (state.kind === 'idle') return;
    this.#failuresInARow = 0;
    if (state.kind === 'waiting') {
      state.retry[Symbol.dispose]();
    } else {
      this.#release(state.source);
      this.#tell({ kind: 'closed-by-camera', detail: 'The stream moves to another source.' });
    }
    this.#connect();
  }

  subscribe(subscriber: StreamSubscriber): Disposable {
    this.#subscribers.add(subscriber);
    const { description } = this.#pipeline;
    if (this.#state.kind === 'streaming' && description !== undefined) {
      this.#subscribers.describeTo(subscriber, description);
    }
    return {
      [Symbol.dispose]: () => {
        this.#subscribers.remove(subscriber);
      },
    };
  }

  status(): IngestStatus {
    const { description, counters, lastVideoMonotonicMs } = this.#pipeline;
    const nowMs = this.#options.clock.monotonicMs();
    return {
      state: this.#publicState(),
      ...this.#traffic.ratesAt(this.#totals(nowMs)),
      ...(lastVideoMonotonicMs === undefined
        ? {}
        : { lastFrameAgeMs: Math.max(0, nowMs - lastVideoMonotonicMs) }),
      ...(description === undefined
        ? {}
        : {
            width: description.video.width,
            height: description.video.height,
            videoCodec: videoCodecString(description.video),
          }),
      ...(description?.audio === undefined ? {} : { audioCodec: audioCodecString(description.audio) }),
      framesReceived: counters.videoFrames,
      framesLost: counters.lost,
      reconnects: this.#reconnects,
    };
  }

  #publicState(): StreamState {
    const state = this.#state;
    if (state.kind === 'idle') return { kind: 'idle' };
    if (state.kind === 'streaming') return { kind: 'streaming', sinceUtcMs: state.sinceUtcMs };
    const outage = this.#outage;
    if (state.kind === 'connecting') {
      if (outage === undefined) return { kind: 'connecting', sinceUtcMs: state.sinceUtcMs };
      const { kind: reason, detail } = outage.interruption;
      const { sinceUtcMs } = outage;
      return { kind: 'connecting', sinceUtcMs: state.sinceUtcMs, outage: { sinceUtcMs, reason, detail } };
    }
    return {
      kind: 'waiting',
      reason: state.interruption.kind,
      detail: state.interruption.detail,
      sinceUtcMs: state.sinceUtcMs,
      ...(outage === undefined ? {} : { outageSinceUtcMs: outage.sinceUtcMs }),
      retryAtUtcMs: state.retryAtUtcMs,
    };
  }

  #connect(): void {
    const { openSource, clock } = this.#options;
    const source: MediaSource = openSource({
      pipeline: this.#pipeline,
      onEnded: (failure) => {
        this.#onEnded(source, failure);
      },
    });
    this.#rejectedAtMedia = 0;
    this.#mediaSeenMonotonicMs = undefined;
    this.#state = {
      kind: 'connecting',
      source,
      sinceMonotonicMs: clock.monotonicMs(),
      sinceUtcMs: clock.utcMs(),
    };
    void this.#startSource(source);
  }

  async #startSource(source: MediaSource): Promise<void> {
    try {
      // Cameras allow few sessions: the former one ends first.
      await this.#closing;
      if (this.#isCurrent(source)) await source.start();
    } catch (error) {
      this.#onEnded(source, error instanceof SourceFailure ? error : this.#unexpected(error));
    }
  }

  /** A mistake of ours: one camera pays for it, and it is tried again. */
  #unexpected(error: unknown): SourceFailure {
    this.#options.log.error({ error }, 'Could not connect to the camera because of an internal error.');
    return new SourceFailure('protocol', 'The connection failed because of an internal error; see the log.');
  }

  #isCurrent(source: MediaSource): boolean {
    const state = this.#state;
    return (state.kind === 'connecting' || state.kind === 'streaming') && state.source === source;
  }

  #noteStreaming(): void {
    const state = this.#state;
    if (state.kind !== 'connecting') return;
    const { clock, log } = this.#options;
    this.#state = {
      kind: 'streaming',
      source: state.source,
      sinceMonotonicMs: clock.monotonicMs(),
      sinceUtcMs: clock.utcMs(),
    };
    if (this.#hasStreamed) this.#reconnects += 1;
    this.#hasStreamed = true;
    this.#toldReason = undefined;
    this.#outage = undefined;
    log.info({ reconnects: this.#reconnects }, 'The stream is running.');
  }

  #onEnded(source: MediaSource, failure: SourceFailure): void {
    if (!this.#isCurrent(source)) return;
    const { clock, log, random = Math.random } = this.#options;
    const state = this.#state;
    const nowMs = clock.monotonicMs();
    const wasProven =
      state.kind === 'streaming' && nowMs - state.sinceMonotonicMs >= this.#limits.provenAfterMs;
    this.#failuresInARow = wasProven ? 1 : this.#failuresInARow + 1;
    this.#wasSupported ||= wasProven;
    const interruption = this.#explained(source, failure);
    this.#outage = { sinceUtcMs: this.#outage?.sinceUtcMs ?? this.#outageSinceUtcMs(), interruption };
    const isUnsupported = interruption.kind === 'unsupported';
    const delayMs = retryDelayMs(
      {
        kind: interruption.kind,
        failuresInARow: this.#failuresInARow,
        // A camera that has just booted describes its stream before it has one.
        mayPass: isUnsupported && this.#wasSupported,
      },
      this.#limits,
      random,
    );
    if (isUnsupported) this.#wasSupported = false;
    const sinceUtcMs = clock.utcMs();
    this.#state = {
      kind: 'waiting',
      interruption,
      sinceUtcMs,
      retryAtUtcMs: sinceUtcMs + delayMs,
      retry: clock.after(delayMs, () => {
        this.#connect();
      }),
    };
    this.#release(source, failure);
    log.warn({ reason: interruption.kind, retryInMs: delayMs }, interruption.detail);
    this.#tell(interruption);
  }

  /** A camera whose answers make no sense is not silent. */
  #explained(source: MediaSource, { kind, message }: SourceFailure): Interruption {
    this.#noteMedia(source);
    if (kind !== 'silent' || (source.rejected ?? 0) <= this.#rejectedAtMedia)
      return { kind, detail: message };
    return { kind: 'protocol', detail: `${message} What it sends instead makes no sense.` };
  }

  /** By the wall clock as it is now. */
  #outageSinceUtcMs(): number {
    const { clock } = this.#options;
    const lastPictureMs = this.#pipeline.lastVideoMonotonicMs ?? 0;
    return clock.utcMs() - clock.monotonicMs() + Math.max(this.#startedMonotonicMs, lastPictureMs);
  }

  #noteMedia(source: MediaSource): void {
    if (source.lastMediaMonotonicMs === this.#mediaSeenMonotonicMs) return;
    this.#mediaSeenMonotonicMs = source.lastMediaMonotonicMs;
    this.#rejectedAtMedia = source.rejected ?? 0;
  }

  #release(source: MediaSource, givenUpFor?: SourceFailure): void {
    this.#pipeline.endConnection();
    this.#formerBytes += source.receivedBytes;
    this.#closing = settleBoth(this.#closing, source.close(givenUpFor));
  }

  #tell(interruption: Interruption): void {
    if (this.#toldReason === interruption.kind) return;
    this.#toldReason = interruption.kind;
    this.#subscribers.onInterruption(interruption);
  }

  #totals(monotonicMs: number): { monotonicMs: number; bytes: number; frames: number } {
    const state = this.#state;
    const current =
      state.kind === 'connecting' || state.kind === 'streaming' ? state.source.receivedBytes : 0;
    return { monotonicMs, bytes: this.#formerBytes + current, frames: this.#pipeline.counters.videoFrames };
  }

  #onTick(): void {
    const { clock, log } = this.#options;
    const nowMs = clock.monotonicMs();
    const wasStill = nowMs - this.#tickedMonotonicMs > LATEST_TICK_MS;
    this.#tickedMonotonicMs = nowMs;
    this.#traffic.note(this.#totals(nowMs));
    const steppedMs = this.#wallClock.adjust();
    if (steppedMs !== 0)
      log.warn({ steppedMs }, 'The wall clock was set; the times of new pictures follow it.');
    const state = this.#state;
    if (state.kind !== 'connecting' && state.kind !== 'streaming') return;
    this.#noteMedia(state.source);
    // What the camera has sent meanwhile has yet to be read.
    if (wasStill) return;
    const failure = this.#overdue(state, nowMs);
    if (failure !== undefined) this.#onEnded(state.source, failure);
  }

  #overdue(
    state: Extract<State, { readonly source: MediaSource }>,
    nowMs: number,
  ): SourceFailure | undefined {
    const { setUpTimeoutMs, silenceTimeoutMs, pictureTimeoutMs } = this.#limits;
    const lastMediaMs = state.source.lastMediaMonotonicMs;
    if (lastMediaMs === undefined) {
      if (nowMs - state.sinceMonotonicMs < setUpTimeoutMs) return undefined;
      return new SourceFailure(
        'silent',
        `The camera did not start to play within ${setUpTimeoutMs / 1000} s.`,
      );
    }
    if (nowMs - lastMediaMs >= silenceTimeoutMs) {
      return new SourceFailure('silent', `The camera has sent no video for ${silenceTimeoutMs / 1000} s.`);
    }
    const lastPictureMs = Math.max(state.sinceMonotonicMs, this.#pipeline.lastVideoMonotonicMs ?? 0);
    if (nowMs - lastPictureMs < pictureTimeoutMs) return undefined;
    return new SourceFailure(
      'protocol',
      `The camera sends, but for ${pictureTimeoutMs / 1000} s no picture could be made of it.`,
    );
  }
}
