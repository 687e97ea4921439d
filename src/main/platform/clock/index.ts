import { performance } from 'node:perf_hooks';
import type { Clock } from '../ports.ts';

/** The machine's clock. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  utcMs: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
  every: (periodMs, callback) => {
    const timer = setInterval(callback, periodMs);
    timer.unref();
    return { [Symbol.dispose]: () => clearInterval(timer) };
  },
};
