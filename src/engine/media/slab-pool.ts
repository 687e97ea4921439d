import { MemoryRegion, regionBytes, smallestBlockBytes } from './memory-region.ts';

/** Memory that samples lie in. It is used again when nobody holds it any more. */
export interface SampleMemory {
  /** Keeps the bytes from being written to again; each call wants one `release`. */
  retain(): void;
  /** The bytes must not be looked at after this by whoever retained them. */
  release(): void;
}

/** A piece of a pool's memory; whoever took it is its first holder. */
export class Slab implements SampleMemory {
  readonly bytes: Buffer;
  readonly #giveBack: (bytes: Buffer) => void;
  #holders = 1;

  constructor(bytes: Buffer, giveBack: (bytes: Buffer) => void) {
    this.bytes = bytes;
    this.#giveBack = giveBack;
  }

  retain(): void {
    if (this.#holders === 0) throw new Error('Memory that was given back cannot be retained.');
    this.#holders += 1;
  }

  release(): void {
    if (this.#holders === 0) throw new Error('Memory was released more often than retained.');
    this.#holders -= 1;
    if (this.#holders === 0) this.#giveBack(this.bytes);
  }
}

/** Blocks larger than a region have their memory for themselves, and leave it to the garbage collector. */
function leave(): void {
  // Nothing to keep.
}

/**
 * After so many slabs, some seconds of an engine under load, memory beyond what was needed at once in that time goes back to
 * the system. Not sooner: groups of pictures come and go, and what is let go now is asked for again within the second.
 */
const slabsBetweenReviews = 2048;

interface PooledRegion {
  readonly region: MemoryRegion;
  readonly giveBack: (bytes: Buffer) => void;
}

/**
 * Slabs for all streams of an engine, in sizes that are powers of two. Tens of megabytes a second pass through: the garbage
 * collector would let them pile up for seconds, and be busy with them all the time.
 */
export class SlabPool {
  /** The oldest first: they stay in use, so that later ones fall empty and can be let go. */
  readonly #regions: PooledRegion[] = [];
  readonly #maximumIdleBytes: number;
  #usedBytes = 0;
  #slabsUntilReview = slabsBetweenReviews;
  /** Regions needed at once since the last review. */
  #neededRegions = 0;

  /** Idle memory up to `maximumIdleBytes` is kept even if it was not needed for long. */
  constructor({ maximumIdleBytes }: { readonly maximumIdleBytes: number }) {
    this.#maximumIdleBytes = maximumIdleBytes;
  }

  /** Bytes that wait for a stream. */
  get idleBytes(): number {
    return this.#regions.length * regionBytes - this.#usedBytes;
  }

  /** Bytes of slabs that somebody holds. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** A slab of at least so many bytes, with whatever was in them before. */
  take(minimumBytes: number): Slab {
    const byteLength = slabBytesFor(minimumBytes);
    if (byteLength > regionBytes) return new Slab(Buffer.allocUnsafeSlow(byteLength), leave);
    this.#slabsUntilReview -= 1;
    if (this.#slabsUntilReview === 0) this.#review();
    this.#usedBytes += byteLength;
    let order = 0;
    for (const { region, giveBack } of this.#regions) {
      order += 1;
      const bytes = region.take(byteLength);
      if (bytes === undefined) continue;
      this.#neededRegions = Math.max(this.#neededRegions, order);
      return new Slab(bytes, giveBack);
    }
    return this.#takeFromNewRegion(byteLength);
  }

  #takeFromNewRegion(byteLength: number): Slab {
    const region = new MemoryRegion();
    const giveBack = (bytes: Buffer): void => {
      region.giveBack(bytes);
      this.#usedBytes -= bytes.byteLength;
    };
    this.#regions.push({ region, giveBack });
    this.#neededRegions = this.#regions.length;
    const bytes = region.take(byteLength);
    if (bytes === undefined) throw new Error(`A new region has no block of ${byteLength} bytes.`);
    return new Slab(bytes, giveBack);
  }

  #review(): void {
    this.#slabsUntilReview = slabsBetweenReviews;
    for (let index = this.#regions.length - 1; index >= this.#neededRegions; index -= 1) {
      if (this.idleBytes - regionBytes < this.#maximumIdleBytes) break;
      if (this.#regions[index]?.region.usedBytes === 0) this.#regions.splice(index, 1);
    }
    this.#neededRegions = 0;
  }
}

function slabBytesFor(minimumBytes: number): number {
  return Math.max(smallestBlockBytes, 2 ** Math.ceil(Math.log2(minimumBytes)));
}
