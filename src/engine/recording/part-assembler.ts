import { audioTracks, mainFileTracks, videoTrack, writePart, type Part } from '../media/fmp4/index.ts';
import type { Sample, StreamDescription } from '../media/sample.ts';

export interface AssemblyLimits {
  readonly partDurationMs: number;
  readonly maximumPartBytes: number;
  readonly segmentDurationMs: number;
  /** How much the first segment after a start is shorter or longer, so that cameras do not all cut at once. */
  readonly staggerMs: number;
}

/** The first picture of a segment, and with it the segment's place in time. */
export interface SegmentStart {
  readonly description: StreamDescription;
  readonly startUtcMs: number;
  readonly startMonotonicMs: number;
  /** The first picture's time in the file, 1/90000 s: 0 unless sound leads. */
  readonly mediaStart90k: number;
}

export interface AssembledPart extends Part {
  readonly videoFrames: number;
  /** Length of the segment's video up to the end of this part, 1/90000 s. */
  readonly segmentDuration90k: number;
  /** Once, when the part is written or thrown away: its bytes must not be read afterwards. */
  release(): void;
}

export type AssemblyEvent =
  | { readonly kind: 'segment-start'; readonly start: SegmentStart }
  | { readonly kind: 'part'; readonly part: AssembledPart }
  /** `cut`: the next segment follows without a frame between. */
  | { readonly kind: 'segment-end'; readonly because: 'cut' | 'stopped' };

const nothing: readonly AssemblyEvent[] = [];
/** For a single last frame of which nothing else is known: 25 a second. */
const presumedFrameDuration90k = 3600;
/** A camera's second may be a little longer than ours: its groups of pictures are not split for that. */
const driftTolerance90k = 20 * 90;
/** How far sound may run ahead of the picture before it is written without. */
const soundAlonePartCount = 2;

/** A first picture without its bytes, which are not needed for as long as a segment lasts. */
export type SegmentPlace = Pick<Sample, 'dts90k' | 'utcMs' | 'arrivalMonotonicMs'>;

interface OpenSegment {
  readonly description: StreamDescription;
  readonly firstPicture: SegmentPlace;
  readonly cutAfter90k: number;
  /** The stream's time at the file's time 0; known with the first part. */
  origin90k: number | undefined;
  partCount: number;
}

/**
 * Groups samples into parts and parts into segments. A picture's duration is the time to the next one, so the newest of each
 * track is held back until its successor is there. Segments start with a sync picture, and nothing is lost or doubled between
 * two of them: sound that arrives after a cut belongs to the new file, whose time 0 is then the sound's. (Only when the file's
 * first part was written before it came, there is no place for it left.)
 */
export class PartAssembler {
  readonly #limits: AssemblyLimits;
  #described: StreamDescription | undefined;
  #segment: OpenSegment | undefined;
  #isFirstSegment = true;
  #video: Sample[] = [];
  #audio: Sample[] = [];
  #heldBytes = 0;
  #soundsDropped = 0;
  #frameDuration90k = presumedFrameDuration90k;
  #lastSync90k = 0;

  constructor(limits: AssemblyLimits) {
    this.#limits = limits;
  }

  /** Bytes of the samples that are not in a part yet. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Frames of sound that came more than a part after the first picture of their segment. */
  get soundsDropped(): number {
    return this.#soundsDropped;
  }

  /** The first picture of the segment in hand, the same object for as long as it is. */
  get segmentPlace(): SegmentPlace | undefined {
    return this.#segment?.firstPicture;
  }

  describe(description: StreamDescription): void {
    this.#described = description;
  }

  add(sample: Sample): readonly AssemblyEvent[] {
    switch (sample.track) {
      case 'video':
        return this.#addVideo(sample);
      case 'audio':
        return this.#addAudio(sample);
      case 'metadata':
        return nothing;
    }
  }

  /** The stream stopped: everything held goes into a last part. */
  end(): readonly AssemblyEvent[] {
    this.#isFirstSegment = true;
    return this.#closeSegment('stopped', this.#presumedVideoEnd());
  }

  /** Forgets the open segment and releases what is held of it. The answer is the number of pictures lost. */
  discard(): number {
    const pictures = this.#video.length;
    this.#segment = undefined;
    this.#isFirstSegment = true;
    this.#release();
    return pictures;
  }

  #addVideo(sample: Sample): readonly AssemblyEvent[] {
    let events = nothing;
    if (sample.isSync && this.#isCutDue(sample)) events = this.#closeSegment('cut', sample.dts90k);
    if (this.#segment === undefined) {
      if (!sample.isSync || this.#described === undefined) return events;
      this.#segment = this.#openSegment(this.#described, sample);
    } else if (this.#isPartDue(sample)) {
      events = this.#takePart({ videoEnd90k: sample.dts90k, takesLastSound: false });
    }
    const previous = this.#video.at(-1);
    if (previous !== undefined) this.#frameDuration90k = sample.dts90k - previous.dts90k;
    if (sample.isSync) this.#lastSync90k = sample.dts90k;
    this.#hold(sample, this.#video);
    return events;
  }

  #addAudio(sample: Sample): readonly AssemblyEvent[] {
    const segment = this.#segment;
    if (segment === undefined || mainFileTracks(segment.description).audio === undefined) return nothing;
    if (segment.origin90k !== undefined && sample.dts90k < segment.origin90k) {
      this.#soundsDropped += 1;
      return nothing;
    }
    this.#hold(sample, this.#audio);
    const soundAlone90k = this.#limits.partDurationMs * 90 * soundAlonePartCount;
    const first = this.#audio[0] ?? sample;
    const isDue =
      sample.dts90k - first.dts90k > soundAlone90k || this.#heldBytes > this.#limits.maximumPartBytes;
    return isDue ? this.#takePart({ videoEnd90k: undefined, takesLastSound: false }) : nothing;
  }

  #hold(sample: Sample, track: Sample[]): void {
    sample.memory?.retain();
    track.push(sample);
    this.#heldBytes += sample.data.byteLength;
  }

  #openSegment(description: StreamDescription, firstPicture: Sample): OpenSegment {
    const { segmentDurationMs, staggerMs } = this.#limits;
    const { dts90k, utcMs, arrivalMonotonicMs } = firstPicture;
    const durationMs = segmentDurationMs + (this.#isFirstSegment ? staggerMs : 0);
    this.#isFirstSegment = false;
    return {
      description,
      firstPicture: { dts90k, utcMs, arrivalMonotonicMs },
      cutAfter90k: dts90k + durationMs * 90,
      origin90k: undefined,
      partCount: 0,
    };
  }

  #isCutDue(sync: Sample): boolean {
    const segment = this.#segment;
    if (segment === undefined) return false;
    return (
      segment.description.generation !== this.#described?.generation || sync.dts90k >= segment.cutAfter90k
    );
  }

  /**
   * Before a picture that would make the part too long (by its likely duration) or too large; and before a sync picture, so
   * that a part begins with one wherever groups are not much shorter than parts.
   */
  #isPartDue(next: Sample): boolean {
    const first = this.#video[0];
    if (first === undefined) return false;
    if (this.#heldBytes + next.data.byteLength > this.#limits.maximumPartBytes) return true;
    const limit90k = this.#limits.partDurationMs * 90;
    const length90k = next.dts90k - first.dts90k;
    const tolerance90k = Math.min(this.#frameDuration90k / 2, driftTolerance90k);
    const isTooLong = length90k + this.#frameDuration90k > limit90k + tolerance90k;
    return isTooLong || (next.isSync && next.dts90k - this.#lastSync90k >= limit90k / 2);
  }

  #presumedVideoEnd(): number | undefined {
    const last = this.#video.at(-1);
    return last === undefined ? undefined : last.dts90k + this.#frameDuration90k;
  }

  #closeSegment(because: 'cut' | 'stopped', videoEnd90k: number | undefined): readonly AssemblyEvent[] {
    if (this.#segment === undefined) return nothing;
    const events = this.#takePart({ videoEnd90k, takesLastSound: true });
    this.#segment = undefined;
    this.#release();
    return [...events, { kind: 'segment-end', because }];
  }

  #release(): void {
    releaseAll([...this.#video, ...this.#audio]);
    this.#video = [];
    this.#audio = [];
    this.#heldBytes = 0;
  }

  /** Without `videoEnd90k` the newest picture stays, for its duration is not known. */
  #takePart(take: { videoEnd90k: number | undefined; takesLastSound: boolean }): readonly AssemblyEvent[] {
    const segment = this.#segment;
    if (segment === undefined) return nothing;
    const pictures = take.videoEnd90k === undefined ? this.#video.slice(0, -1) : this.#video;
    const sounds = take.takesLastSound ? this.#audio : this.#audio.slice(0, -1);
    if (pictures.length === 0 && sounds.length === 0) return nothing;

    const origin90k = segment.origin90k ?? Math.min(...firstTimes(this.#video, this.#audio));
    const videoEnd90k = take.videoEnd90k ?? this.#video.at(-1)?.dts90k ?? origin90k;
    const tracks = [
      videoTrack(pictures, { origin90k, end90k: videoEnd90k }),
      ...audioTracks(segment.description.audio, sounds, { origin90k, next: this.#audio[sounds.length] }),
    ];
    segment.partCount += 1;
    const part: AssembledPart = {
      ...writePart(segment.partCount, tracks, 'paged'),
      videoFrames: pictures.length,
      segmentDuration90k: Math.round(videoEnd90k - segment.firstPicture.dts90k),
      release: () => releaseAll([...pictures, ...sounds]),
    };
    this.#video = this.#video.slice(pictures.length);
    this.#audio = this.#audio.slice(sounds.length);
    this.#heldBytes = byteLengthOf(this.#video) + byteLengthOf(this.#audio);
    if (segment.origin90k !== undefined) return [{ kind: 'part', part }];
    segment.origin90k = origin90k;
    return [
      { kind: 'segment-start', start: startOf(segment, origin90k) },
      { kind: 'part', part },
    ];
  }
}

function startOf({ description, firstPicture }: OpenSegment, origin90k: number): SegmentStart {
  return {
    description,
    startUtcMs: firstPicture.utcMs,
    startMonotonicMs: firstPicture.arrivalMonotonicMs,
    mediaStart90k: Math.round(firstPicture.dts90k - origin90k),
  };
}

function firstTimes(...tracks: readonly (readonly Sample[])[]): number[] {
  return tracks.flatMap((samples) => samples.slice(0, 1).map((sample) => sample.dts90k));
}

function releaseAll(samples: readonly Sample[]): void {
  for (const { memory } of samples) memory?.release();
}

function byteLengthOf(samples: readonly Sample[]): number {
  return samples.reduce((sum, sample) => sum + sample.data.byteLength, 0);
}
