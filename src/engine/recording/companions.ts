import type { CameraId } from '../../shared/engine-api/index.ts';
import type { Log } from '../../shared/domain/log.ts';
import { companionFileTracks } from '../media/fmp4/index.ts';
import type { Sample, StreamDescription } from '../media/sample.ts';
import type { SegmentContent, SegmentStore } from '../storage/index.ts';
import type { CompanionLimits, CompanionPlace, CompanionTracks } from './companion-assembler.ts';
import { CompanionRecorder } from './companion-recorder.ts';

export interface CompanionsOptions {
  readonly cameraId: CameraId;
  readonly store: SegmentStore;
  readonly log: Log;
  readonly limits: CompanionLimits & { readonly maximumQueuedBytes: number };
}

type CompanionContent = Exclude<SegmentContent, 'main'>;

/** Sound is a few KB a second, metadata less: a sixteenth of what may wait of the video is plenty. */
const shareOfQueue = 1 / 16;

/** The tracks of a stream that have files of their own beside the video's. */
export class Companions {
  readonly #options: CompanionsOptions;
  readonly #recorders = new Map<CompanionContent, CompanionRecorder>();
  /** Of the newest description; in force with the segment that begins with it. */
  #tracks: ReadonlyMap<CompanionContent, CompanionTracks> = new Map();
  #place: CompanionPlace | undefined;

  constructor(options: CompanionsOptions) {
    const { limits } = options;
    const maximumQueuedBytes = limits.maximumQueuedBytes * shareOfQueue;
    this.#options = { ...options, limits: { ...limits, maximumQueuedBytes } };
  }

  get samplesDropped(): number {
    return this.#recorders.values().reduce((sum, recorder) => sum + recorder.samplesDropped, 0);
  }

  describe(description: StreamDescription): void {
    this.#tracks = new Map(
      companionFileTracks(description).map((tracks) => [
        tracks.audio === undefined ? 'metadata' : 'sound',
        tracks,
      ]),
    );
  }

  /** Takes a sample after the video has; `place` is where the video's segment began. */
  add(sample: Sample, place: CompanionPlace | undefined): void {
    if (place !== undefined && place !== this.#place) this.#cut(place);
    this.#place = place;
    if (sample.track === 'video') return;
    this.#recorders.get(sample.track === 'audio' ? 'sound' : 'metadata')?.add(sample);
  }

  end(): void {
    this.#place = undefined;
    for (const recorder of this.#recorders.values()) recorder.end();
  }

  discard(): void {
    this.#place = undefined;
    for (const recorder of this.#recorders.values()) recorder.discard();
  }

  async drained(): Promise<void> {
    for (const recorder of this.#recorders.values()) await recorder.drained();
  }

  #cut(place: CompanionPlace): void {
    for (const [content, tracks] of this.#tracks) {
      const recorder = this.#recorders.get(content) ?? new CompanionRecorder({ ...this.#options, content });
      this.#recorders.set(content, recorder);
      recorder.cut(place, tracks);
    }
    for (const [content, recorder] of this.#recorders) if (!this.#tracks.has(content)) recorder.end();
  }
}
