import { expect, it } from 'vitest';
import { pollDelayMs } from '../../../../../src/main/features/fleet/poll-delay.ts';

it('waits a second, then twice as long with each failure up to 15 s, spread by a tenth', () => {
  expect([0, 1, 2, 3, 4, 5, 60].map((failures) => pollDelayMs(failures, 0.5))).toEqual([
    1000, 1000, 2000, 4000, 8000, 15_000, 15_000,
  ]);
  expect(pollDelayMs(0, 0)).toBe(950);
  expect(pollDelayMs(0, 0.999)).toBeCloseTo(1050, -1);
});
