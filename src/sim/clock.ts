/** Time for the simulation. Intervals use `monotonicMs`, protocol fields use `utcMs`. */

export interface SimClock {
  /** Milliseconds, with fractions, since an arbitrary start; never steps back. */
  monotonicMs(): number;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  utcMs(): number;
  /** Calls `callback` once after `delayMs`; the returned function cancels it. */
  schedule(delayMs: number, callback: () => void): () => void;
}

export const systemClock: SimClock = {
  monotonicMs: () => performance.now(),
  utcMs: () => Date.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};
