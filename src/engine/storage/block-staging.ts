import { pageBytes, pageOffsetOf, smallestInPlaceBytes } from '../media/page-memory.ts';

/** What direct I/O wants addresses, lengths and file positions to be multiples of, in bytes: no disk has larger blocks. */
export const directBlockBytes = pageBytes;

/** Linux takes at most 1024 pieces in one `writev` (IOV_MAX). */
const maximumPieces = 512;
/** Size and type, ISO/IEC 14496-12 §4.2. */
const boxHeaderBytes = 8;
const freeBoxType = 0x66726565;

/**
 * Makes pieces of whole blocks, at addresses that direct I/O takes, out of bytes that begin a block of the file. What lies in
 * its memory as it will in the file, as far into a page as into a block, stays where it is; the rest is gathered in `staging`.
 */
export class BlockStaging {
  readonly #staging: Uint8Array;
  /** The last block is left for padding. */
  readonly #capacity: number;
  #pieces: Uint8Array[] = [];
  #filled = 0;
  /** Where in `staging` the piece in hand begins. */
  #pieceStart = 0;

  /** `staging` has whole blocks, two at least, and begins a page. */
  constructor(staging: Uint8Array) {
    this.#staging = staging;
    this.#capacity = staging.byteLength - directBlockBytes;
  }

  /** Nothing more fits before the pieces are taken. */
  get isFull(): boolean {
    return this.#filled === this.#capacity;
  }

  /** Takes bytes of the chunk from there on; the answer is how many. */
  add(chunk: Uint8Array, from: number): number {
    const rest = chunk.byteLength - from;
    const intoBlock = this.#filled % directBlockBytes;
    if (rest < smallestInPlaceBytes || !this.#isCongruent(chunk, from, intoBlock))
      return this.#copy(chunk, from, rest);
    if (intoBlock > 0) return this.#copy(chunk, from, directBlockBytes - intoBlock);
    this.#endPiece();
    const whole = rest - (rest % directBlockBytes);
    this.#pieces.push(chunk.subarray(from, from + whole));
    return whole;
  }

  /** Fills the last block up with a `free` box (ISO/IEC 14496-12 §8.1.2). */
  pad(): void {
    const end = paddedBytes(this.#filled);
    writeFreeBox(this.#staging, this.#filled, end);
    this.#filled = end;
  }

  /** The pieces in their order; to be written before anything is added. */
  take(): readonly Uint8Array[] {
    this.#endPiece();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#filled = 0;
    this.#pieceStart = 0;
    return pieces;
  }

  #isCongruent(chunk: Uint8Array, from: number, intoBlock: number): boolean {
    if (this.#pieces.length >= maximumPieces) return false;
    const intoPage = pageOffsetOf(chunk);
    return intoPage !== undefined && (intoPage + from) % directBlockBytes === intoBlock;
  }

  #copy(chunk: Uint8Array, from: number, wanted: number): number {
    const count = Math.min(wanted, this.#capacity - this.#filled);
    this.#staging.set(count === chunk.byteLength ? chunk : chunk.subarray(from, from + count), this.#filled);
    this.#filled += count;
    return count;
  }

  #endPiece(): void {
    if (this.#filled > this.#pieceStart)
      this.#pieces.push(this.#staging.subarray(this.#pieceStart, this.#filled));
    this.#pieceStart = this.#filled;
  }
}

/** `byteLength` with a `free` box behind it, in whole blocks. */
function paddedBytes(byteLength: number): number {
  const padded = Math.ceil(byteLength / directBlockBytes) * directBlockBytes;
  const rest = padded - byteLength;
  return rest === 0 || rest >= boxHeaderBytes ? padded : padded + directBlockBytes;
}

function writeFreeBox(bytes: Uint8Array, start: number, end: number): void {
  if (start === end) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint32(start, end - start);
  view.setUint32(start + 4, freeBoxType);
  // Nothing of another camera's pictures may stay in this one's file.
  bytes.fill(0, start + boxHeaderBytes, end);
}
