import { isSameAudio } from '../media/audio.ts';
import { isSameVideo, reorderDepthOf, videoTrackFrom } from '../media/parameter-sets.ts';
import type { ParameterSets } from '../media/parameter-sets.ts';
import type { AudioTrack, Sample, StreamDescription } from '../media/sample.ts';
import type { SampleMemory } from '../media/slab-pool.ts';
import { DecodingOrder } from './decoding-order.ts';
import { TrackTimeline } from './track-timeline.ts';
import type { WallClock } from './wall-clock.ts';

export interface PipelineTracks {
  readonly videoClockRate: number;
  readonly audio: AudioTrack | undefined;
  readonly audioClockRate: number;
}

interface PlacedData {
  readonly data: Uint8Array;
  readonly memory?: SampleMemory;
  /** In the track's clock, without wrap. */
  readonly timestamp: number;
  readonly arrivalMonotonicMs: number;
}

/** One access unit as a source yields it, in decoding order. */
export interface VideoUnit extends PlacedData {
  /**
   * In the track's clock. Given, `timestamp` is the decoding time and presentation is so much later, as FLV has it; absent,
   * `timestamp` is the presentation time, as RTP has it, and the decoding time is made.
   */
  readonly compositionOffset?: number;
  /** Of this access unit and what follows; the same object as long as they stay the same. */
  readonly parameterSets: ParameterSets | undefined;
  readonly isSync: boolean;
}

/** One frame of audio as a source yields it. */
export type AudioUnit = PlacedData;

export interface PipelineEvents {
  onDescription(description: StreamDescription): void;
  onSample(sample: Sample): void;
}

export interface PipelineCounters {
  videoFrames: number;
  /** Pictures, frames and packets missing or unusable. */
  lost: number;
}

const TICKS_PER_MS = 90;

/** Makes samples on one timeline of what the connections of a stream yield, one connection after the other. */
export class SamplePipeline {
  readonly counters: PipelineCounters = { videoFrames: 0, lost: 0 };
  readonly #originMonotonicMs: number;
  readonly #wallClock: WallClock;
  readonly #events: PipelineEvents;
  readonly #videoOrder = new DecodingOrder();
  readonly #audioOrder = new DecodingOrder();
  #videoTimeline: TrackTimeline | undefined;
  #audioTimeline: TrackTimeline | undefined;
  #audio: AudioTrack | undefined;
  #description: StreamDescription | undefined;
  /** What the description was made of, and what could not be understood: known by identity. */
  #describedSets: ParameterSets | undefined;
  #rejectedSets: ParameterSets | undefined;
  /** Nothing is passed on before the next IDR picture, which is preceded by the description. */
  #awaitsSync = true;
  #isAnnounced = false;
  #lastVideoMonotonicMs: number | undefined;

  constructor({
    originMonotonicMs,
    wallClock,
    events,
  }: {
    readonly originMonotonicMs: number;
    readonly wallClock: WallClock;
    readonly events: PipelineEvents;
  }) {
    this.#originMonotonicMs = originMonotonicMs;
    this.#wallClock = wallClock;
    this.#events = events;
  }

  get description(): StreamDescription | undefined {
    return this.#description;
  }

  get lastVideoMonotonicMs(): number | undefined {
    return this.#lastVideoMonotonicMs;
  }

  beginConnection({ videoClockRate, audio, audioClockRate }: PipelineTracks): void {
    const originMonotonicMs = this.#originMonotonicMs;
    this.#videoTimeline = new TrackTimeline({ originMonotonicMs, clockRate: videoClockRate });
    this.#audioTimeline = new TrackTimeline({ originMonotonicMs, clockRate: audioClockRate });
    this.#audioOrder.restart(0);
    this.#audio = audio;
    this.#describedSets = undefined;
    this.#rejectedSets = undefined;
    this.#awaitsSync = true;
    this.#isAnnounced = false;
  }

  /** The camera does not give the announced audio after all. */
  dropAudio(): void {
    this.#audio = undefined;
    this.#describedSets = undefined;
  }

  takeVideo(unit: VideoUnit): void {
    if (!this.#isUsable(unit)) return;
    const timeline = this.#videoTimeline;
    if (timeline === undefined) return;
    const position = timeline.place(unit.timestamp, unit.arrivalMonotonicMs);
    const { dts90k, pts90k } =
      unit.compositionOffset === undefined
        ? this.#videoOrder.assign(position)
        : this.#videoOrder.keep(position, timeline.ticks90k(unit.compositionOffset));
    this.counters.videoFrames += 1;
    this.#lastVideoMonotonicMs = unit.arrivalMonotonicMs;
    this.#emit({
      track: 'video',
      data: unit.data,
      ...held(unit),
      dts90k,
      pts90k,
      isSync: unit.isSync,
      arrivalMonotonicMs: unit.arrivalMonotonicMs,
      utcMs: this.#utcMsAt(pts90k),
    });
  }

  /** Pictures that refer to what is missing are not passed on. */
  takeVideoDamage(count: number): void {
    if (this.#isAnnounced) this.counters.lost += count;
    this.#awaitsSync = true;
  }

  takeAudio(frame: AudioUnit): void {
    // A stream starts with a picture.
    if (!this.#isAnnounced || this.#description?.audio === undefined) return;
    const position = this.#audioTimeline?.place(frame.timestamp, frame.arrivalMonotonicMs);
    if (position === undefined) return;
    const { dts90k, pts90k } = this.#audioOrder.assign(position);
    this.#emit({
      track: 'audio',
      data: frame.data,
      ...held(frame),
      dts90k,
      pts90k,
      isSync: true,
      arrivalMonotonicMs: frame.arrivalMonotonicMs,
      utcMs: this.#utcMsAt(pts90k),
    });
  }

  takeAudioDamage(count: number): void {
    if (this.#isAnnounced) this.counters.lost += count;
  }

  #emit(sample: Sample): void {
    this.#events.onSample(sample);
  }

  #utcMsAt(position90k: number): number {
    return this.#wallClock.utcMsAt(this.#originMonotonicMs + position90k / TICKS_PER_MS);
  }

  /** Whether the picture can be decoded with what was passed on before; describes the stream when it has to be. */
  #isUsable(unit: VideoUnit): boolean {
    const sets = unit.parameterSets;
    if (sets !== this.#describedSets) this.#awaitsSync = true;
    if (sets === undefined || !unit.isSync) {
      if (this.#awaitsSync && this.#isAnnounced) this.counters.lost += 1;
      return !this.#awaitsSync;
    }
    if (sets !== this.#describedSets && !this.#describe(sets)) return false;
    if (!this.#isAnnounced && this.#description !== undefined) {
      this.#isAnnounced = true;
      this.#events.onDescription(this.#description);
    }
    this.#awaitsSync = false;
    return true;
  }

  #describe(sets: ParameterSets): boolean {
    if (sets === this.#rejectedSets) return false;
    const video = videoTrackFrom(sets);
    if (video === undefined) {
      this.#rejectedSets = sets;
      return false;
    }
    this.#describedSets = sets;
    this.#videoOrder.restart(reorderDepthOf(sets));
    const before = this.#description;
    if (before !== undefined && isSameVideo(before.video, video) && isSameAudio(before.audio, this.#audio)) {
      return true;
    }
    this.#description = {
      generation: (before?.generation ?? 0) + 1,
      video,
      ...(this.#audio === undefined ? {} : { audio: this.#audio }),
    };
    this.#isAnnounced = false;
    return true;
  }
}

function held({ memory }: PlacedData): { readonly memory?: SampleMemory } {
  return memory === undefined ? {} : { memory };
}
