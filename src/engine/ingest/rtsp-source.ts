import { aacTrackFrom } from '../media/aac.ts';
import type { AacTrack } from '../media/sample.ts';
import type { SlabPool } from '../media/slab-pool.ts';
import {
  AacDepacketizer,
  aacPacketFormat,
  dialTcp,
  H264Depacketizer,
  RtpReceiver,
  RtspFailure,
  RtspSession,
  parseRtspAddress,
} from '../rtsp/index.ts';
import type {
  AacPacketFormat,
  Dial,
  MediaDescription,
  RtspCredentials,
  SessionDescription,
} from '../rtsp/index.ts';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import type { MediaSource, OpenSource, SourceSink } from './media-source.ts';

export interface RtspSourceLimits {
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly maxAccessUnitBytes: number;
}

export const DEFAULT_RTSP_SOURCE_LIMITS: RtspSourceLimits = {
  connectTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
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
  /** How connections are made; TCP unless a test says otherwise. */
  readonly connect?: Dial;
  readonly limits?: Partial<RtspSourceLimits>;
}

/** Pulls a stream from a camera: each attempt is one RTSP session. */
export function rtspSource(options: RtspSourceOptions): OpenSource {
  const limits = { ...DEFAULT_RTSP_SOURCE_LIMITS, ...options.limits };
  return (sink) => new RtspSource(options, limits, sink);
}

const H264_CLOCK_RATE = 90_000;

interface WantedAudio {
  readonly media: MediaDescription;
  readonly format: AacPacketFormat;
  readonly track: AacTrack;
  readonly clockRate: number;
}

/** One connection to a camera, whose pictures and sounds go into the pipeline. */
class RtspSource implements MediaSource {
  readonly #options: RtspSourceOptions;
  readonly #limits: RtspSourceLimits;
  readonly #sink: SourceSink;
  #session: RtspSession | undefined;
  #lastMediaMonotonicMs: number | undefined;
  readonly #depacketizers: { release(): void }[] = [];

  constructor(options: RtspSourceOptions, limits: RtspSourceLimits, sink: SourceSink) {
    this.#options = options;
    this.#limits = limits;
    this.#sink = sink;
  }

  get receivedBytes(): number {
    return this.#session?.receivedBytes ?? 0;
  }

  /** When the last packet of video came, and when play began before the first; undefined before that. */
  get lastMediaMonotonicMs(): number | undefined {
    return this.#lastMediaMonotonicMs;
  }

  /** Resolves when the camera plays; rejects with an RtspFailure. */
  async start(): Promise<void> {
    const { url, credentials, clock, log, connect = dialTcp } = this.#options;
    const { pipeline } = this.#sink;
    const session = new RtspSession({
      address: parseRtspAddress(url),
      credentials,
      clock,
      log,
      dial: connect,
      connectTimeoutMs: this.#limits.connectTimeoutMs,
      requestTimeoutMs: this.#limits.requestTimeoutMs,
      onEnded: (failure) => {
        this.#sink.onEnded(failure);
      },
    });
    this.#session = session;
    await session.open();
    const description = await session.describe();
    const video = videoOf(description);
    const audio = audioOf(description);
    pipeline.beginConnection({
      videoClockRate: video.clockRate ?? H264_CLOCK_RATE,
      audio: audio?.track,
      audioClockRate: audio?.clockRate ?? 1,
    });
    await session.setUp(video, this.#videoReceiver(video));
    if (audio !== undefined) await this.#setUpAudio(session, audio);
    await session.play();
    this.#lastMediaMonotonicMs ??= clock.monotonicMs();
  }

  async close(): Promise<void> {
    await this.#session?.close();
    for (const depacketizer of this.#depacketizers.splice(0)) depacketizer.release();
  }

  /** A refused audio track costs no picture. */
  async #setUpAudio(session: RtspSession, audio: WantedAudio): Promise<void> {
    const { log } = this.#options;
    try {
      await session.setUp(audio.media, this.#audioReceiver(audio));
    } catch (error) {
      const isRefused =
        error instanceof RtspFailure && (error.kind === 'protocol' || error.kind === 'unsupported');
      if (!isRefused) throw error;
      log.warn({ detail: error.message }, 'The camera does not give its audio; the video goes on without.');
      this.#sink.pipeline.dropAudio();
    }
  }

  #videoReceiver(media: MediaDescription): RtpReceiver {
    const { pipeline } = this.#sink;
    const depacketizer = new H264Depacketizer({
      slabPool: this.#options.slabPool,
      maxAccessUnitBytes: this.#limits.maxAccessUnitBytes,
      events: {
        onAccessUnit: (unit) => {
          pipeline.takeVideo(unit);
        },
        onDamage: (count) => {
          pipeline.takeVideoDamage(count);
        },
      },
    });
    this.#depacketizers.push(depacketizer);
    depacketizer.offerParameterSets(media.parameters.get('sprop-parameter-sets') ?? '');
    return new RtpReceiver({
      payloadType: media.payloadType,
      onPacket: (packet) => {
        this.#lastMediaMonotonicMs = packet.arrivalMonotonicMs;
        depacketizer.push(packet);
      },
    });
  }

  #audioReceiver({ media, format, track }: WantedAudio): RtpReceiver {
    const { pipeline } = this.#sink;
    const depacketizer = new AacDepacketizer({
      slabPool: this.#options.slabPool,
      format,
      samplesPerFrame: track.samplesPerFrame,
      events: {
        onFrame: (frame) => {
          pipeline.takeAudio(frame);
        },
        onDamage: (count) => {
          pipeline.takeAudioDamage(count);
        },
      },
    });
    this.#depacketizers.push(depacketizer);
    return new RtpReceiver({
      payloadType: media.payloadType,
      onPacket: (packet) => {
        depacketizer.push(packet);
      },
    });
  }
}

function videoOf({ media }: SessionDescription): MediaDescription {
  const videos = media.filter(({ type }) => type === 'video');
  const video = videos.find(({ encoding }) => encoding === 'H264');
  if (video !== undefined) return video;
  const names = videos.map(({ encoding }) => encoding ?? 'something unknown').join(', ');
  throw new RtspFailure(
    'unsupported',
    videos.length === 0
      ? 'The camera offers no video at this address.'
      : `The camera offers ${names}. Only H.264 is supported: choose it in the camera's settings.`,
  );
}

/** Audio of another kind is left out: the pictures matter more. A track towards the camera (`sendonly`) is no microphone. */
function audioOf({ media }: SessionDescription): WantedAudio | undefined {
  for (const candidate of media) {
    const { type, encoding, direction, parameters, clockRate } = candidate;
    if (type !== 'audio' || encoding !== 'MPEG4-GENERIC' || direction === 'sendonly') continue;
    const track = aacTrackFrom(Buffer.from(parameters.get('config') ?? '', 'hex'));
    const format = aacPacketFormat(candidate);
    if (track === undefined || format === undefined) continue;
    return { media: candidate, format, track, clockRate: clockRate ?? track.sampleRate };
  }
  return undefined;
}
