import type { SlabPool } from '../media/slab-pool.ts';
import { dialTcp, keyPlace, RtpReceiver, RtspFailure, RtspSession, parseRtspAddress } from '../rtsp/index.ts';
import type { Dial, KnownKeys, MediaDescription, RtspCredentials } from '../rtsp/index.ts';
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
  return (sink) => new RtspSource(options, limits, sink);
}

/** One connection to a camera, whose pictures and sounds go into the pipeline. */
class RtspSource implements MediaSource {
  readonly #options: RtspSourceOptions;
  readonly #limits: RtspSourceLimits;
  readonly #sink: SourceSink;
  #session: RtspSession | undefined;
  #video: RtpReceiver | undefined;
  #playingSinceMonotonicMs: number | undefined;
  readonly #depacketizers: Depacketizer[] = [];

  constructor(options: RtspSourceOptions, limits: RtspSourceLimits, sink: SourceSink) {
    this.#options = options;
    this.#limits = limits;
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
    const audio: AudioChoice = overrides.audio ? wantedAudio(description) : { kind: 'none' };
    const metadata = overrides.metadata ? wantedMetadata(description) : undefined;
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

  async #setUpAudio(session: RtspSession, audio: WantedAudio): Promise<void> {
    if (await this.#isGiven(session, audio.media, this.#audioReceiver(audio))) return;
    this.#sink.pipeline.dropAudio(
      'The camera offers sound but refuses to send it. Look at its audio settings and the rights of its user.',
    );
  }

  async #setUpMetadata(session: RtspSession, metadata: WantedMetadata): Promise<void> {
    if (await this.#isGiven(session, metadata.media, this.#metadataReceiver(metadata))) return;
    this.#sink.pipeline.dropMetadata();
  }

  /** A refused track besides video costs no picture. */
  async #isGiven(session: RtspSession, media: MediaDescription, receiver: RtpReceiver): Promise<boolean> {
    try {
      await session.setUp(media, receiver);
      return true;
    } catch (error) {
      const isRefused =
        error instanceof RtspFailure && (error.kind === 'protocol' || error.kind === 'unsupported');
      if (!isRefused) throw error;
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
