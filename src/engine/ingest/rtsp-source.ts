import type { SlabPool } from '../media/slab-pool.ts';
import { dialTcp, keyPlace, RtpReceiver, RtspFailure, RtspSession, parseRtspAddress } from '../rtsp/index.ts';
import type {
  Dial,
  KnownKeys,
  MediaDescription,
  RtspCredentials,
  SessionDescription,
} from '../rtsp/index.ts';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { DEFAULT_STREAM_OVERRIDES } from '../../shared/engine-api/index.ts';
import type { StreamOverrides } from '../../shared/engine-api/index.ts';
import type { MediaSource, OpenSource, SourceSink } from './media-source.ts';
import { wantedAudio, wantedMetadata, wantedVideo } from './rtsp-tracks.ts';
import type { PipelineTracks } from './sample-pipeline.ts';
import type { AudioChoice, Depacketizer, WantedAudio, WantedMetadata, WantedVideo } from './rtsp-tracks.ts';

export interface RtspSourceLimits {
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly maxAccessUnitBytes: number;
}

export const DEFAULT_RTSP_SOURCE_LIMITS: RtspSourceLimits = {
  connectTimeoutMs: 5_000,
  requestTimeoutMs: 5_000,
  maxAccessUnitBytes: 4 * 1024 * 1024,
};

export interface RtspSourceOptions {
  /** `rtsp://host[:port]/path`, without user information. */
  readonly url: string;
  readonly credentials?: RtspCredentials | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Where the memory of the samples comes from; one for all streams. */
  readonly slabPool: SlabPool;
  /** What the camera needs to be done otherwise. */
  readonly overrides?: StreamOverrides | undefined;
  /** The keys of cameras over TLS. Without it any key is trusted. */
  readonly knownKeys?: KnownKeys | undefined;
  /** How connections are made; TCP unless a test says otherwise. */
  readonly connect?: Dial;
  readonly limits?: Partial<RtspSourceLimits>;
}

/** Pulls a stream from a camera: each attempt is one RTSP session. */
export function rtspSource(options: RtspSourceOptions): OpenSource {
  const limits = { ...DEFAULT_RTSP_SOURCE_LIMITS, ...options.limits };
  const deafness = new TrackDeafness();
  return (sink) => new RtspSource({ options, limits, deafness, sink });
}

/** Tracks besides video. */
type SideTrack = 'audio' | 'metadata';

/** Once may be a camera that went away at that moment. */
const DEAF_AFTER = 2;

/**
 * Cameras that hang up, or say nothing more, when they are asked for a track which they offer: after two attempts that ended
 * so, the next one leaves the track out. The one after that asks again.
 */
class TrackDeafness {
  readonly #endings: Record<SideTrack, number> = { audio: 0, metadata: 0 };

  /** For the attempt that begins now. */
  leavesOut(track: SideTrack): boolean {
    if (this.#endings[track] < DEAF_AFTER) return false;
    this.#endings[track] = DEAF_AFTER - 1;
    return true;
  }

  noteEnding(track: SideTrack): void {
    this.#endings[track] += 1;
  }

  noteAnswer(track: SideTrack): void {
    this.#endings[track] = 0;
  }
}

/** Of the SETUP of a track besides video: the session goes on without it. */
const REFUSALS: ReadonlySet<RtspFailure['kind']> = new Set([
  'protocol',
  'unsupported',
  'refused-credentials',
]);
/** Of such a SETUP: it is how the session ends. */
const ENDINGS: ReadonlySet<RtspFailure['kind']> = new Set(['silent', 'closed-by-camera']);

/** One connection to a camera, whose pictures and sounds go into the pipeline. */
class RtspSource implements MediaSource {
  readonly #options: RtspSourceOptions;
  readonly #limits: RtspSourceLimits;
  readonly #deafness: TrackDeafness;
  readonly #sink: SourceSink;
  #session: RtspSession | undefined;
  #video: RtpReceiver | undefined;
  #playingSinceMonotonicMs: number | undefined;
  readonly #depacketizers: Depacketizer[] = [];

  constructor({
    options,
    limits,
    deafness,
    sink,
  }: {
    readonly options: RtspSourceOptions;
    readonly limits: RtspSourceLimits;
    readonly deafness: TrackDeafness;
    readonly sink: SourceSink;
  }) {
    this.#options = options;
    this.#limits = limits;
    this.#deafness = deafness;
    this.#sink = sink;
  }

  get receivedBytes(): number {
    return this.#session?.receivedBytes ?? 0;
  }

  get rejected(): number {
    return (this.#session?.skippedBytes ?? 0) + (this.#video?.counters.ignored ?? 0);
  }

  /** When the last packet of video came, and when play began before the first; undefined before that. */
  get lastMediaMonotonicMs(): number | undefined {
    return this.#video?.lastPacketMonotonicMs ?? this.#playingSinceMonotonicMs;
  }

  /** Resolves when the camera plays; rejects with an RtspFailure. */
  async start(): Promise<void> {
    const { url, credentials, clock, log, knownKeys, connect = dialTcp } = this.#options;
    const place = keyPlace(url) ?? url;
    const overrides = this.#options.overrides ?? DEFAULT_STREAM_OVERRIDES;
    const { pipeline } = this.#sink;
    const session = new RtspSession({
      address: parseRtspAddress(url),
      credentials,
      clock,
      log,
      dial: connect,
      transport: overrides.transport,
      keepalive: overrides.keepalive,
      redirectCredentials: overrides.redirectCredentials,
      pinnedKey: knownKeys?.find(place),
      onKeySeen: (publicKeyPin) => {
        knownKeys?.learn(place, publicKeyPin);
      },
      connectTimeoutMs: this.#limits.connectTimeoutMs,
      requestTimeoutMs: this.#limits.requestTimeoutMs,
      onEnded: (failure) => {
        this.#sink.onEnded(failure);
      },
    });
    this.#session = session;
    await session.open();
    const description = await session.describe();
    const video = wantedVideo(description);
    const audio: AudioChoice = overrides.audio ? this.#answeredAudio(description) : { kind: 'none' };
    const metadata = overrides.metadata ? this.#answeredMetadata(description) : undefined;
    pipeline.beginConnection({
      videoClockRate: video.clockRate,
      ...audioTracks(audio),
      ...(metadata === undefined ? {} : { metadata }),
      clock: overrides.clock,
    });
    this.#video = this.#videoReceiver(video);
    await session.setUp(video.media, this.#video);
    if (audio.kind === 'wanted') await this.#setUpAudio(session, audio.audio);
    if (metadata !== undefined) await this.#setUpMetadata(session, metadata);
    await session.play();
    this.#playingSinceMonotonicMs = clock.monotonicMs();
  }

  async close(): Promise<void> {
    await this.#session?.close();
    for (const depacketizer of this.#depacketizers.splice(0)) depacketizer.release();
  }

  #answeredAudio(description: SessionDescription): AudioChoice {
    const choice = wantedAudio(description);
    if (choice.kind !== 'wanted' || !this.#deafness.leavesOut('audio')) return choice;
    return {
      kind: 'ignored',
      reason:
        'The camera offers sound but ends the connection, or says nothing more, when it is asked for it. Look at its audio settings, or switch its sound off.',
    };
  }

  #answeredMetadata(description: SessionDescription): WantedMetadata | undefined {
    const metadata = wantedMetadata(description);
    return metadata !== undefined && this.#deafness.leavesOut('metadata') ? undefined : metadata;
  }

  async #setUpAudio(session: RtspSession, audio: WantedAudio): Promise<void> {
    const { media } = audio;
    if (await this.#isGiven(session, { track: 'audio', media, receiver: this.#audioReceiver(audio) })) return;
    this.#sink.pipeline.dropAudio(
      'The camera offers sound but refuses to send it. Look at its audio settings and the rights of its user.',
    );
  }

  async #setUpMetadata(session: RtspSession, metadata: WantedMetadata): Promise<void> {
    const { media } = metadata;
    const receiver = this.#metadataReceiver(metadata);
    if (await this.#isGiven(session, { track: 'metadata', media, receiver })) return;
    this.#sink.pipeline.dropMetadata();
  }

  /** A refused track besides video costs no picture: the camera has let this user see that. */
  async #isGiven(
    session: RtspSession,
    asked: { readonly track: SideTrack; readonly media: MediaDescription; readonly receiver: RtpReceiver },
  ): Promise<boolean> {
    const { track, media, receiver } = asked;
    try {
      await session.setUp(media, receiver);
      this.#deafness.noteAnswer(track);
      return true;
    } catch (error) {
      if (!(error instanceof RtspFailure)) throw error;
      if (ENDINGS.has(error.kind)) this.#deafness.noteEnding(track);
      if (!REFUSALS.has(error.kind)) throw error;
      this.#deafness.noteAnswer(track);
      const { log } = this.#options;
      log.warn(
        { detail: error.message, track: media.type },
        'The camera does not give a track; the video goes on without.',
      );
      return false;
    }
  }

  #videoReceiver(video: WantedVideo): RtpReceiver {
    const { pipeline } = this.#sink;
    const depacketizer = video.open({
      slabPool: this.#options.slabPool,
      maxAccessUnitBytes: this.#limits.maxAccessUnitBytes,
      events: {
        onAccessUnit: (unit) => {
          pipeline.takeVideo(unit);
        },
        onDamage: (count) => {
          pipeline.takeVideoDamage(count);
        },
        onUnsupported: (detail) => {
          this.#sink.onEnded(new RtspFailure('unsupported', detail));
        },
      },
    });
    this.#depacketizers.push(depacketizer);
    return new RtpReceiver({
      payloadType: video.media.payloadType,
      clockRate: video.clockRate,
      onPacket: (packet) => {
        depacketizer.push(packet);
      },
      onSenderReport: (report) => {
        pipeline.takeSenderReport('video', report);
      },
    });
  }

  #audioReceiver(audio: WantedAudio): RtpReceiver {
    const { pipeline } = this.#sink;
    return this.#receiver(
      { ...audio, track: 'audio' },
      audio.open({
        slabPool: this.#options.slabPool,
        events: {
          onUnit: (unit) => {
            pipeline.takeAudio(unit);
          },
          onDamage: (count) => {
            pipeline.takeAudioDamage(count);
          },
          onTrack: (track) => {
            pipeline.changeAudio(track);
          },
        },
      }),
    );
  }

  #metadataReceiver(metadata: WantedMetadata): RtpReceiver {
    const { pipeline } = this.#sink;
    return this.#receiver(
      { ...metadata, track: 'metadata' },
      metadata.open({
        slabPool: this.#options.slabPool,
        events: {
          onUnit: (unit) => {
            pipeline.takeMetadata(unit);
          },
          onDamage: (count) => {
            pipeline.takeMetadataDamage(count);
          },
        },
      }),
    );
  }

  #receiver(
    { media, clockRate, track }: { media: MediaDescription; clockRate: number; track: 'audio' | 'metadata' },
    depacketizer: Depacketizer,
  ): RtpReceiver {
    this.#depacketizers.push(depacketizer);
    return new RtpReceiver({
      payloadType: media.payloadType,
      clockRate,
      onPacket: (packet) => {
        depacketizer.push(packet);
      },
      onSenderReport: (report) => {
        this.#sink.pipeline.takeSenderReport(track, report);
      },
    });
  }
}

function audioTracks(choice: AudioChoice): Pick<PipelineTracks, 'audio' | 'audioClockRate' | 'audioIgnored'> {
  switch (choice.kind) {
    case 'wanted':
      return { audio: choice.audio.track, audioClockRate: choice.audio.clockRate };
    case 'ignored':
      return { audio: undefined, audioClockRate: 1, audioIgnored: choice.reason };
    case 'none':
      return { audio: undefined, audioClockRate: 1 };
  }
}
