import { audioSampleDuration } from '../media/audio.ts';
import {
  metadataTimescale,
  videoTimescale,
  writePart,
  type InitTracks,
  type Part,
  type PartSample,
} from '../media/fmp4/index.ts';
import type { Sample } from '../media/sample.ts';

/** The first picture of the segment that a companion belongs to: time 0 of the companion's file. */
export interface CompanionPlace {
  readonly dts90k: number;
  readonly utcMs: number;
  readonly arrivalMonotonicMs: number;
}

/** One track that has a file of its own: sound that the video's file cannot hold, or metadata. */
export type CompanionTracks = Pick<InitTracks, 'audio' | 'metadata'>;

export interface CompanionPart extends Part {
  readonly sampleCount: number;
  /** From the file's first sample to the end of this part, 1/90000 s. */
  readonly segmentDuration90k: number;
  /** Once, when the part is written or thrown away. */
  release(): void;
}

export type CompanionEvent =
  | { readonly kind: 'start'; readonly place: CompanionPlace; readonly tracks: CompanionTracks }
  | { readonly kind: 'part'; readonly part: CompanionPart }
  | { readonly kind: 'end' };

export interface CompanionLimits {
  readonly partDurationMs: number;
  readonly maximumPartBytes: number;
}

interface OpenFile {
  readonly place: CompanionPlace;
  readonly tracks: CompanionTracks;
  partCount: number;
  /** In the track's timescale; known with the first part. */
  firstTime: number | undefined;
}

const nothing: readonly CompanionEvent[] = [];
/** Of the last metadata of a file, of which no successor is known. */
const presumedMetadataDuration90k = 90_000;
/** Samples of a part at most, however small they are. */
const maximumSamples = 1000;

/**
 * Groups the samples of a companion track into parts, in files that begin where the video's segments do. What belongs before a
 * cut comes after it as often as not: the next file begins with the first sample that is its own.
 */
export class CompanionAssembler {
  readonly #limits: CompanionLimits;
  #file: OpenFile | undefined;
  #next: Pick<OpenFile, 'place' | 'tracks'> | undefined;
  #held: Sample[] = [];
  #heldBytes = 0;
  #isGivenUp = false;
  #samplesDropped = 0;

  constructor(limits: CompanionLimits) {
    this.#limits = limits;
  }

  /** Samples that were lost with their file, and those that came more than a whole segment too late for theirs. */
  get samplesDropped(): number {
    return this.#samplesDropped;
  }

  /** A segment of the video begins here. */
  cut(place: CompanionPlace, tracks: CompanionTracks): readonly CompanionEvent[] {
    const silent = this.#next;
    // Where a whole segment brings nothing, what is held of the one before it waits no longer.
    const events = silent === undefined ? nothing : this.#turnTo(silent, silent.place.dts90k);
    this.#next = { place, tracks };
    return events;
  }

  add(sample: Sample): readonly CompanionEvent[] {
    const next = this.#next;
    const events: CompanionEvent[] = [];
    if (next !== undefined && sample.dts90k >= next.place.dts90k) {
      events.push(...this.#turnTo(next, sample.dts90k));
    }
    const file = this.#file;
    // Without a file it is from before the first picture, or what it belonged to was given up.
    if (file === undefined || sample.dts90k < file.place.dts90k) {
      if (file !== undefined || this.#isGivenUp) this.#samplesDropped += 1;
      return events;
    }
    if (this.#isPartDue(sample)) events.push(...this.#take(file, sample.dts90k));
    sample.memory?.retain();
    this.#held.push(sample);
    this.#heldBytes += sample.data.byteLength;
    return events;
  }

  /** The stream stopped: what is held goes into a last part. */
  end(): readonly CompanionEvent[] {
    this.#next = undefined;
    this.#isGivenUp = false;
    return this.#close(undefined);
  }

  /** Forgets the file and what is held of it; what follows is dropped up to the place of a newer cut. */
  discard(): void {
    this.#samplesDropped += this.#held.length;
    releaseAll(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    this.#file = undefined;
    this.#isGivenUp = true;
  }

  /** The video gave up its segment: a file that was yet to begin beside it does not begin. */
  discardSegment(): void {
    this.discard();
    this.#next = undefined;
  }

  #isPartDue(sample: Sample): boolean {
    const [first] = this.#held;
    if (first === undefined) return false;
    return (
      sample.dts90k - first.dts90k >= this.#limits.partDurationMs * 90 ||
      this.#held.length >= maximumSamples ||
      this.#heldBytes + sample.data.byteLength > this.#limits.maximumPartBytes
    );
  }

  /** The next file is the one in hand now; what is held goes into the former. */
  #turnTo(next: Pick<OpenFile, 'place' | 'tracks'>, end90k: number): readonly CompanionEvent[] {
    const events = this.#close(end90k);
    this.#next = undefined;
    this.#isGivenUp = false;
    this.#file = { ...next, partCount: 0, firstTime: undefined };
    return events;
  }

  #close(next90k: number | undefined): readonly CompanionEvent[] {
    const file = this.#file;
    if (file === undefined) return nothing;
    const events = this.#take(file, next90k);
    this.#file = undefined;
    // A file without a part was never begun.
    return file.partCount === 0 ? events : [...events, { kind: 'end' }];
  }

  #take(file: OpenFile, next90k: number | undefined): readonly CompanionEvent[] {
    const samples = this.#held;
    if (samples.length === 0) return nothing;
    this.#held = [];
    this.#heldBytes = 0;
    const { track, timescale, baseDecodeTime, partSamples } = layOut(file, samples, next90k);
    file.partCount += 1;
    file.firstTime ??= baseDecodeTime;
    const length = partSamples.reduce((sum, { duration }) => sum + duration, baseDecodeTime - file.firstTime);
    const part: CompanionPart = {
      ...writePart(file.partCount, [{ track, baseDecodeTime, samples: partSamples }]),
      sampleCount: samples.length,
      segmentDuration90k: Math.round((length * videoTimescale) / timescale),
      release: () => releaseAll(samples),
    };
    if (file.partCount > 1) return [{ kind: 'part', part }];
    const { place, tracks } = file;
    return [
      { kind: 'start', place, tracks },
      { kind: 'part', part },
    ];
  }
}

interface Layout {
  readonly track: 'audio' | 'metadata';
  readonly timescale: number;
  readonly baseDecodeTime: number;
  readonly partSamples: readonly PartSample[];
}

/** Sound lasts as long as it has samples, metadata until the next one. */
function layOut(
  { place, tracks: { audio } }: OpenFile,
  samples: readonly Sample[],
  next90k: number | undefined,
): Layout {
  const timescale = audio?.sampleRate ?? metadataTimescale;
  const timeOf = (dts90k: number): number =>
    Math.round(((dts90k - place.dts90k) * timescale) / videoTimescale);
  const last90k = samples.at(-1)?.dts90k ?? place.dts90k;
  const end90k = next90k ?? last90k + presumedMetadataDuration90k;
  const partSamples = samples.map(({ data, dts90k }, index): PartSample => {
    const following90k = samples[index + 1]?.dts90k ?? end90k;
    const duration =
      audio === undefined ? timeOf(following90k) - timeOf(dts90k) : audioSampleDuration(audio, data);
    return { data, duration: Math.max(0, duration), compositionOffset: 0, isSync: true };
  });
  return {
    track: audio === undefined ? 'metadata' : 'audio',
    timescale,
    baseDecodeTime: timeOf(samples[0]?.dts90k ?? place.dts90k),
    partSamples,
  };
}

function releaseAll(samples: readonly Sample[]): void {
  for (const { memory } of samples) memory?.release();
}
