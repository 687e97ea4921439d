import { allocatePages } from './page-memory.ts';

/** The smallest block of a region, in bytes. */
export const smallestBlockBytes = 16 * 1024;
/** The largest one: a whole region. The system hands it out as it is touched. */
export const regionBytes = 4 * 1024 ** 2;

const levels = Math.log2(regionBytes / smallestBlockBytes) + 1;

/**
 * One large piece of memory, given out in blocks that are powers of two and put together again when both halves are free (the
 * buddy system, Knuth, The Art of Computer Programming 1, §2.5). To the garbage collector it is a single object however often its
 * blocks change hands: thousands of short-lived buffers would have it run all the time.
 */
export class MemoryRegion {
  readonly #memory = allocatePages(regionBytes);
  /** Offsets of free blocks by size: `#free[0]` of the smallest ones. */
  readonly #free: readonly Set<number>[] = Array.from({ length: levels }, () => new Set<number>());
  #usedBytes = 0;

  constructor() {
    this.#free.at(-1)?.add(0);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** A block of exactly so many bytes, a power of two between the two sizes above; nothing when there is no room. */
  take(byteLength: number): Buffer | undefined {
    const wanted = levelOf(byteLength);
    let level = wanted;
    while (level < levels && this.#free[level]?.size === 0) level += 1;
    const free = this.#free[level];
    if (free === undefined) return undefined;
    // The lowest, so that what was never touched stays so as long as it can.
    const offset = Math.min(...free);
    free.delete(offset);
    // The upper halves stay free.
    for (; level > wanted; level -= 1) this.#free[level - 1]?.add(offset + bytesAt(level - 1));
    this.#usedBytes += byteLength;
    return Buffer.from(this.#memory, offset, byteLength);
  }

  /** Takes back a block that `take` of this region has given. */
  giveBack(block: Buffer): void {
    this.#usedBytes -= block.byteLength;
    let offset = block.byteOffset;
    let level = levelOf(block.byteLength);
    for (; level < levels - 1; level += 1) {
      const other = offset ^ bytesAt(level);
      if (this.#free[level]?.delete(other) !== true) break;
      offset = Math.min(offset, other);
    }
    this.#free[level]?.add(offset);
  }
}

function levelOf(byteLength: number): number {
  return Math.log2(byteLength / smallestBlockBytes);
}

function bytesAt(level: number): number {
  return smallestBlockBytes * 2 ** level;
}
