import { aacTrackFrom } from '../media/aac.ts';
import type { AacTrack } from '../media/sample.ts';
import type { SlabPool } from '../media/slab-pool.ts';
import {
  AacDepacketizer,
  aacPacketFormat,
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
import type { SamplePipeline } from './sample-pipeline.ts';

export interface RtspSourceOptions {
  readonly url: string;
  readonly credentials: RtspCredentials | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly dial: Dial;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly maxAccessUnitBytes: number;
  readonly slabPool: SlabPool;
  readonly pipeline: SamplePipeline;
  readonly onEnded: (failure: RtspFailure) => void;
}

const H264_CLOCK_RATE = 90_000;

interface WantedAudio {
  readonly media: MediaDescription;
  readonly format: AacPacketFormat;
  readonly track: AacTrack;
  readonly clockRate: number;
}

/** One connection to a camera, whose pictures and sounds go into the pipeline. */
export class RtspSource {
  readonly #options: RtspSourceOptions;
  #session: RtspSession | undefined;
  #lastMediaMonotonicMs: number | undefined;
  readonly #depacketizers: { release(): void }[] = [];

  constructor(options: RtspSourceOptions) {
    this.#options = options;
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
    const { url, pipeline, clock } = this.#options;
    const session = new RtspSession({ ...this.#options, address: parseRtspAddress(url) });
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
    const { log, pipeline } = this.#options;
    try {
      await session.setUp(audio.media, this.#audioReceiver(audio));
    } catch (error) {
      const isRefused =
        error instanceof RtspFailure && (error.kind === 'protocol' || error.kind === 'unsupported');
      if (!isRefused) throw error;
      log.warn({ detail: error.message }, 'The camera does not give its audio; the video goes on without.');
      pipeline.dropAudio();
    }
  }

  #videoReceiver(media: MediaDescription): RtpReceiver {
    const { pipeline, maxAccessUnitBytes, slabPool } = this.#options;
    const depacketizer = new H264Depacketizer({
      slabPool,
      maxAccessUnitBytes,
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
    const { pipeline, slabPool } = this.#options;
    const depacketizer = new AacDepacketizer({
      slabPool,
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
