import { expect, it } from 'vitest';
import { ThrottledAnnouncer } from '../../../../../src/main/features/discovery/throttled-announcer.ts';
import type { Clock } from '../../../../../src/shared/domain/clock.ts';

/** A clock that moves when it is told to. */
class HandClock implements Clock {
  #nowMs = 0;
  #timers: { readonly atMs: number; readonly callback: () => void }[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }
  utcMs(): number {
    return this.#nowMs;
  }
  after(delayMs: number, callback: () => void): Disposable {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    return {
      [Symbol.dispose]: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }
  every(): Disposable {
    throw new Error('Nothing here repeats.');
  }
  advance(durationMs: number): void {
    this.#nowMs += durationMs;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { callback } of due) callback();
  }
}

it('announces at once, then at most once a period, and never forgets the last change', () => {
  const clock = new HandClock();
  const announcer = new ThrottledAnnouncer(clock, 100);
  const heardAtMs: number[] = [];
  announcer.onChange(() => heardAtMs.push(clock.monotonicMs()));
  for (let step = 0; step < 25; step += 1) {
    announcer.announce();
    clock.advance(10);
  }
  clock.advance(100);
  clock.advance(500);
  announcer.announce();
  expect(heardAtMs).toEqual([0, 100, 200, 350, 850]);
});
