import { audioTracks, mainFileTracks, videoTrack, writeInit, writePart } from '../media/fmp4/index.ts';
import type { InitTracks } from '../media/fmp4/index.ts';
import type { Sample, StreamDescription } from '../media/sample.ts';

export interface SegmenterLimits {
  /** A segment ends with the first sync picture after this. */
  readonly minimumSegmentMs: number;
  /** Without a sync picture it ends before this, wherever that is. */
  readonly maximumSegmentMs: number;
  readonly maximumSegmentBytes: number;
}

/** What segments refer to as `EXT-X-MAP` (RFC 8216 §4.3.2.5). */
export interface InitSegment {
  readonly bytes: Uint8Array;
}

export interface MediaSegment {
  /** The same object for all segments that need the same. */
  readonly init: InitSegment;
  /** What comes before does not join: time was lost, or parameters changed. */
  readonly isDiscontinuity: boolean;
  readonly durationMs: number;
  /** Of the first picture. */
  readonly startUtcMs: number;
  readonly bytes: Uint8Array;
}

/** The duration of a last picture of which nothing else is known: 25 a second. */
const presumedFrameDuration90k = 3_600;

interface OpenSegment {
  readonly firstPicture: Pick<Sample, 'dts90k' | 'utcMs'>;
  readonly video: Sample[];
  readonly audio: Sample[];
  byteLength: number;
}

/** One run of samples that share an initialization segment. */
interface Era {
  readonly tracks: InitTracks;
  readonly init: InitSegment;
}

/**
 * Cuts a stream into fMP4 media segments on one timeline (RFC 8216 §3.3). Samples of the open segment are retained; with the
 * cut their bytes are copied, once, and they are released.
 */
export class Segmenter {
  readonly #limits: SegmenterLimits;
  #maximumSegment90k: number;
  #era: Era | undefined;
  #origin90k: number | undefined;
  #open: OpenSegment | undefined;
  #sequenceNumber = 0;
  #isDiscontinuity = false;
  #frameDuration90k = presumedFrameDuration90k;

  constructor(limits: SegmenterLimits) {
    this.#limits = limits;
    this.#maximumSegment90k = limits.maximumSegmentMs * 90;
  }

  /** Bytes of the samples that are not in a segment yet. */
  get heldBytes(): number {
    return this.#open?.byteLength ?? 0;
  }

  /** No later segment lasts longer: what was promised to players as the target duration. */
  promise(maximumSegmentMs: number): void {
    this.#maximumSegment90k = Math.min(this.#maximumSegment90k, maximumSegmentMs * 90);
  }

  /** The next sample is a sync picture of this description. The answer is the segment that ends with that. */
  describe(description: StreamDescription): MediaSegment | undefined {
    const ended = this.interrupt();
    const tracks = mainFileTracks(description);
    this.#era = { tracks, init: { bytes: writeInit(tracks) } };
    return ended;
  }

  /** The answer is the segment that ends with this sample's coming. */
  add(sample: Sample): MediaSegment | undefined {
    switch (sample.track) {
      case 'video':
        return this.#addVideo(sample);
      case 'audio':
        this.#addAudio(sample);
        return undefined;
      case 'metadata':
        return undefined;
    }
  }

  /** The stream stopped: what is held becomes a last segment, and what may follow does not join it. */
  interrupt(): MediaSegment | undefined {
    const [open, last] = [this.#open, this.#open?.video.at(-1)];
    const ended =
      open === undefined || last === undefined
        ? undefined
        : this.#cut(Math.min(last.dts90k + this.#frameDuration90k, this.#latestEnd90k(open)));
    this.#isDiscontinuity ||= this.#sequenceNumber > 0;
    return ended;
  }

  /** Gives back what is held. */
  release(): void {
    const open = this.#open;
    this.#open = undefined;
    for (const { memory } of [...(open?.video ?? []), ...(open?.audio ?? [])]) memory?.release();
  }

  #addVideo(picture: Sample): MediaSegment | undefined {
    const ended = this.#isCutDue(picture) ? this.#cutBefore(picture) : undefined;
    if (this.#open === undefined) {
      this.#origin90k ??= picture.dts90k;
      const { dts90k, utcMs } = picture;
      this.#open = { firstPicture: { dts90k, utcMs }, video: [], audio: [], byteLength: 0 };
    }
    const previous = this.#open.video.at(-1);
    if (previous !== undefined) this.#frameDuration90k = picture.dts90k - previous.dts90k;
    hold(this.#open, this.#open.video, picture);
    return ended;
  }

  #addAudio(sound: Sample): void {
    const { tracks } = this.#era ?? {};
    if (tracks?.audio === undefined || this.#open === undefined) return;
    if (this.#origin90k === undefined || sound.dts90k < this.#origin90k) return;
    hold(this.#open, this.#open.audio, sound);
  }

  #isCutDue(picture: Sample): boolean {
    const open = this.#open;
    if (open === undefined) return false;
    const { minimumSegmentMs, maximumSegmentBytes } = this.#limits;
    const length90k = picture.dts90k - open.firstPicture.dts90k;
    if (picture.isSync && length90k >= minimumSegmentMs * 90) return true;
    return (
      length90k + this.#frameDuration90k > this.#maximumSegment90k ||
      open.byteLength + picture.data.byteLength > maximumSegmentBytes
    );
  }

  /** Time without pictures belongs to the segment before it, unless that would be longer than was promised (RFC 8216 §4.3.3.1). */
  #cutBefore(picture: Sample): MediaSegment | undefined {
    if (this.#open !== undefined && picture.dts90k > this.#latestEnd90k(this.#open)) return this.interrupt();
    return this.#cut(picture.dts90k);
  }

  #latestEnd90k({ firstPicture }: OpenSegment): number {
    return firstPicture.dts90k + this.#maximumSegment90k;
  }

  #cut(end90k: number): MediaSegment | undefined {
    const [open, era, origin90k] = [this.#open, this.#era, this.#origin90k];
    if (open === undefined || era === undefined || origin90k === undefined) return undefined;
    this.#sequenceNumber += 1;
    const { audio } = era.tracks;
    const tracks = [
      videoTrack(open.video, { origin90k, end90k }),
      ...audioTracks(audio, open.audio, { origin90k, next: undefined }),
    ];
    const { chunks, byteLength } = writePart(this.#sequenceNumber, tracks);
    const segment: MediaSegment = {
      init: era.init,
      isDiscontinuity: this.#isDiscontinuity,
      durationMs: (end90k - open.firstPicture.dts90k) / 90,
      startUtcMs: open.firstPicture.utcMs,
      bytes: Buffer.concat(chunks, byteLength),
    };
    this.#isDiscontinuity = false;
    this.release();
    return segment;
  }
}

function hold(open: OpenSegment, track: Sample[], sample: Sample): void {
  sample.memory?.retain();
  track.push(sample);
  open.byteLength += sample.data.byteLength;
}
