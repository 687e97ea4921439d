/** Upper bounds of the buckets, ms. The last bucket has none. */
export const latencyBoundsMs = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000] as const;

/** What a histogram holds, to be read while it goes on counting. */
export interface LatencyCounts {
  /** One for each of `latencyBoundsMs`, and one for everything above; not cumulated. */
  readonly buckets: readonly number[];
  readonly count: number;
  readonly sumMs: number;
}

/** How long operations took. Counting one allocates nothing. */
export class LatencyHistogram {
  readonly #buckets = new Float64Array(latencyBoundsMs.length + 1);
  #count = 0;
  #sumMs = 0;

  add(durationMs: number): void {
    let bucket = 0;
    for (const boundMs of latencyBoundsMs) {
      if (durationMs <= boundMs) break;
      bucket += 1;
    }
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sumMs += durationMs;
  }

  counts(): LatencyCounts {
    return { buckets: [...this.#buckets], count: this.#count, sumMs: this.#sumMs };
  }
}
