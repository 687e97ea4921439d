/**
 * Memory for samples. Bytes are appended where the sample will stay: consecutive samples of a track lie side by side in a
 * slab, a finished sample is a view into it, and nobody writes below the end of the last finished sample again. Only the
 * sample that a slab's end cuts moves to the next slab. A slab is left to the garbage collector when its last sample is.
 */
export class SampleSlab {
  readonly #slabBytes: number;
  readonly #limitBytes: number;
  #slab: Buffer;
  /** Where the sample under construction starts and ends. */
  #start = 0;
  #end = 0;

  /** `limitBytes` is the largest sample; what would go beyond is refused. */
  constructor({ slabBytes, limitBytes }: { readonly slabBytes: number; readonly limitBytes: number }) {
    this.#slabBytes = slabBytes;
    this.#limitBytes = limitBytes;
    this.#slab = Buffer.alloc(0);
  }

  /** Bytes in the sample under construction. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Appends `source[start, end)`; false, and nothing appended, when the sample would pass its limit. */
  append(source: Buffer, start: number, end: number): boolean {
    const count = end - start;
    if (!this.#reserve(count)) return false;
    source.copy(this.#slab, this.#end, start, end);
    this.#end += count;
    return true;
  }

  appendByte(byte: number): boolean {
    if (!this.#reserve(1)) return false;
    this.#slab[this.#end] = byte;
    this.#end += 1;
    return true;
  }

  /** Appends four bytes to be patched later with `patchUint32`. */
  appendUint32(value: number): boolean {
    if (!this.#reserve(4)) return false;
    this.#slab.writeUInt32BE(value, this.#end);
    this.#end += 4;
    return true;
  }

  /** Overwrites four bytes at `offset` of the sample under construction. */
  patchUint32(offset: number, value: number): void {
    this.#slab.writeUInt32BE(value, this.#start + offset);
  }

  /** The byte at `offset` of the sample under construction; 0 beyond its end. */
  byteAt(offset: number): number {
    return offset < this.length ? (this.#slab[this.#start + offset] ?? 0) : 0;
  }

  /** A look at `[from, to)` of the sample under construction, valid until the next append. */
  peek(from: number, to: number): Uint8Array {
    return this.#slab.subarray(this.#start + from, this.#start + to);
  }

  /** Cuts the sample under construction back to `length` bytes. */
  truncate(length: number): void {
    this.#end = Math.min(this.#end, this.#start + length);
  }

  /** Ends the sample and hands it out. */
  take(): Uint8Array {
    const sample = this.#slab.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return sample;
  }

  #reserve(count: number): boolean {
    if (this.#end + count <= this.#slab.length) return this.length + count <= this.#limitBytes;
    const length = this.length;
    if (length + count > this.#limitBytes) return false;
    // Doubling keeps a sample larger than a slab from being moved for every packet.
    const next = Buffer.allocUnsafeSlow(Math.max(this.#slabBytes, 2 * (length + count)));
    this.#slab.copy(next, 0, this.#start, this.#end);
    this.#slab = next;
    this.#start = 0;
    this.#end = length;
    return true;
  }
}
