import { audioSampleDuration } from '../media/audio.ts';
import { mainFileTracks, videoTimescale, writeInit, writePart } from '../media/fmp4/index.ts';
import type { InitTracks, PartSample, PartTrack } from '../media/fmp4/index.ts';
import type { AudioTrack, Sample, StreamDescription } from '../media/sample.ts';

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
    const last = this.#open?.video.at(-1);
    const ended = last === undefined ? undefined : this.#cut(last.dts90k + this.#frameDuration90k);
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
    const ended = this.#isCutDue(picture) ? this.#cut(picture.dts90k) : undefined;
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

  #cut(end90k: number): MediaSegment | undefined {
    const [open, era, origin90k] = [this.#open, this.#era, this.#origin90k];
    if (open === undefined || era === undefined || origin90k === undefined) return undefined;
    this.#sequenceNumber += 1;
    const { audio } = era.tracks;
    const tracks = [
      videoPart(open.video, { origin90k, end90k }),
      ...(audio === undefined ? [] : audioPart(audio, open.audio, origin90k)),
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

/** Rounding each absolute time, and not the differences, keeps the sum exact. */
function videoPart(
  pictures: readonly Sample[],
  { origin90k, end90k }: { readonly origin90k: number; readonly end90k: number },
): PartTrack {
  const timeOf = (dts90k: number): number => Math.round(dts90k - origin90k);
  const samples = pictures.map((picture, index): PartSample => {
    const following90k = pictures[index + 1]?.dts90k ?? end90k;
    return {
      data: picture.data,
      duration: Math.max(0, timeOf(following90k) - timeOf(picture.dts90k)),
      compositionOffset: Math.round(picture.pts90k - picture.dts90k),
      isSync: picture.isSync,
    };
  });
  return { track: 'video', baseDecodeTime: timeOf(pictures[0]?.dts90k ?? origin90k), samples };
}

/** Sound counts in its own samples. */
function audioPart(audio: AudioTrack, sounds: readonly Sample[], origin90k: number): PartTrack[] {
  const [first] = sounds;
  if (first === undefined) return [];
  const timeOf = (sound: Sample): number =>
    Math.round(((sound.dts90k - origin90k) * audio.sampleRate) / videoTimescale);
  const samples = sounds.map((sound, index): PartSample => {
    const following = sounds[index + 1];
    const duration =
      following === undefined ? audioSampleDuration(audio, sound.data) : timeOf(following) - timeOf(sound);
    return { data: sound.data, duration: Math.max(0, duration), compositionOffset: 0, isSync: true };
  });
  return [{ track: 'audio', baseDecodeTime: timeOf(first), samples }];
}
