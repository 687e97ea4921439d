import { describe, expect, it } from 'vitest';
import { RelapseDelay } from '../../../../src/engine/storage/relapse-delay.ts';

/** Fails at a time, and is cleared as soon as it may be. */
function delayAfterFailure(delay: RelapseDelay, failedMs: number): number {
  delay.failed(failedMs);
  let waitedMs = 0;
  while (!delay.isOver(failedMs + waitedMs)) waitedMs += 500;
  delay.cleared(failedMs + waitedMs);
  return waitedMs;
}

describe('RelapseDelay', () => {
  it('lets a volume back at once the first time', () => {
    expect(delayAfterFailure(new RelapseDelay(), 5000)).toBe(0);
  });

  it('doubles with every relapse, up to a minute', () => {
    const delay = new RelapseDelay();
    let nowMs = 0;
    const delays = Array.from({ length: 8 }, () => {
      const waitedMs = delayAfterFailure(delay, nowMs);
      nowMs += waitedMs + 1000;
      return waitedMs;
    });
    expect(delays).toEqual([0, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('forgets after a minute without errors', () => {
    const delay = new RelapseDelay();
    delayAfterFailure(delay, 0);
    delayAfterFailure(delay, 1000);
    expect(delayAfterFailure(delay, 3000 + 60_000)).toBe(0);
  });
});
