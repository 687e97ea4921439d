import { describe, expect, it } from 'vitest';
import { DEFAULT_INGEST_LIMITS } from '../../../../src/engine/ingest/index.ts';
import { retryDelayMs } from '../../../../src/engine/ingest/retry-delay.ts';
import type { Interruption } from '../../../../src/engine/media/sample.ts';

function delays(kind: Interruption['kind'], random: number): readonly number[] {
  return [1, 2, 3, 5, 6, 100].map((failuresInARow) =>
    retryDelayMs({ kind, failuresInARow }, DEFAULT_INGEST_LIMITS, () => random),
  );
}

describe('retryDelayMs', () => {
  it('doubles up to a bound', () => {
    expect(delays('unreachable', 0.5)).toEqual([500, 1_000, 2_000, 8_000, 15_000, 15_000]);
  });

  it('spreads by a fifth either way', () => {
    expect([delays('silent', 0)[0], delays('silent', 1)[0]]).toEqual([400, 600]);
  });

  it('is patient where trying again may lock the account or change nothing', () => {
    const patient = [30_000, 60_000, 120_000, 300_000, 300_000, 300_000];
    expect(delays('refused-credentials', 0.5)).toEqual(patient);
    expect(delays('unsupported', 0.5)).toEqual(patient);
  });
});
