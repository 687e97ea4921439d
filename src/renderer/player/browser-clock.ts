import type { Clock } from '../../shared/domain/clock.ts';

export const browserClock: Clock = {
  monotonicMs: () => performance.now(),
  utcMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return {
      [Symbol.dispose]: () => {
        clearTimeout(timer);
      },
    };
  },
  every(periodMs, callback) {
    const timer = setInterval(callback, periodMs);
    return {
      [Symbol.dispose]: () => {
        clearInterval(timer);
      },
    };
  },
};
