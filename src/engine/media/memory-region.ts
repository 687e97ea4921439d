import { allocatePages } from './page-memory.ts';

/** The smallest block of a region, in bytes. */
export const smallestBlockBytes = 16 * 1024;
/** The largest one: a whole region. The system hands it out as it is touched. */
export const regionBytes = 4 * 1024 ** 2;

const smallestBlocks = regionBytes / smallestBlockBytes;
/** The root of the tree below. */
const whole = 1;

/**
 * One large piece of memory, given out in blocks that are powers of two and put together again when both halves are free (the
 * buddy system, Knuth, The Art of Computer Programming 1, §2.5). To the garbage collector it is a single object however often its
 * blocks change hands: thousands of short-lived buffers would have it run all the time.
 */
export class MemoryRegion {
  readonly #memory = allocatePages(regionBytes);
  /**
   * A binary tree in an array, the halves of node n at 2n and 2n + 1: how many of the smallest blocks the largest free one below
   * a node has.
   */
  readonly #largestFree = new Uint16Array(2 * smallestBlocks);
  #usedBytes = 0;

  constructor() {
    for (let node = whole; node < 2 * smallestBlocks; node += 1) this.#largestFree[node] = blocksAt(node);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** A block of exactly so many bytes, a power of two between the two sizes above; nothing when there is no room. */
  take(byteLength: number): Buffer | undefined {
    const blocks = byteLength / smallestBlockBytes;
    if (this.#freeAt(whole) < blocks) return undefined;
    let node = whole;
    for (let size = smallestBlocks; size > blocks; size /= 2) node = this.#fittingHalf(node, blocks);
    this.#largestFree[node] = 0;
    this.#tellParents(node);
    this.#usedBytes += byteLength;
    return Buffer.from(this.#memory, (node * blocks - smallestBlocks) * smallestBlockBytes, byteLength);
  }

  /** Takes back a block that `take` of this region has given. */
  giveBack(block: Buffer): void {
    this.#usedBytes -= block.byteLength;
    const blocks = block.byteLength / smallestBlockBytes;
    const node = (block.byteOffset / smallestBlockBytes + smallestBlocks) / blocks;
    this.#largestFree[node] = blocks;
    this.#tellParents(node);
  }

  #freeAt(node: number): number {
    return this.#largestFree[node] ?? 0;
  }

  /** The half with the smaller free block that is large enough; else the lower, so that what was never touched stays so. */
  #fittingHalf(node: number, blocks: number): number {
    const lower = this.#freeAt(2 * node);
    const upper = this.#freeAt(2 * node + 1);
    return lower >= blocks && (upper < blocks || lower <= upper) ? 2 * node : 2 * node + 1;
  }

  #tellParents(changed: number): void {
    for (let node = changed >> 1; node >= whole; node >>= 1) {
      const lower = this.#freeAt(2 * node);
      const upper = this.#freeAt(2 * node + 1);
      const isFree = lower + upper === blocksAt(node);
      this.#largestFree[node] = isFree ? lower + upper : Math.max(lower, upper);
    }
  }
}

/** How many of the smallest blocks a node stands for. */
function blocksAt(node: number): number {
  return smallestBlocks >> (31 - Math.clz32(node));
}
