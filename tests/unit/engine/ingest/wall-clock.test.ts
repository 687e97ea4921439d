import { describe, expect, it } from 'vitest';
import { WallClock } from '../../../../src/engine/ingest/wall-clock.ts';
import { ManualClock } from './manual-clock.ts';

describe('WallClock', () => {
  it('runs along the monotonic clock and passes over small differences', () => {
    const clock = new ManualClock();
    const wallClock = new WallClock(clock);
    const start = clock.utcMs();
    clock.setWallClockBy(15);
    expect(wallClock.adjust()).toBe(0);
    expect(wallClock.utcMsAt(clock.monotonicMs() + 40)).toBe(start + 40);
  });

  it('follows a nudge slowly', () => {
    const clock = new ManualClock();
    const wallClock = new WallClock(clock);
    const before = wallClock.utcMsAt(5_000);
    clock.setWallClockBy(-200);
    expect([wallClock.adjust(), wallClock.utcMsAt(5_000) - before]).toEqual([0, -5]);
    for (let second = 0; second < 60; second += 1) wallClock.adjust();
    expect(wallClock.utcMsAt(5_000) - before).toBe(-180);
  });

  it('follows a step at once and says by how much', () => {
    const clock = new ManualClock();
    const wallClock = new WallClock(clock);
    clock.setWallClockBy(3_600_000);
    expect(wallClock.adjust()).toBe(3_600_000);
    expect(wallClock.utcMsAt(clock.monotonicMs())).toBe(clock.utcMs());
  });
});
