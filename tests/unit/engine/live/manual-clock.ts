import type { Clock } from '../../../../src/shared/domain/clock.ts';

export interface ManualClock extends Clock {
  /** Lets time pass and calls back what is due, in order. */
  advance(byMs: number): void;
}

interface Timer {
  dueMs: number;
  readonly periodMs: number | undefined;
  readonly callback: () => void;
}

export function manualClock(): ManualClock {
  let nowMs = 0;
  const timers = new Set<Timer>();
  const schedule = (timer: Timer): Disposable => {
    timers.add(timer);
    return { [Symbol.dispose]: () => void timers.delete(timer) };
  };
  const nextDue = (untilMs: number): Timer | undefined =>
    [...timers].filter(({ dueMs }) => dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0];
  return {
    monotonicMs: () => nowMs,
    utcMs: () => 1_700_000_000_000 + nowMs,
    after: (delayMs, callback) => schedule({ dueMs: nowMs + delayMs, periodMs: undefined, callback }),
    every: (periodMs, callback) => schedule({ dueMs: nowMs + periodMs, periodMs, callback }),
    advance(byMs) {
      const untilMs = nowMs + byMs;
      for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
        nowMs = timer.dueMs;
        if (timer.periodMs === undefined) timers.delete(timer);
        else timer.dueMs += timer.periodMs;
        timer.callback();
      }
      nowMs = untilMs;
    },
  };
}
