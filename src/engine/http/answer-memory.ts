/**
 * What answers from memory hold until their clients have taken them. What many clients take at once, such as the newest
 * segment of a camera, is there once and counts once; what lies about because clients do not read is bounded.
 */
export class AnswerMemory {
  readonly limitBytes: number;
  readonly #holders = new Map<Uint8Array, number>();
  #bytes = 0;
  #refused = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Answers that were not begun, since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Disposing lets go of them. `undefined` where these are new and there is no room for them. */
  hold(chunks: readonly Uint8Array[]): Disposable | undefined {
    const newBytes = chunks
      .filter((chunk) => !this.#holders.has(chunk))
      .reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (newBytes > 0 && this.#bytes + newBytes > this.limitBytes) {
      this.#refused += 1;
      return undefined;
    }
    for (const chunk of chunks) this.#holders.set(chunk, (this.#holders.get(chunk) ?? 0) + 1);
    this.#bytes += newBytes;
    return { [Symbol.dispose]: () => chunks.forEach((chunk) => this.#release(chunk)) };
  }

  #release(chunk: Uint8Array): void {
    const others = (this.#holders.get(chunk) ?? 0) - 1;
    if (others > 0) {
      this.#holders.set(chunk, others);
      return;
    }
    this.#holders.delete(chunk);
    this.#bytes -= chunk.byteLength;
  }
}
