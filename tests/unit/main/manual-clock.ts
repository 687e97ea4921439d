import type { Clock } from '../../../src/main/platform/ports.ts';

interface Timer {
  dueMonotonicMs: number;
  readonly periodMs: number | undefined;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<Timer>();

  monotonicMs(): number {
    return this.#nowMs;
  }

  utcMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Disposable {
    return this.#add({ dueMonotonicMs: this.#nowMs + delayMs, periodMs: undefined, callback });
  }

  every(periodMs: number, callback: () => void): Disposable {
    return this.#add({ dueMonotonicMs: this.#nowMs + periodMs, periodMs, callback });
  }

  advance(durationMs: number): void {
    const end = this.#nowMs + durationMs;
    for (let timer = this.#nextDue(end); timer !== undefined; timer = this.#nextDue(end)) {
      this.#nowMs = timer.dueMonotonicMs;
      if (timer.periodMs === undefined) this.#timers.delete(timer);
      else timer.dueMonotonicMs += timer.periodMs;
      timer.callback();
    }
    this.#nowMs = end;
  }

  #add(timer: Timer): Disposable {
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  #nextDue(end: number): Timer | undefined {
    return [...this.#timers]
      .filter(({ dueMonotonicMs }) => dueMonotonicMs <= end)
      .toSorted((one, other) => one.dueMonotonicMs - other.dueMonotonicMs)[0];
  }
}
