/** Where the body of one FLV tag, or of one RTMP message of the same kind, goes: piece by piece, from where it was received. */
export interface FlvBodyReader {
  /** Starts a body of `byteLength` bytes. One that was not ended is thrown away. */
  begin(body: FlvBody): void;
  /** Takes `bytes[start, end)`, which are valid during the call only. */
  push(bytes: Buffer, start: number, end: number): void;
  /** Ends the body; what it held is passed on. One that is shorter than announced counts as damaged. */
  end(arrivalMonotonicMs: number): void;
  /** Throws the body away: its rest will not come. */
  abort(): void;
}

export interface FlvBody {
  readonly byteLength: number;
  /** As the tag has it: 32 bits, which wrap. */
  readonly timestampMs: number;
}

/** All times that come out of FLV are in this clock, although FLV itself counts milliseconds. */
export const FLV_CLOCK_RATE = 90_000;
export const FLV_TICKS_PER_MS = 90;

/**
 * Takes the wrap of 32 bits out of timestamps, for sound and pictures together, which are on one clock: a stamp is so much
 * before or after the one before it as is nearer.
 */
export class TimestampUnwrapper {
  #lastMs: number | undefined;

  unwrap(timestampMs: number): number {
    const lastMs = this.#lastMs ?? timestampMs;
    this.#lastMs = lastMs + ((timestampMs - lastMs) | 0);
    return this.#lastMs;
  }
}

/** Collects the first bytes of a body, or a small body whole. */
export class ByteCollector {
  #bytes: Buffer;
  #length = 0;
  #wanted = 0;

  constructor(initialBytes: number) {
    this.#bytes = Buffer.alloc(initialBytes);
  }

  get length(): number {
    return this.#length;
  }

  get isComplete(): boolean {
    return this.#length >= this.#wanted;
  }

  /** What was collected; valid until the next `restart`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  restart(wanted: number): void {
    this.#length = 0;
    this.want(wanted);
  }

  /** Asks for more, and keeps what there is. */
  want(wanted: number): void {
    this.#wanted = wanted;
    if (wanted <= this.#bytes.length) return;
    const larger = Buffer.alloc(wanted);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }

  byteAt(offset: number): number {
    return offset < this.#length ? (this.#bytes[offset] ?? 0) : 0;
  }

  /** Takes what it still wants of `source[start, end)`; yields where it stopped. */
  take(source: Buffer, start: number, end: number): number {
    const stop = Math.min(end, start + this.#wanted - this.#length);
    source.copy(this.#bytes, this.#length, start, stop);
    this.#length += stop - start;
    return stop;
  }
}
