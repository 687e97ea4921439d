import type { Clock } from '../../shared/domain/clock.ts';
import type { JoinableStream } from '../live/index.ts';
import type { Interruption, Sample, StreamDescription, StreamSubscriber } from '../media/sample.ts';
import { writePlaylist } from './playlist.ts';
import type { ListedSegment } from './playlist.ts';
import { Segmenter } from './segmenter.ts';
import type { InitSegment, MediaSegment, SegmenterLimits } from './segmenter.ts';

export interface HlsStreamLimits extends SegmenterLimits {
  readonly listedSegments: number;
  /** Beyond those listed, for players that read an older list: RFC 8216 §6.2.2. */
  readonly keptSegments: number;
  /** When memory is short: those listed, and the one that left the list last. */
  readonly leastSegments: number;
  /** Of all segments kept; the oldest go first. */
  readonly maximumBytes: number;
}

export const defaultHlsStreamLimits: HlsStreamLimits = {
  // A little less than two seconds, for cameras whose groups of two seconds jitter.
  minimumSegmentMs: 1_900,
  maximumSegmentMs: 10_000,
  maximumSegmentBytes: 8 * 1024 ** 2,
  listedSegments: 6,
  keptSegments: 10,
  leastSegments: 7,
  maximumBytes: 16 * 1024 ** 2,
};

interface KeptSegment extends ListedSegment {
  readonly init: InitSegment;
  readonly bytes: Uint8Array;
}

interface HlsStreamOptions {
  readonly stream: JoinableStream;
  readonly clock: Clock;
  readonly limits: HlsStreamLimits;
  /** After each segment. */
  readonly onGrowth: () => void;
}

/** One stream as HLS: the newest segments, in memory only. */
export class HlsStream implements StreamSubscriber {
  readonly #limits: HlsStreamLimits;
  readonly #segmenter: Segmenter;
  readonly #onGrowth: () => void;
  readonly #waiting = new Set<() => void>();
  #membership: Disposable | undefined;
  #segments: readonly KeptSegment[] = [];
  #keptBytes = 0;
  #nextSequence: number;
  #discontinuitySequence = 0;
  #targetDurationSeconds: number | undefined;
  #hasEnded = false;

  constructor({ stream, clock, limits, onGrowth }: HlsStreamOptions) {
    this.#onGrowth = onGrowth;
    this.#limits = limits;
    this.#segmenter = new Segmenter(limits);
    // Segments are longer than a second: numbers go on rising when HLS of this stream stops and starts again.
    this.#nextSequence = Math.floor(clock.utcMs() / 1_000);
    this.#membership = stream.join(this);
    if (this.#hasEnded) this.close();
  }

  /** The stream was removed or closed: there will be no more segments. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Bytes in memory on behalf of players. */
  get byteLength(): number {
    return this.#keptBytes + this.#segmenter.heldBytes;
  }

  /** How many of them remain when memory is short. */
  get leastByteLength(): number {
    return this.#segments
      .slice(-this.#limits.leastSegments)
      .reduce((sum, { bytes }) => sum + bytes.byteLength, this.#segmenter.heldBytes);
  }

  /** Memory is short. */
  shrink(): void {
    this.#trim(this.#limits.leastSegments);
  }

  /** Undefined before the first segment is complete. */
  playlist(): string | undefined {
    if (this.#targetDurationSeconds === undefined) return undefined;
    const listed = this.#segments.slice(-this.#limits.listedSegments);
    const unlisted = this.#segments.slice(0, -this.#limits.listedSegments);
    const head = {
      targetDurationSeconds: this.#targetDurationSeconds,
      discontinuitySequence: this.#discontinuitySequence + discontinuities(unlisted),
    };
    return writePlaylist(head, listed);
  }

  /** Calls back once, with the next segment or when the stream ends, unless disposed before. */
  onNextSegment(callback: () => void): Disposable {
    if (this.#hasEnded) callback();
    else this.#waiting.add(callback);
    return { [Symbol.dispose]: () => void this.#waiting.delete(callback) };
  }

  /** Who waits for a segment. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** A file that a playlist names; undefined when it is gone. */
  file(name: string): Uint8Array | undefined {
    for (const segment of this.#segments) {
      if (segment.name === name) return segment.bytes;
      if (segment.initName === name) return segment.init.bytes;
    }
    return undefined;
  }

  onDescription(description: StreamDescription): void {
    this.#take(this.#segmenter.describe(description));
  }

  onSample(sample: Sample): void {
    this.#take(this.#segmenter.add(sample));
  }

  onInterruption(interruption: Interruption): void {
    this.#take(this.#segmenter.interrupt());
    if (interruption.kind === 'stopped') this.close();
  }

  close(): void {
    this.#hasEnded = true;
    this.#membership?.[Symbol.dispose]();
    this.#segmenter.release();
    this.#segments = [];
    this.#keptBytes = 0;
    this.#wake();
  }

  #take(segment: MediaSegment | undefined): void {
    if (segment === undefined || this.#hasEnded) return;
    if (this.#targetDurationSeconds === undefined) this.#setTarget(segment.durationMs);
    const sequence = this.#nextSequence;
    this.#nextSequence += 1;
    const { init, isDiscontinuity, durationMs, startUtcMs, bytes } = segment;
    const before = this.#segments.at(-1);
    const initName = before?.init === init ? before.initName : `init-${sequence}.mp4`;
    const name = `segment-${sequence}.m4s`;
    const kept = { sequence, init, initName, name, isDiscontinuity, durationMs, startUtcMs, bytes };
    this.#segments = [...this.#segments, kept];
    this.#keptBytes += bytes.byteLength;
    this.#trim(this.#limits.keptSegments);
    this.#wake();
    this.#onGrowth();
  }

  /** Fixed with the first segment, for it must not change (RFC 8216 §6.2.1). Durations round to it at most. */
  #setTarget(durationMs: number): void {
    const seconds = Math.max(
      1,
      Math.round(durationMs / 1_000),
      Math.ceil(this.#limits.minimumSegmentMs / 1_000),
    );
    this.#targetDurationSeconds = seconds;
    this.#segmenter.promise(seconds * 1_000 + 499);
  }

  #trim(mostSegments: number): void {
    const { maximumBytes } = this.#limits;
    while (
      this.#segments.length > mostSegments ||
      (this.#keptBytes > maximumBytes && this.#segments.length > 1)
    ) {
      const [oldest, ...rest] = this.#segments;
      if (oldest === undefined) return;
      this.#segments = rest;
      this.#keptBytes -= oldest.bytes.byteLength;
      this.#discontinuitySequence += discontinuities([oldest]);
    }
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of waiting) callback();
  }
}

function discontinuities(segments: readonly KeptSegment[]): number {
  return segments.filter(({ isDiscontinuity }) => isDiscontinuity).length;
}
