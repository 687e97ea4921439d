/**
 * Reads bits, most significant first. Reading past the end yields zeros and sets `overrun`, so that a parser reads its
 * whole structure straight through and asks once at the end whether the bytes were enough.
 */
export class BitReader {
  readonly #bytes: Uint8Array;
  #position = 0;
  #overrun = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get overrun(): boolean {
    return this.#overrun;
  }

  get bitsLeft(): number {
    return Math.max(0, this.#bytes.length * 8 - this.#position);
  }

  /** Another reader at the same place. */
  clone(): BitReader {
    const clone = new BitReader(this.#bytes);
    clone.skip(this.#position);
    return clone;
  }

  bit(): 0 | 1 {
    const byte = this.#bytes[this.#position >> 3];
    if (byte === undefined) {
      this.#overrun = true;
      return 0;
    }
    const bit = (byte >> (7 - (this.#position & 7))) & 1;
    this.#position += 1;
    return bit === 1 ? 1 : 0;
  }

  flag(): boolean {
    return this.bit() === 1;
  }

  /** An unsigned number of at most 32 bits. */
  bits(count: number): number {
    let value = 0;
    for (let read = 0; read < count; read += 1) value = value * 2 + this.bit();
    return value;
  }

  skip(count: number): void {
    this.#position += count;
    if (this.#position > this.#bytes.length * 8) this.#overrun = true;
  }

  /** Exp-Golomb, unsigned: ITU-T H.264 §9.1 ue(v). */
  unsignedGolomb(): number {
    let zeros = 0;
    while (zeros < 32 && !this.#overrun && this.bit() === 0) zeros += 1;
    if (zeros === 32) this.#overrun = true;
    return this.#overrun ? 0 : 2 ** zeros - 1 + this.bits(zeros);
  }

  /** Exp-Golomb, signed: ITU-T H.264 §9.1.1 se(v). */
  signedGolomb(): number {
    const code = this.unsignedGolomb();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }
}
