import type { Clock } from '../../shared/domain/clock.ts';

/** A clock that knows how many of its alarms have yet to ring: a number that must not grow with time. */
export interface CountedClock extends Clock {
  readonly pendingTimers: number;
}

export function countTimers(clock: Clock): CountedClock {
  let pendingTimers = 0;
  /** Yields what gives the place back, once. */
  const take = (): (() => void) => {
    let isHeld = true;
    pendingTimers += 1;
    return () => {
      if (isHeld) pendingTimers -= 1;
      isHeld = false;
    };
  };
  return {
    get pendingTimers() {
      return pendingTimers;
    },
    monotonicMs: () => clock.monotonicMs(),
    utcMs: () => clock.utcMs(),
    after(delayMs, callback) {
      const release = take();
      const alarm = clock.after(delayMs, () => {
        release();
        callback();
      });
      return released(alarm, release);
    },
    every(periodMs, callback) {
      return released(clock.every(periodMs, callback), take());
    },
  };
}

function released(alarm: Disposable, release: () => void): Disposable {
  return {
    [Symbol.dispose]: () => {
      alarm[Symbol.dispose]();
      release();
    },
  };
}
