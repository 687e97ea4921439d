import { isSameAudio } from '../media/audio.ts';
import { isSameVideo, reorderDepthOf, videoTrackFrom } from '../media/parameter-sets.ts';
import type { ParameterSets } from '../media/parameter-sets.ts';
import type { AudioTrack, MetadataTrack, Sample, StreamDescription } from '../media/sample.ts';
import type { SampleMemory } from '../media/slab-pool.ts';
import type { TrackSenderReport } from '../rtsp/index.ts';
import { DecodingOrder } from './decoding-order.ts';
import { GenerationPace } from './generation-pace.ts';
import { StreamTime } from './stream-time.ts';
import type { WallClock } from './wall-clock.ts';

export interface PipelineTracks {
  readonly videoClockRate: number;
  readonly audio: AudioTrack | undefined;
  readonly audioClockRate: number;
  /** Why sound that the camera offers is left out, as a sentence for people. */
  readonly audioIgnored?: string;
  readonly metadata?: { readonly track: MetadataTrack; readonly clockRate: number };
  /** `arrival`: the camera's timestamps are known to mean nothing. Default `auto`: they are judged by their arrival. */
  readonly clock?: 'auto' | 'arrival';
}

interface PlacedData {
  readonly data: Uint8Array;
  readonly memory?: SampleMemory | undefined;
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
  /** Where decoding can begin: IDR in H.264, IRAP in H.265. */
  readonly isSync: boolean;
  /** Decoding can begin here too, with a picture that becomes right after a while: used where no sync picture comes. */
  readonly isRecoveryPoint?: boolean;
  /** Cannot be decoded when decoding began with the sync picture before it (RASL, H.265). */
  readonly isSkippable?: boolean;
}

/** One sample of audio as a source yields it. */
export type AudioUnit = PlacedData;
/** One document of metadata as a source yields it. */
export type MetadataUnit = PlacedData;

export interface PipelineEvents {
  onDescription(description: StreamDescription): void;
  onSample(sample: Sample): void;
  /** The stream changes too often to be followed: pictures of some changes are left out. Once a connection. */
  onRestless?(): void;
}

export interface PipelineCounters {
  videoFrames: number;
  /** Pictures, frames and packets missing or unusable. */
  lost: number;
}

/** Where a source gives no metadata. */
const UNUSED_CLOCK_RATE = 90_000;
/**
 * Streams with gradual refresh have no IDR pictures. Waiting this long for one costs little where a stream has them, and
 * keeps streams with both, whose recovery points need pictures from before, cut at their IDR pictures.
 */
const RECOVERY_POINT_AFTER_MS = 10_000;

/** Makes samples on one timeline of what the connections of a stream yield, one connection after the other. */
export class SamplePipeline {
  readonly counters: PipelineCounters = { videoFrames: 0, lost: 0 };
  /** Where the timeline begins: nothing is placed before it. */
  readonly originMonotonicMs: number;
  readonly #time: StreamTime;
  readonly #events: PipelineEvents;
  readonly #videoOrder = new DecodingOrder();
  readonly #audioOrder = new DecodingOrder();
  readonly #metadataOrder = new DecodingOrder();
  readonly #generationPace = new GenerationPace();
  #isRestless = false;
  #isConnected = false;
  #audio: AudioTrack | undefined;
  #audioIgnored: string | undefined;
  #metadata: MetadataTrack | undefined;
  #description: StreamDescription | undefined;
  /** What the description was made of, and what could not be understood: known by identity. */
  #describedSets: ParameterSets | undefined;
  #rejectedSets: ParameterSets | undefined;
  /** Nothing is passed on before the next IDR picture, which is preceded by the description. */
  #awaitsSync = true;
  /** Decoding began with the sync picture in hand. */
  #leavesSkippableOut = false;
  /** When the last IDR or IRAP picture came, or the first picture of the connection when none has come since. */
  #lastSyncMonotonicMs: number | undefined;
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
    this.originMonotonicMs = originMonotonicMs;
    this.#time = new StreamTime({ originMonotonicMs, wallClock });
    this.#events = events;
  }

  get description(): StreamDescription | undefined {
    return this.#description;
  }

  get lastVideoMonotonicMs(): number | undefined {
    return this.#lastVideoMonotonicMs;
  }

  beginConnection(tracks: PipelineTracks): void {
    const { videoClockRate, audio, audioClockRate, audioIgnored, metadata, clock = 'auto' } = tracks;
    this.#time.beginConnection({
      videoClockRate,
      audioClockRate,
      metadataClockRate: metadata?.clockRate ?? UNUSED_CLOCK_RATE,
      clock,
    });
    this.#isConnected = true;
    this.#isRestless = false;
    this.#audioOrder.restart(0);
    this.#metadataOrder.restart(0);
    this.#audio = audio;
    this.#audioIgnored = audioIgnored;
    this.#metadata = metadata?.track;
    this.#lastSyncMonotonicMs = undefined;
    this.#describedSets = undefined;
    this.#rejectedSets = undefined;
    this.#awaitsSync = true;
    this.#isAnnounced = false;
  }

  /** Nothing more is passed on until the next connection: what a source on its way out still hears belongs to nobody. */
  endConnection(): void {
    this.#isConnected = false;
    this.#isAnnounced = false;
  }

  /** There is no audio, whatever was announced; `reason`, where there is one, is a sentence for people. */
  dropAudio(reason: string | undefined): void {
    this.#audio = undefined;
    this.#audioIgnored = reason;
  }

  /** The camera does not give the announced metadata after all. */
  dropMetadata(): void {
    this.#metadata = undefined;
  }

  /** The stream says what its sound is, in the first place or anew: it comes with the next sync picture. */
  changeAudio(audio: AudioTrack): void {
    this.#audio = audio;
    this.#audioIgnored = undefined;
  }

  takeVideo(unit: VideoUnit): void {
    const isSync = this.#isSync(unit);
    if (!this.#isConnected || !this.#isUsable(unit, isSync)) return;
    const position = this.#time.place('video', unit.timestamp, unit.arrivalMonotonicMs);
    const { dts90k, pts90k } =
      unit.compositionOffset === undefined
        ? this.#videoOrder.assign(position)
        : this.#videoOrder.keep(position, this.#time.ticks90k('video', unit.compositionOffset));
    this.counters.videoFrames += 1;
    this.#lastVideoMonotonicMs = unit.arrivalMonotonicMs;
    this.#emit({
      track: 'video',
      data: unit.data,
      memory: unit.memory,
      dts90k,
      pts90k,
      isSync,
      arrivalMonotonicMs: unit.arrivalMonotonicMs,
      utcMs: this.#time.utcMsAt(pts90k, unit.arrivalMonotonicMs),
    });
  }

  /** Pictures that refer to what is missing are not passed on. */
  takeVideoDamage(count: number): void {
    if (this.#isAnnounced) this.counters.lost += count;
    this.#awaitsSync = true;
  }

  takeAudio(frame: AudioUnit): void {
    // A stream starts with a picture, and sound that has changed with the next one.
    const described = this.#description?.audio;
    if (!this.#isAnnounced || described === undefined || described !== this.#audio) return;
    const position = this.#time.place('audio', frame.timestamp, frame.arrivalMonotonicMs);
    const { dts90k, pts90k } = this.#audioOrder.assign(position);
    this.#emit({
      track: 'audio',
      data: frame.data,
      memory: frame.memory,
      dts90k,
      pts90k,
      isSync: true,
      arrivalMonotonicMs: frame.arrivalMonotonicMs,
      utcMs: this.#time.utcMsAt(pts90k, frame.arrivalMonotonicMs),
    });
  }

  takeMetadata(unit: MetadataUnit): void {
    if (!this.#isAnnounced || this.#description?.metadata === undefined) return;
    const position = this.#time.place('metadata', unit.timestamp, unit.arrivalMonotonicMs);
    const { dts90k, pts90k } = this.#metadataOrder.assign(position);
    this.#emit({
      track: 'metadata',
      data: unit.data,
      memory: unit.memory,
      dts90k,
      pts90k,
      isSync: true,
      arrivalMonotonicMs: unit.arrivalMonotonicMs,
      utcMs: this.#time.utcMsAt(pts90k, unit.arrivalMonotonicMs),
    });
  }

  takeAudioDamage(count: number): void {
    if (this.#isAnnounced) this.counters.lost += count;
  }

  takeMetadataDamage(count: number): void {
    if (this.#isAnnounced) this.counters.lost += count;
  }

  /** What the camera says of its clocks: judged before it is used. */
  takeSenderReport(track: Sample['track'], report: TrackSenderReport): void {
    this.#time.takeSenderReport(track, report);
  }

  #emit(sample: Sample): void {
    this.#events.onSample(sample);
  }

  #isSync(unit: VideoUnit): boolean {
    const before = (this.#lastSyncMonotonicMs ??= unit.arrivalMonotonicMs);
    if (unit.isSync) this.#lastSyncMonotonicMs = unit.arrivalMonotonicMs;
    const isLate = unit.arrivalMonotonicMs - before >= RECOVERY_POINT_AFTER_MS;
    return unit.isSync || (unit.isRecoveryPoint === true && isLate);
  }

  /** Whether the picture can be decoded with what was passed on before; describes the stream when it has to be. */
  #isUsable(unit: VideoUnit, isSync: boolean): boolean {
    const sets = unit.parameterSets;
    if (sets !== this.#describedSets) this.#awaitsSync = true;
    if (sets === undefined || !isSync) {
      if (this.#awaitsSync && this.#isAnnounced) this.counters.lost += 1;
      return !this.#awaitsSync && !(this.#leavesSkippableOut && unit.isSkippable === true);
    }
    if (!this.#isDescribed(sets) && !this.#describe(sets, unit.arrivalMonotonicMs)) return false;
    if (!this.#isAnnounced && this.#description !== undefined) {
      this.#isAnnounced = true;
      this.#events.onDescription(this.#description);
    }
    this.#leavesSkippableOut = this.#awaitsSync;
    this.#awaitsSync = false;
    return true;
  }

  #isDescribed(sets: ParameterSets): boolean {
    const description = this.#description;
    return (
      sets === this.#describedSets &&
      description?.audio === this.#audio &&
      description?.audioIgnored === this.#audioIgnored &&
      description?.metadata === this.#metadata
    );
  }

  #describe(sets: ParameterSets, nowMonotonicMs: number): boolean {
    if (sets === this.#rejectedSets) return false;
    const video = sets === this.#describedSets ? this.#description?.video : videoTrackFrom(sets);
    if (video === undefined) {
      this.#rejectedSets = sets;
      return false;
    }
    const before = this.#description;
    const description: StreamDescription = {
      generation: before?.generation ?? 0,
      video,
      ...(this.#audio === undefined ? {} : { audio: this.#audio }),
      ...(this.#audioIgnored === undefined ? {} : { audioIgnored: this.#audioIgnored }),
      ...(this.#metadata === undefined ? {} : { metadata: this.#metadata }),
    };
    const isSame = before !== undefined && isSameStream(before, description);
    if (!isSame && !this.#generationPace.take(nowMonotonicMs)) {
      this.#noteRestless();
      // Other sound alone leaves the pictures as they are: they go on without it.
      const isVideoDescribed = sets === this.#describedSets;
      if (!isVideoDescribed) this.counters.lost += 1;
      return isVideoDescribed;
    }
    if (sets !== this.#describedSets) this.#videoOrder.restart(reorderDepthOf(sets));
    this.#describedSets = sets;
    if (isSame) {
      // What is known by identity is this connection's from now on.
      this.#description = description;
      return true;
    }
    this.#description = { ...description, generation: description.generation + 1 };
    this.#isAnnounced = false;
    return true;
  }

  #noteRestless(): void {
    if (this.#isRestless) return;
    this.#isRestless = true;
    this.#events.onRestless?.();
  }
}

function isSameStream(left: StreamDescription, right: StreamDescription): boolean {
  return (
    isSameVideo(left.video, right.video) &&
    isSameAudio(left.audio, right.audio) &&
    left.audioIgnored === right.audioIgnored &&
    left.metadata?.codec === right.metadata?.codec
  );
}
