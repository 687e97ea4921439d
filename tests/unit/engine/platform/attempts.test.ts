import { expect, it } from 'vitest';
import { Attempts } from '../../../../src/engine/platform/attempts.ts';
import { ManualClock } from '../ingest/manual-clock.ts';

it('makes wrong attempts wait longer and longer, each address and name for itself', () => {
  const clock = new ManualClock();
  const attempts = new Attempts(clock);
  const delays: number[] = [];
  for (let attempt = 0; attempt < 6; attempt += 1) {
    attempts.noteFailure('10.0.0.1', 'gate');
    delays.push(attempts.delayMs('10.0.0.1', 'gate'));
  }
  clock.advance(4_000);
  expect({
    delays,
    later: attempts.delayMs('10.0.0.1', 'gate'),
    otherName: attempts.delayMs('10.0.0.1', 'yard'),
    otherAddress: attempts.delayMs('10.0.0.2', 'gate'),
  }).toEqual({
    delays: [1_000, 2_000, 4_000, 8_000, 10_000, 10_000],
    later: 6_000,
    otherName: 0,
    otherAddress: 0,
  });
});

it('forgets after a success, after a while, and when there are too many', () => {
  const clock = new ManualClock();
  const attempts = new Attempts(clock);
  attempts.noteFailure('a', 'gate');
  attempts.noteSuccess('a', 'gate');
  expect(attempts.delayMs('a', 'gate')).toBe(0);
  attempts.noteFailure('a', 'gate');
  clock.advance(61_000);
  attempts.noteFailure('a', 'gate');
  expect(attempts.delayMs('a', 'gate')).toBe(1_000);
  for (let address = 0; address < 1_024; address += 1) attempts.noteFailure(String(address), 'gate');
  expect([attempts.delayMs('a', 'gate'), attempts.delayMs('0', 'gate')]).toEqual([0, 1_000]);
});
