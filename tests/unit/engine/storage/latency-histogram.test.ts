import { expect, it } from 'vitest';
import { LatencyHistogram, latencyBoundsMs } from '../../../../src/engine/storage/latency-histogram.ts';

it('counts each duration in the first bucket that holds it', () => {
  const histogram = new LatencyHistogram();
  for (const durationMs of [0, 1, 1.01, 10_000, 10_001, 99_999]) histogram.add(durationMs);

  const { buckets, count, sumMs } = histogram.counts();

  expect(buckets).toEqual([2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
  expect(buckets).toHaveLength(latencyBoundsMs.length + 1);
  expect(count).toBe(6);
  expect(sumMs).toBeCloseTo(0 + 1 + 1.01 + 10_000 + 10_001 + 99_999);
});
