/** A volume that has been well for this long has not relapsed when it fails again. */
const trustedAfterMs = 60_000;
const firstDelayMs = 2000;
const longestDelayMs = 60_000;

/**
 * How long a volume that answered with errors is left alone although it seems well again. A disk with bad sectors passes a
 * small test and fails at the next write: without this its cameras would go to and fro every second.
 */
export class RelapseDelay {
  #relapses = 0;
  #failedMonotonicMs = -Infinity;
  #clearedMonotonicMs = -Infinity;

  failed(monotonicMs: number): void {
    this.#relapses = monotonicMs - this.#clearedMonotonicMs < trustedAfterMs ? this.#relapses + 1 : 0;
    this.#failedMonotonicMs = monotonicMs;
  }

  cleared(monotonicMs: number): void {
    this.#clearedMonotonicMs = monotonicMs;
  }

  isOver(monotonicMs: number): boolean {
    return monotonicMs - this.#failedMonotonicMs >= this.#delayMs();
  }

  #delayMs(): number {
    if (this.#relapses === 0) return 0;
    return Math.min(firstDelayMs * 2 ** (this.#relapses - 1), longestDelayMs);
  }
}
