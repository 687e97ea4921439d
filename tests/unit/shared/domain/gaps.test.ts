import { describe, expect, it } from 'vitest';
import {
  gapReason,
  gapSplit,
  isGap,
  mergeGaps,
  stallToleranceMs,
  type ClosedGap,
} from '../../../../src/shared/domain/gaps.ts';
import type { GapEvidence, GapReason } from '../../../../src/shared/engine-api/index.ts';

const ended: GapEvidence = {
  kind: 'ended',
  former: { bootId: 'a' },
  current: { bootId: 'b' },
  isSameBoot: false,
};

describe('isGap', () => {
  it.each<{ lengthMs: number; framesDropped: number; evidence: GapEvidence; expected: boolean }>([
    { lengthMs: 0, framesDropped: 0, evidence: { kind: 'stall' }, expected: false },
    { lengthMs: 2000, framesDropped: 0, evidence: { kind: 'stall' }, expected: false },
    { lengthMs: 2001, framesDropped: 0, evidence: { kind: 'stall' }, expected: true },
    { lengthMs: 10, framesDropped: 1, evidence: { kind: 'stall' }, expected: true },
    { lengthMs: 500, framesDropped: 0, evidence: ended, expected: true },
    { lengthMs: 0, framesDropped: 0, evidence: ended, expected: false },
    { lengthMs: 500, framesDropped: 0, evidence: { kind: 'stopped', by: 'shutdown' }, expected: true },
    { lengthMs: 500, framesDropped: 0, evidence: { kind: 'stopped', by: 'configuration' }, expected: false },
  ])(
    '$lengthMs ms, $framesDropped pictures thrown away, $evidence.kind: $expected',
    ({ expected, ...missing }) => {
      expect(isGap(missing)).toBe(expected);
    },
  );
});

describe('stallToleranceMs', () => {
  it('lets a slow camera be slow', () => {
    expect([stallToleranceMs(40), stallToleranceMs(500), stallToleranceMs(5000)]).toEqual([
      2000, 2000, 20_000,
    ]);
  });
});

describe('gapReason', () => {
  it.each([
    { interruption: 'unreachable', reason: 'network' },
    { interruption: 'refused', reason: 'camera' },
    { interruption: 'refused-credentials', reason: 'camera' },
    { interruption: 'changed-identity', reason: 'camera' },
    { interruption: 'silent', reason: 'camera' },
    { interruption: 'protocol', reason: 'camera' },
    { interruption: 'unsupported', reason: 'camera' },
    { interruption: 'closed-by-camera', reason: 'camera' },
    { interruption: 'stopped', reason: 'planned' },
  ] as const)('$interruption is a matter of: $reason', ({ interruption, reason }) => {
    expect(gapReason({ kind: 'interruption', interruption, detail: '' })).toBe(reason);
  });

  it('tells the disk, the node, what was planned and what was deleted apart', () => {
    expect([
      gapReason({ kind: 'stall' }),
      gapReason({ kind: 'storage', failure: 'disk-full', detail: '', framesDropped: 1 }),
      gapReason({ kind: 'stopped', by: 'shutdown' }),
      gapReason({ kind: 'ended', former: { bootId: 'a' }, current: { bootId: 'b' }, isSameBoot: false }),
      gapReason({ kind: 'deletion', rule: 'volume-days' }),
    ]).toEqual(['camera', 'disk', 'planned', 'node', 'retention']);
  });
});

describe('gapSplit', () => {
  it.each([
    { open: 'camera', cause: 'network', expected: 'nowhere' },
    { open: 'disk', cause: 'camera', expected: 'nowhere' },
    { open: 'camera', cause: 'planned', expected: 'now' },
    { open: 'planned', cause: 'planned', expected: 'nowhere' },
    { open: 'planned', cause: 'network', expected: 'at-start' },
    { open: 'node', cause: 'disk', expected: 'at-start' },
  ] as const)('$open, then $cause: $expected', ({ open, cause, expected }) => {
    expect(gapSplit(open, cause)).toBe(expected);
  });
});

function gapAt(minute: number, reason: GapReason, lengthMs = 1000): ClosedGap {
  const startUtcMs = minute * 60_000;
  return {
    id: minute + 1,
    cameraId: 'gate',
    startUtcMs,
    endUtcMs: startUtcMs + lengthMs,
    reason,
    evidence: { kind: 'stall' },
  };
}

describe('mergeGaps', () => {
  it('makes one of eight, with the reason of the longest time and all the time together', () => {
    const gaps = Array.from({ length: 19 }, (_, minute) =>
      gapAt(minute, minute % 4 === 0 ? 'network' : 'camera', minute % 4 === 0 ? 30_000 : 1000),
    );

    const merged = mergeGaps(gaps);

    expect(merged).toEqual([
      {
        replaces: [1, 2, 3, 4, 5, 6, 7, 8],
        gap: {
          cameraId: 'gate',
          startUtcMs: 0,
          endUtcMs: 7 * 60_000 + 1000,
          reason: 'network',
          evidence: { kind: 'merged', gaps: 8, totalMs: 66_000 },
        },
      },
      {
        replaces: [9, 10, 11, 12, 13, 14, 15, 16],
        gap: {
          cameraId: 'gate',
          startUtcMs: 8 * 60_000,
          endUtcMs: 15 * 60_000 + 1000,
          reason: 'network',
          evidence: { kind: 'merged', gaps: 8, totalMs: 66_000 },
        },
      },
    ]);
  });

  it('keeps count of what was merged before', () => {
    const before = Array.from({ length: 8 }, (_, position): ClosedGap => ({
      ...gapAt(position, 'camera', 50_000),
      evidence: { kind: 'merged', gaps: 8, totalMs: 5000 },
    }));

    expect(mergeGaps(before)[0]?.gap.evidence).toEqual({ kind: 'merged', gaps: 64, totalMs: 40_000 });
    expect(mergeGaps(before.slice(1))).toEqual([]);
  });
});
