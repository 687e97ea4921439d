import type { Clock } from '../../shared/domain/clock.ts';
import type { CameraId, StreamName } from '../../shared/engine-api/index.ts';
import type { StreamDirectory } from '../camera/index.ts';
import type { VideoTrack } from '../media/sample.ts';
import { runFfmpeg, toAnnexB } from '../transcode/index.ts';
import type { FfmpegOutcome } from '../transcode/index.ts';
import { newestKeyframe } from './keyframe.ts';
import { Turns } from './turns.ts';

export type SnapshotOutcome =
  | { readonly kind: 'jpeg'; readonly bytes: Uint8Array }
  | { readonly kind: 'no-ffmpeg' }
  | { readonly kind: 'unknown-stream' }
  /** The camera sends nothing, or there is no footage of that moment. */
  | { readonly kind: 'no-picture' }
  | { readonly kind: 'too-many' }
  | { readonly kind: 'failed'; readonly detail: string };

/** A recorded file and where in it the moment lies. */
export interface RecordedMoment {
  readonly path: string;
  readonly offsetMs: number;
}

export interface SnapshotLimits {
  /** Conversions at a time. */
  readonly concurrent: number;
  /** Pictures asked for, being made and kept, at a time. */
  readonly maximumPictures: number;
  readonly pictureTimeoutMs: number;
  readonly conversionTimeoutMs: number;
  readonly maximumBytes: number;
  /** Whoever asks again within this gets the same picture. */
  readonly keptMs: number;
}

export const defaultSnapshotLimits: SnapshotLimits = {
  concurrent: 2,
  maximumPictures: 32,
  pictureTimeoutMs: 8_000,
  conversionTimeoutMs: 10_000,
  maximumBytes: 4 * 1024 ** 2,
  keptMs: 1_000,
};

interface SnapshotServiceOptions {
  /** The system's ffmpeg, where there is one. */
  readonly ffmpeg: string | undefined;
  readonly directory: StreamDirectory;
  /** Undefined where there is no footage. */
  readonly findFootage: (cameraId: CameraId, atUtcMs: number) => Promise<RecordedMoment | undefined>;
  readonly clock: Clock;
  readonly limits?: Partial<SnapshotLimits>;
}

const jpegOutput = ['-frames:v', '1', '-q:v', '4', '-f', 'mjpeg', 'pipe:1'] as const;

/** What ffmpeg calls elementary streams. */
const rawFormats: Record<VideoTrack['codec'], string> = { h264: 'h264', h265: 'hevc' };

/** Makes JPEG pictures of streams and footage: few at a time, each by an ffmpeg of its own. */
export class SnapshotService {
  readonly #options: SnapshotServiceOptions;
  readonly #limits: SnapshotLimits;
  /** Being made, or made less than `keptMs` ago. */
  readonly #kept = new Map<string, Promise<SnapshotOutcome>>();
  readonly #turns: Turns;

  constructor(options: SnapshotServiceOptions) {
    this.#options = options;
    this.#limits = { ...defaultSnapshotLimits, ...options.limits };
    this.#turns = new Turns(this.#limits.concurrent);
  }

  /** The newest picture of a stream where decoding can begin. */
  live(cameraId: CameraId, streamName: StreamName): Promise<SnapshotOutcome> {
    const { ffmpeg } = this.#options;
    if (ffmpeg === undefined) return Promise.resolve({ kind: 'no-ffmpeg' });
    return this.#once(`${cameraId}/${streamName}`, () => this.#fromStream(ffmpeg, { cameraId, streamName }));
  }

  /** The recorded picture of a moment, or the last one before it where decoding can begin. */
  recorded(cameraId: CameraId, atUtcMs: number): Promise<SnapshotOutcome> {
    const { ffmpeg } = this.#options;
    if (ffmpeg === undefined) return Promise.resolve({ kind: 'no-ffmpeg' });
    return this.#once(`${cameraId}@${atUtcMs}`, () => this.#fromFootage(ffmpeg, { cameraId, atUtcMs }));
  }

  async #fromStream(
    ffmpeg: string,
    { cameraId, streamName }: { readonly cameraId: CameraId; readonly streamName: StreamName },
  ): Promise<SnapshotOutcome> {
    const { directory, clock } = this.#options;
    const stream = directory.find(cameraId, streamName);
    if (stream === undefined) return { kind: 'unknown-stream' };
    const keyframe = await newestKeyframe(stream, clock, this.#limits.pictureTimeoutMs);
    if (keyframe === undefined) return { kind: 'no-picture' };
    const { track, data } = keyframe;
    const format = rawFormats[track.codec];
    return this.#convert(ffmpeg, {
      args: ['-protocol_whitelist', 'pipe', '-f', format, '-i', 'pipe:0', ...jpegOutput],
      input: toAnnexB(track, data),
    });
  }

  async #fromFootage(
    ffmpeg: string,
    { cameraId, atUtcMs }: { readonly cameraId: CameraId; readonly atUtcMs: number },
  ): Promise<SnapshotOutcome> {
    const moment = await this.#options.findFootage(cameraId, atUtcMs);
    if (moment === undefined) return { kind: 'no-picture' };
    const seek = ['-noaccurate_seek', '-ss', (moment.offsetMs / 1_000).toFixed(3)];
    return this.#convert(ffmpeg, {
      args: ['-protocol_whitelist', 'file,pipe', ...seek, '-f', 'mp4', '-i', moment.path, ...jpegOutput],
      input: new Uint8Array(),
    });
  }

  async #convert(
    program: string,
    { args, input }: { readonly args: readonly string[]; readonly input: Uint8Array },
  ): Promise<SnapshotOutcome> {
    const { conversionTimeoutMs: timeoutMs, maximumBytes: maximumOutputBytes } = this.#limits;
    const run = { program, args, input, timeoutMs, maximumOutputBytes };
    return outcomeOf(await this.#turns.run(() => runFfmpeg(run, this.#options.clock)));
  }

  /** Made once for all who ask at the same time or a moment later. */
  #once(key: string, make: () => Promise<SnapshotOutcome>): Promise<SnapshotOutcome> {
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    if (this.#kept.size >= this.#limits.maximumPictures) return Promise.resolve({ kind: 'too-many' });
    const made = make();
    this.#kept.set(key, made);
    const forget = (): void => {
      this.#options.clock.after(this.#limits.keptMs, () => this.#kept.delete(key));
    };
    made.then(forget, forget);
    return made;
  }
}

function outcomeOf(outcome: FfmpegOutcome): SnapshotOutcome {
  switch (outcome.kind) {
    case 'done':
      return { kind: 'jpeg', bytes: outcome.output };
    case 'failed':
      return { kind: 'failed', detail: outcome.detail };
  }
}
