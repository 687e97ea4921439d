import type { Clock } from '../../shared/domain/clock.ts';
import { DEFAULT_STREAM_OVERRIDES } from '../../shared/engine-api/index.ts';
import type { StreamOverrides } from '../../shared/engine-api/index.ts';
import { FLV_CLOCK_RATE } from '../media/flv/index.ts';
import type { FlvAudioFrame, FlvSound, FlvVideoUnit } from '../media/flv/index.ts';
import { SourceFailure } from '../media/source-failure.ts';
import type { PublishPoints, PushedMedia, PushTaker } from '../rtmp/index.ts';
import type { MediaSource, OpenSource, SourceSink } from './media-source.ts';
import type { IngestLimits } from './stream-ingest.ts';

export interface RtmpPushSourceOptions {
  readonly points: PublishPoints;
  /** Under which the camera pushes. */
  readonly name: string;
  /** What the camera needs to be done otherwise. */
  readonly overrides?: Pick<StreamOverrides, 'audio' | 'clock'> | undefined;
  readonly clock: Clock;
}

/** Waiting to be called costs nothing and can begin anew at once: it is the camera that has to be patient. */
export const PUSH_INGEST_LIMITS: Partial<IngestLimits> = {
  setUpTimeoutMs: Number.POSITIVE_INFINITY,
  firstDelayMs: 20,
  longestDelayMs: 500,
  firstHopelessDelayMs: 20,
  longestHopelessDelayMs: 500,
};

/** Waits for a camera to push a stream; never dials. */
export function rtmpPushSource(options: RtmpPushSourceOptions): OpenSource {
  return (sink) => new RtmpPushSource(options, sink);
}

/** While nobody pushes, this is said again and again. */
const LONGEST_PATIENCE_MS = 20_000;
/** How long pictures wait for sound that the camera has announced, so that the stream does not begin without. */
const AWAIT_SOUND_MS = 1_000;
const MOST_AWAITING = 64;

/**
 * What one camera pushes, until it stops. When the camera connects anew before its former connection is known to be dead,
 * the stream goes on with the new one.
 */
class RtmpPushSource implements MediaSource, PushTaker {
  readonly #options: RtmpPushSourceOptions;
  readonly #overrides: Pick<StreamOverrides, 'audio' | 'clock'>;
  readonly #sink: SourceSink;
  readonly #started = Promise.withResolvers<void>();
  #attachment: Disposable | undefined;
  #patience: Disposable | undefined;
  #media: PushedMedia | undefined;
  /** Of the present connection, from before it was ours; of former ones, everything. */
  #bytesBefore = 0;
  #formerBytes = 0;
  #lastMediaMonotonicMs: number | undefined;
  /** The pipeline knows the tracks of the present connection. */
  #isBegun = false;
  #awaiting: FlvVideoUnit[] = [];

  constructor(options: RtmpPushSourceOptions, sink: SourceSink) {
    this.#options = options;
    this.#overrides = options.overrides ?? DEFAULT_STREAM_OVERRIDES;
    this.#sink = sink;
  }

  get receivedBytes(): number {
    return this.#formerBytes + (this.#media?.receivedBytes ?? 0) - this.#bytesBefore;
  }

  get lastMediaMonotonicMs(): number | undefined {
    return this.#lastMediaMonotonicMs;
  }

  /** Resolves with the first picture. Rejects now and then while nobody pushes, so that it is known why there is none. */
  start(): Promise<void> {
    const { points, name } = this.#options;
    this.#waitPatiently();
    this.#attachment = points.attach(name, this);
    return this.#started.promise;
  }

  close(givenUpFor?: SourceFailure): Promise<void> {
    this.#patience?.[Symbol.dispose]();
    this.#attachment?.[Symbol.dispose]();
    this.#attachment = undefined;
    const media = this.#media;
    this.#forget();
    // A connection that brings no pictures would bring none to the next attempt either: cut off, the camera begins anew.
    if (givenUpFor !== undefined) media?.close(givenUpFor.message, givenUpFor.kind);
    this.#started.reject(new SourceFailure('stopped', 'The stream was stopped.'));
    // Nobody waits for it where the start was over.
    this.#started.promise.catch(() => undefined);
    return Promise.resolve();
  }

  onPublisher(media: PushedMedia): void {
    this.#forget();
    this.#media = media;
    this.#bytesBefore = media.receivedBytes;
    // A connection that has just begun is not to blame for the silence before it.
    if (this.#lastMediaMonotonicMs === undefined) this.#waitPatiently();
    else this.#lastMediaMonotonicMs = this.#options.clock.monotonicMs();
  }

  onPublisherGone(failure: SourceFailure): void {
    this.#forget();
    if (this.#lastMediaMonotonicMs === undefined) this.#started.reject(failure);
    else this.#sink.onEnded(failure);
  }

  onVideo(unit: FlvVideoUnit): void {
    if (this.#lastMediaMonotonicMs === undefined) this.#noteStart();
    this.#lastMediaMonotonicMs = unit.arrivalMonotonicMs;
    if (!this.#isBegun) {
      if (this.#mustAwaitSound(unit)) {
        unit.memory.retain();
        this.#awaiting.push(unit);
        return;
      }
      this.#begin();
    }
    this.#sink.pipeline.takeVideo(unit);
    if (unit.isSync) this.#reportClock(unit);
  }

  onAudio(frame: FlvAudioFrame): void {
    if (this.#isBegun && this.#overrides.audio) this.#sink.pipeline.takeAudio(frame);
  }

  /** Sound that comes or changes later makes a new description with the next sync picture, and costs no picture. */
  onSound(sound: FlvSound): void {
    if (!this.#overrides.audio) return;
    if (!this.#isBegun) {
      if (this.#awaiting.length > 0) this.#begin();
    } else if (sound.kind === 'track') this.#sink.pipeline.changeAudio(sound.track);
    else if (sound.kind === 'ignored') this.#sink.pipeline.dropAudio(sound.reason);
  }

  onVideoDamage(count: number): void {
    this.#sink.pipeline.takeVideoDamage(count);
  }

  onAudioDamage(count: number): void {
    this.#sink.pipeline.takeAudioDamage(count);
  }

  /** One clock stamps sound and pictures: so much is known of it as sender reports say where there are several. */
  #reportClock({ timestamp, arrivalMonotonicMs }: FlvVideoUnit): void {
    if (!this.#overrides.audio || this.#media?.sound.kind !== 'track') return;
    const cameraMs = (timestamp * 1_000) / FLV_CLOCK_RATE;
    const report = { ntpUtcMs: cameraMs, rtpTimestamp: timestamp, arrivalMonotonicMs };
    this.#sink.pipeline.takeSenderReport('video', report);
    this.#sink.pipeline.takeSenderReport('audio', report);
  }

  #waitPatiently(): void {
    this.#patience?.[Symbol.dispose]();
    this.#patience = this.#options.clock.after(LONGEST_PATIENCE_MS, () => {
      this.#started.reject(this.#whyNothingComes());
    });
  }

  #whyNothingComes(): SourceFailure {
    const { points, name } = this.#options;
    if (this.#media !== undefined) {
      return new SourceFailure(
        'silent',
        `The camera pushes to ${name}, but no pictures. Check its video settings.`,
      );
    }
    return points.has(name)
      ? new SourceFailure('silent', `The camera does not push to ${name}. The engine waits for it.`)
      : new SourceFailure(
          'refused-credentials',
          `Nobody may push to ${name}: the camera has no stream key. Set one.`,
        );
  }

  #noteStart(): void {
    this.#patience?.[Symbol.dispose]();
    this.#started.resolve();
  }

  #mustAwaitSound(unit: FlvVideoUnit): boolean {
    if (!this.#overrides.audio) return false;
    if (this.#media?.announcesAudio !== true || this.#media.sound.kind !== 'unknown') return false;
    const [first = unit] = this.#awaiting;
    return (
      this.#awaiting.length < MOST_AWAITING &&
      unit.arrivalMonotonicMs - first.arrivalMonotonicMs < AWAIT_SOUND_MS
    );
  }

  #begin(): void {
    const { pipeline } = this.#sink;
    this.#isBegun = true;
    pipeline.beginConnection({
      videoClockRate: FLV_CLOCK_RATE,
      audioClockRate: FLV_CLOCK_RATE,
      clock: this.#overrides.clock,
      ...soundOf(this.#overrides.audio ? (this.#media?.sound ?? NO_SOUND) : NO_SOUND),
    });
    const awaiting = this.#awaiting;
    this.#awaiting = [];
    for (const unit of awaiting) {
      pipeline.takeVideo(unit);
      unit.memory.release();
    }
  }

  /** The connection is not ours any more. */
  #forget(): void {
    this.#formerBytes = this.receivedBytes;
    this.#bytesBefore = 0;
    this.#media = undefined;
    this.#isBegun = false;
    for (const unit of this.#awaiting.splice(0)) unit.memory.release();
  }
}

const NO_SOUND: FlvSound = { kind: 'unknown' };

function soundOf(sound: FlvSound): {
  readonly audio: Extract<FlvSound, { kind: 'track' }>['track'] | undefined;
  readonly audioIgnored?: string;
} {
  switch (sound.kind) {
    case 'track':
      return { audio: sound.track };
    case 'ignored':
      return { audio: undefined, audioIgnored: sound.reason };
    case 'unknown':
      return { audio: undefined };
  }
}
