import { expect, it } from 'vitest';
import { countTimers } from '../../../../src/engine/platform/counted-clock.ts';
import { ManualClock } from '../ingest/manual-clock.ts';

it('counts alarms from when they are set until they ring or are given up, each once', () => {
  const manual = new ManualClock();
  const clock = countTimers(manual);
  const rung: string[] = [];
  const soon = clock.after(100, () => {
    rung.push(`soon, ${clock.pendingTimers} left`);
  });
  const later = clock.after(1_000, () => rung.push('later'));
  const again = clock.every(50, () => rung.push('again'));
  expect(clock.pendingTimers).toBe(3);
  manual.advance(100);
  expect([rung, clock.pendingTimers]).toEqual([['again', 'soon, 2 left', 'again'], 2]);
  soon[Symbol.dispose]();
  later[Symbol.dispose]();
  later[Symbol.dispose]();
  expect(clock.pendingTimers).toBe(1);
  again[Symbol.dispose]();
  manual.advance(2_000);
  expect([clock.pendingTimers, manual.pendingAlarms, rung.length]).toEqual([0, 0, 3]);
});
