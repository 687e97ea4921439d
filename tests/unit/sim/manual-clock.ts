import type { SimClock } from '../../../src/sim/clock.ts';

/** A clock that stands still until it is moved. */
export class ManualClock implements SimClock {
  #nowMs = 1000;
  #timers: { readonly atMs: number; readonly callback: () => void }[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }

  utcMs(): number {
    return Date.UTC(2026, 0, 1) + this.#nowMs;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get timerCount(): number {
    return this.#timers.length;
  }

  /** Moves on by `durationMs`; timers fire at their time, each `lateMs` late. */
  advance(durationMs: number, lateMs = 0): void {
    const endMs = this.#nowMs + durationMs;
    for (;;) {
      const next = this.#timers
        .toSorted((left, right) => left.atMs - right.atMs)
        .find((timer) => timer.atMs + lateMs <= endMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs + lateMs);
      next.callback();
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  /** Moves on without letting any timer fire, as when the machine sleeps. */
  freeze(durationMs: number): void {
    this.#nowMs += durationMs;
  }
}
