import { expect, it } from 'vitest';
import { staggerMs } from '../../../../src/engine/recording/stagger.ts';

it('spreads the cuts of a node over a segment', () => {
  const segmentMs = 60_000;
  const cuts = Array.from({ length: 40 }, (_, camera) => staggerMs(`camera-${camera}`, segmentMs));

  expect(cuts.every((cut) => cut >= -segmentMs / 2 && cut < segmentMs / 2)).toBe(true);
  const tenths = new Set(cuts.map((cut) => Math.floor((cut + segmentMs / 2) / (segmentMs / 10))));
  expect(tenths.size).toBeGreaterThanOrEqual(9);
  expect(staggerMs('camera-1', segmentMs)).toBe(cuts[1]);
});
