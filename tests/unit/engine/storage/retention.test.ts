import { describe, expect, it } from 'vitest';
import { planRetention } from '../../../../src/engine/storage/retention.ts';

const limits = { reserveBytes: 100, headroomBytes: 50, quotaBytes: 1000 };

describe('planRetention', () => {
  it.each([
    { freeBytes: 150, storedBytes: 1000, reason: undefined },
    { freeBytes: 149, storedBytes: 0, reason: 'free-space' },
    { freeBytes: 0, storedBytes: 2000, reason: 'free-space' },
    { freeBytes: 150, storedBytes: 1001, reason: 'quota' },
  ])('with $freeBytes free and $storedBytes stored: $reason', ({ freeBytes, storedBytes, reason }) => {
    expect(planRetention({ freeBytes, storedBytes, limits })).toBe(reason);
  });

  it('knows no quota unless one is set', () => {
    const { quotaBytes: _, ...withoutQuota } = limits;
    expect(planRetention({ freeBytes: 150, storedBytes: 1e15, limits: withoutQuota })).toBeUndefined();
  });
});
