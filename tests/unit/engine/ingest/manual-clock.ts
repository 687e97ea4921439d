import type { Clock } from '../../../../src/shared/domain/clock.ts';

interface Alarm {
  readonly atMs: number;
  readonly callback: () => void;
}

/** Time that passes when the test says so. */
export class ManualClock implements Clock {
  #monotonicMs = 1_000;
  #utcOffsetMs = Date.UTC(2026, 0, 1);
  #alarms: readonly Alarm[] = [];

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  utcMs(): number {
    return this.#monotonicMs + this.#utcOffsetMs;
  }

  /** Somebody sets the wall clock. */
  setWallClockBy(ms: number): void {
    this.#utcOffsetMs += ms;
  }

  after(delayMs: number, callback: () => void): Disposable {
    const alarm = { atMs: this.#monotonicMs + delayMs, callback };
    this.#alarms = [...this.#alarms, alarm];
    return {
      [Symbol.dispose]: () => {
        this.#alarms = this.#alarms.filter((other) => other !== alarm);
      },
    };
  }

  every(periodMs: number, callback: () => void): Disposable {
    let next = this.after(periodMs, tick.bind(this));
    let isDisposed = false;
    function tick(this: ManualClock): void {
      callback();
      if (!isDisposed) next = this.after(periodMs, tick.bind(this));
    }
    return {
      [Symbol.dispose]: () => {
        isDisposed = true;
        next[Symbol.dispose]();
      },
    };
  }

  /** The whole process stands still: timers ring late, all at the end. */
  standStill(ms: number): void {
    this.#monotonicMs += ms;
    this.advance(0);
  }

  get pendingAlarms(): number {
    return this.#alarms.length;
  }

  advance(ms: number): void {
    const end = this.#monotonicMs + ms;
    for (;;) {
      const [due] = this.#alarms
        .filter(({ atMs }) => atMs <= end)
        .toSorted((left, right) => left.atMs - right.atMs);
      if (due === undefined) break;
      this.#alarms = this.#alarms.filter((other) => other !== due);
      this.#monotonicMs = Math.max(this.#monotonicMs, due.atMs);
      due.callback();
    }
    this.#monotonicMs = end;
  }
}
