/** So many in a row cost nothing: a camera that is being set up. */
const BURST = 8;
const RECOVERY_MS = 2_000;

/**
 * How often a stream may be described anew. Each time a file begins, and every viewer's decoder: a camera whose parameter
 * sets change with every picture would wear out the disk and the index of all others.
 */
export class GenerationPace {
  #left = BURST;
  #notedMonotonicMs = 0;

  /** Whether the stream may be described anew now. */
  take(nowMonotonicMs: number): boolean {
    this.#left = Math.min(BURST, this.#left + (nowMonotonicMs - this.#notedMonotonicMs) / RECOVERY_MS);
    this.#notedMonotonicMs = nowMonotonicMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
