/** Memory that samples lie in. It is used again when nobody holds it any more. */
export interface SampleMemory {
  /** Keeps the bytes from being written to again; each call wants one `release`. */
  retain(): void;
  /** The bytes must not be looked at after this by whoever retained them. */
  release(): void;
}

const SMALLEST_SLAB_BYTES = 16 * 1024;

/** A piece of a pool's memory; whoever took it is its first holder. Forgotten ones fall to the garbage collector. */
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

/**
 * Slabs for all streams of an engine, in sizes that are powers of two. Tens of megabytes a second pass through: the garbage
 * collector would let them pile up for seconds.
 */
export class SlabPool {
  readonly #maximumIdleBytes: number;
  readonly #idle = new Map<number, Buffer[]>();
  #idleBytes = 0;

  constructor({ maximumIdleBytes }: { readonly maximumIdleBytes: number }) {
    this.#maximumIdleBytes = maximumIdleBytes;
  }

  /** Bytes that wait for a stream. */
  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** A slab of at least so many bytes, with whatever was in them before. */
  take(minimumBytes: number): Slab {
    const byteLength = slabBytesFor(minimumBytes);
    const idle = this.#idle.get(byteLength)?.pop();
    if (idle !== undefined) this.#idleBytes -= byteLength;
    return new Slab(idle ?? Buffer.allocUnsafeSlow(byteLength), this.#giveBack);
  }

  readonly #giveBack = (bytes: Buffer): void => {
    if (this.#idleBytes + bytes.length > this.#maximumIdleBytes) return;
    this.#idleBytes += bytes.length;
    const ofItsSize = this.#idle.get(bytes.length);
    if (ofItsSize === undefined) this.#idle.set(bytes.length, [bytes]);
    else ofItsSize.push(bytes);
  };
}

function slabBytesFor(minimumBytes: number): number {
  return Math.max(SMALLEST_SLAB_BYTES, 2 ** Math.ceil(Math.log2(minimumBytes)));
}
