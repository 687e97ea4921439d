import { performance } from 'node:perf_hooks';
import type { Clock } from '../../shared/domain/clock.ts';

/** The machine's own clock. Its timers never keep the process alive: what keeps an engine running is its listening socket. */
export function createSystemClock(): Clock {
  return {
    monotonicMs: () => performance.now(),
    utcMs: () => Date.now(),
    after(delayMs, callback) {
      const timer = setTimeout(callback, delayMs);
      timer.unref();
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    },
    every(periodMs, callback) {
      const timer = setInterval(callback, periodMs);
      timer.unref();
      return { [Symbol.dispose]: () => clearInterval(timer) };
    },
  };
}
