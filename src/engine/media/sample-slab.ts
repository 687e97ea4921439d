import type { SampleMemory, Slab, SlabPool } from './slab-pool.ts';

/** A finished sample: its bytes, and what keeps them. */
export interface TakenSample {
  readonly data: Uint8Array;
  readonly memory: SampleMemory;
}

export interface SampleSlabLimits {
  /** The largest sample; what would go beyond is refused. */
  readonly limitBytes: number;
  /** A slab takes at least two of the stream's larger samples, but is no larger than this unless a sample is. */
  readonly preferredBytes: number;
}

/** After so many samples a large one counts for a third. */
const REMEMBERED_SAMPLES = 128;

/**
 * Memory for samples. Bytes are appended where the sample will stay: consecutive samples of a track lie side by side in a
 * slab, a finished sample is a view into it, and nobody writes below the end of the last finished sample while somebody
 * holds the slab. Only the sample that a slab's end cuts moves to the next slab. The slab in hand is held from here, so a
 * sample is good until the next append; whoever needs it longer retains its memory.
 */
export class SampleSlab {
  readonly #pool: SlabPool;
  readonly #limits: SampleSlabLimits;
  #slab: Slab | undefined;
  #bytes: Buffer = Buffer.alloc(0);
  /** Where the sample under construction starts and ends. */
  #start = 0;
  #end = 0;
  /** Of the samples so far; fades. */
  #largestBytes = 0;

  constructor(pool: SlabPool, limits: SampleSlabLimits) {
    this.#pool = pool;
    this.#limits = limits;
  }

  /** Bytes in the sample under construction. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Appends `source[start, end)`; false, and nothing appended, when the sample would pass its limit. */
  append(source: Buffer, start: number, end: number): boolean {
    const count = end - start;
    if (!this.#reserve(count)) return false;
    source.copy(this.#bytes, this.#end, start, end);
    this.#end += count;
    return true;
  }

  appendByte(byte: number): boolean {
    if (!this.#reserve(1)) return false;
    this.#bytes[this.#end] = byte;
    this.#end += 1;
    return true;
  }

  /** Appends four bytes to be patched later with `patchUint32`. */
  appendUint32(value: number): boolean {
    if (!this.#reserve(4)) return false;
    this.#bytes.writeUInt32BE(value, this.#end);
    this.#end += 4;
    return true;
  }

  /** Overwrites four bytes at `offset` of the sample under construction. */
  patchUint32(offset: number, value: number): void {
    this.#bytes.writeUInt32BE(value, this.#start + offset);
  }

  /** The byte at `offset` of the sample under construction; 0 beyond its end. */
  byteAt(offset: number): number {
    return offset < this.length ? (this.#bytes[this.#start + offset] ?? 0) : 0;
  }

  /** A look at `[from, to)` of the sample under construction, valid until the next append. */
  peek(from: number, to: number): Uint8Array {
    return this.#bytes.subarray(this.#start + from, this.#start + to);
  }

  /** Cuts the sample under construction back to `length` bytes. */
  truncate(length: number): void {
    this.#end = Math.min(this.#end, this.#start + length);
  }

  /** Ends the sample and hands it out. */
  take(): TakenSample {
    const memory = (this.#slab ??= this.#next(0));
    const data = this.#bytes.subarray(this.#start, this.#end);
    this.#largestBytes = Math.max(data.length, this.#largestBytes * (1 - 1 / REMEMBERED_SAMPLES));
    this.#start = this.#end;
    return { data, memory };
  }

  /** Lets go of the slab in hand; what follows goes into another. */
  release(): void {
    this.#slab?.release();
    this.#slab = undefined;
    this.#bytes = Buffer.alloc(0);
    this.#start = 0;
    this.#end = 0;
  }

  #reserve(count: number): boolean {
    const length = this.length + count;
    if (length > this.#limits.limitBytes) return false;
    if (this.#end + count <= this.#bytes.length) return true;
    this.#next(length);
    return true;
  }

  /** Moves the sample under construction, of `length` bytes so far, to the next slab. */
  #next(length: number): Slab {
    const usualBytes = Math.min(2 * this.#largestBytes, this.#limits.preferredBytes);
    // The pool's sizes double, so a sample larger than a slab is not moved for every packet.
    const next = this.#pool.take(Math.max(usualBytes, length));
    this.#bytes.copy(next.bytes, 0, this.#start, this.#end);
    this.#slab?.release();
    this.#end -= this.#start;
    this.#start = 0;
    this.#slab = next;
    this.#bytes = next.bytes;
    return next;
  }
}
