import { describe, expect, it } from 'vitest';
import { visibleGaps } from '../../../../src/shared/domain/timeline.ts';
import type { Gap, GapEvidence, TimelineSpan } from '../../../../src/shared/engine-api/index.ts';

const deletion: GapEvidence = { kind: 'deletion', rule: 'volume-days' };
const merged: GapEvidence = { kind: 'merged', gaps: 8, totalMs: 40_000 };
const stall: GapEvidence = { kind: 'stall' };

/** Times in seconds. */
function gap(id: number, evidence: GapEvidence, [start, end]: readonly [number, number?]): Gap {
  return {
    id,
    cameraId: 'gate',
    startUtcMs: start * 1000,
    ...(end === undefined ? {} : { endUtcMs: end * 1000 }),
    reason: evidence.kind === 'deletion' ? 'retention' : 'camera',
    evidence,
  };
}

function span(start: number, end: number): TimelineSpan {
  return { startUtcMs: start * 1000, endUtcMs: end * 1000, segments: 1, byteLength: 1 };
}

const all = { startUtcMs: 0, endUtcMs: 10_000_000 };

describe('visibleGaps', () => {
  it('tells a single gap as it is, even inside of a span', () => {
    const gaps = [gap(1, stall, [20, 25]), gap(2, stall, [100])];

    expect(visibleGaps(gaps, [span(0, 100)], { startUtcMs: 22_000, endUtcMs: 120_000 })).toEqual(gaps);
  });

  it('cuts the gap of retention where there is footage and where another gap says why', () => {
    const gaps = [gap(1, deletion, [0, 1000]), gap(2, stall, [200, 300])];
    const spans = [span(500, 600), span(990, 2000)];

    expect(visibleGaps(gaps, spans, all)).toEqual([
      gap(1, deletion, [0, 200]),
      gap(2, stall, [200, 300]),
      gap(1, deletion, [300, 500]),
      gap(1, deletion, [600, 990]),
    ]);
  });

  it('cuts what stands for several into the pieces without footage, but for splinters', () => {
    const gaps = [gap(1, merged, [0, 100])];
    const spans = [span(10, 20), span(21, 40), span(60, 200)];

    expect(visibleGaps(gaps, spans, all)).toEqual([gap(1, merged, [0, 10]), gap(1, merged, [40, 60])]);
  });

  it('tells pieces only of the time whose footage is known', () => {
    const gaps = [gap(1, deletion, [0, 1000])];

    expect(visibleGaps(gaps, [span(50, 60)], { startUtcMs: 40_000, endUtcMs: 80_000 })).toEqual([
      gap(1, deletion, [40, 50]),
      gap(1, deletion, [60, 80]),
    ]);
  });
});
