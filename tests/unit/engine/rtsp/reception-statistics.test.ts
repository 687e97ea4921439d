import { describe, expect, it } from 'vitest';
import { ReceptionStatistics } from '../../../../src/engine/rtsp/reception-statistics.ts';

const CLOCK_RATE = 90_000;

/** A stream of one packet every 10 ms, all on time. */
function receive(sequences: readonly number[]): ReceptionStatistics {
  const statistics = new ReceptionStatistics(CLOCK_RATE);
  statistics.begin(0x5eed, sequences[0] ?? 0);
  for (const [index, sequence] of sequences.entries())
    statistics.note(sequence & 0xffff, 900 * index, 10 * index);
  return statistics;
}

const range = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => (first + index) & 0xffff);

const CLEAN = {
  source: 0x5eed,
  fractionLost: 0,
  cumulativeLost: 0,
  jitter: 0,
  lastSenderReport: 0,
  delaySinceLastSenderReport: 0,
};

describe('ReceptionStatistics', () => {
  it('has nothing to report before the first packet', () => {
    const statistics = new ReceptionStatistics(CLOCK_RATE);
    expect([statistics.report(0), statistics.cumulativeLost]).toEqual([undefined, 0]);
  });

  it('counts the cycles of the sequence', () => {
    expect(receive(range(65_530, 20)).report(200)).toEqual({ ...CLEAN, extendedHighestSequence: 65_549 });
  });

  it('tells the fraction lost since the last report, and all that was ever lost', () => {
    const statistics = receive([...range(100, 96), ...range(228, 0)]);
    expect(statistics.report(0)).toEqual({ ...CLEAN, extendedHighestSequence: 195 });
    for (const sequence of range(228, 96))
      statistics.note(sequence, 900 * (sequence - 100), 10 * (sequence - 100));
    // 128 expected since the last report, 96 of them came: a quarter.
    expect(statistics.report(0)).toEqual({
      ...CLEAN,
      fractionLost: 64,
      cumulativeLost: 32,
      extendedHighestSequence: 323,
    });
    for (const sequence of range(324, 10))
      statistics.note(sequence, 900 * (sequence - 100), 10 * (sequence - 100));
    expect(statistics.report(0)).toMatchObject({ fractionLost: 0, cumulativeLost: 32 });
  });

  it('counts late packets as received and doubled ones as negative loss', () => {
    expect(receive([10, 12, 11, 13, 13, 13]).report(0)).toMatchObject({
      fractionLost: 0,
      cumulativeLost: -2,
      extendedHighestSequence: 13,
    });
  });

  it('begins anew when two packets in a row say so, and not for a single stray one', () => {
    expect(receive([10, 40_000, 11, 12]).report(0)).toMatchObject({
      extendedHighestSequence: 12,
      cumulativeLost: -1,
    });
    expect(receive([10, 11, 40_000, 40_001, 40_002]).report(0)).toMatchObject({
      extendedHighestSequence: 40_002,
      cumulativeLost: 0,
    });
  });

  it('measures jitter as RFC 3550 §A.8 does, over the wrap of the timestamp', () => {
    const statistics = new ReceptionStatistics(8_000);
    statistics.begin(1, 0);
    const delaysMs = [0, 10, 0, 10, 0, 10, 0, 10];
    let expected = 0;
    for (const [index, delayMs] of delaysMs.entries()) {
      statistics.note(index, (0xffff_ff00 + 160 * index) >>> 0, 1_000 + 20 * index + delayMs);
      if (index > 0) expected += (80 - expected) / 16;
    }
    expect(statistics.report(0)?.jitter).toBe(Math.floor(expected));
  });

  it('sends back when the last sender report came, and how long ago', () => {
    const statistics = receive(range(1, 3));
    statistics.noteSenderReport(0xabcdef01, 5_000);
    expect(statistics.report(6_500)).toMatchObject({
      lastSenderReport: 0xabcdef01,
      delaySinceLastSenderReport: 98_304,
    });
    statistics.begin(2, 1);
    expect(statistics.report(6_500)).toMatchObject({
      source: 2,
      lastSenderReport: 0,
      delaySinceLastSenderReport: 0,
    });
  });
});
