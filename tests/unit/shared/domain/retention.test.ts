import { describe, expect, it } from 'vitest';
import {
  chooseDeletions,
  retentionDemands,
  type RetainedSegment,
  type RetentionDemand,
  type RetentionFacts,
  type RetentionRules,
} from '../../../../src/shared/domain/retention.ts';
import { mulberry32 } from '../../engine/recording/synthetic-stream.ts';

const dayMs = 86_400_000;
const nowUtcMs = 1_000 * dayMs;
const volume = { reserveBytes: 100, neededBytes: 100, headroomBytes: 50 };

function facts(changes: Partial<RetentionFacts> = {}): RetentionFacts {
  return {
    nowUtcMs,
    freeBytes: 150,
    deletableBytes: 1000,
    cameraBytes: new Map([['gate', 600]]),
    ...changes,
  };
}

describe('retentionDemands', () => {
  it('asks for nothing within all limits', () => {
    const rules = {
      volume: { ...volume, quotaBytes: 1000 },
      cameras: new Map([['gate', { maximumBytes: 600 }]]),
    };
    expect(retentionDemands(facts(), rules)).toEqual([]);
  });

  it('asks first for what is too old, then of a camera, then of the volume', () => {
    const rules: RetentionRules = {
      volume: { ...volume, quotaBytes: 900, maximumDays: 30 },
      cameras: new Map([
        ['gate', { maximumBytes: 500, maximumDays: 7 }],
        ['without-footage', { maximumBytes: 1 }],
      ]),
    };
    const demands: readonly RetentionDemand[] = [
      { reason: 'camera-days', cameraId: 'gate', until: { kind: 'age', endedBeforeUtcMs: 993 * dayMs } },
      { reason: 'volume-days', cameraId: undefined, until: { kind: 'age', endedBeforeUtcMs: 970 * dayMs } },
      { reason: 'camera-bytes', cameraId: 'gate', until: { kind: 'bytes', byteLength: 100 } },
      { reason: 'volume-bytes', cameraId: undefined, until: { kind: 'bytes', byteLength: 100 } },
      { reason: 'free-space', cameraId: undefined, until: { kind: 'bytes', byteLength: 30 } },
    ];
    expect(retentionDemands(facts({ freeBytes: 120 }), rules)).toEqual(demands);
  });
});

function segmentOfAge(ageDays: number, byteLength = 10, cameraId = 'gate'): RetainedSegment {
  const endUtcMs = nowUtcMs - ageDays * dayMs;
  return { cameraId, startUtcMs: endUtcMs - 60_000, endUtcMs, byteLength };
}

describe('chooseDeletions', () => {
  const rules: RetentionRules = { volume, cameras: new Map([['gate', { minimumDays: 3 }]]) };
  it('takes as many as are needed and tells which are younger than promised', () => {
    const oldest = [segmentOfAge(5), segmentOfAge(2), segmentOfAge(2, 10, 'yard'), segmentOfAge(1)];
    const demand: RetentionDemand = {
      reason: 'free-space',
      cameraId: undefined,
      until: { kind: 'bytes', byteLength: 21 },
    };
    expect(chooseDeletions(demand, oldest, { rules, nowUtcMs })).toEqual({
      deletions: oldest.slice(0, 3),
      early: [oldest[1]],
      rest: undefined,
    });
  });

  it('says what is left when the page is too short', () => {
    const oldest = [segmentOfAge(5), segmentOfAge(4)];
    const demand: RetentionDemand = {
      reason: 'volume-bytes',
      cameraId: undefined,
      until: { kind: 'bytes', byteLength: 25 },
    };
    expect(chooseDeletions(demand, oldest, { rules, nowUtcMs })).toEqual({
      deletions: oldest,
      early: [],
      rest: { ...demand, until: { kind: 'bytes', byteLength: 5 } },
    });
  });

  it('takes everything that ended before a time and nothing else', () => {
    const oldest = [segmentOfAge(9), segmentOfAge(8), segmentOfAge(7), segmentOfAge(1)];
    const demand: RetentionDemand = {
      reason: 'camera-days',
      cameraId: 'gate',
      until: { kind: 'age', endedBeforeUtcMs: nowUtcMs - 7.5 * dayMs },
    };
    expect(chooseDeletions(demand, oldest, { rules, nowUtcMs })).toEqual({
      deletions: oldest.slice(0, 2),
      early: [],
      rest: undefined,
    });
  });
});

/** A volume in memory that is looked at until nothing is asked for any more, as the engine does it. */
function settle(
  segments: readonly RetainedSegment[],
  { rules, totalBytes, pageSize }: { rules: RetentionRules; totalBytes: number; pageSize: number },
): { readonly kept: readonly RetainedSegment[]; readonly deleted: readonly [RetainedSegment, string][] } {
  let kept = segments;
  const deleted: [RetainedSegment, string][] = [];
  const exhausted = new Set<string>();
  for (;;) {
    const storedBytes = sum(kept);
    const cameraBytes = new Map(
      kept.map(({ cameraId }) => [cameraId, sum(kept.filter((other) => other.cameraId === cameraId))]),
    );
    const demand = retentionDemands(
      { nowUtcMs, freeBytes: totalBytes - storedBytes, deletableBytes: storedBytes, cameraBytes },
      rules,
    ).find((candidate) => !exhausted.has(keyOf(candidate)));
    if (demand === undefined) return { kept, deleted };
    const page = kept
      .filter(({ cameraId }) => demand.cameraId === undefined || cameraId === demand.cameraId)
      .slice(0, pageSize);
    const { deletions, rest } = chooseDeletions(demand, page, { rules, nowUtcMs });
    if (deletions.length === 0 || rest === undefined) exhausted.add(keyOf(demand));
    kept = kept.filter((segment) => !deletions.includes(segment));
    for (const segment of deletions) deleted.push([segment, demand.reason]);
  }
}

const keyOf = ({ reason, cameraId }: RetentionDemand): string => `${reason} ${cameraId}`;
const sum = (segments: readonly RetainedSegment[]): number =>
  segments.reduce((total, { byteLength }) => total + byteLength, 0);

describe('any volume that is looked at until nothing is asked for', () => {
  it.each(Array.from({ length: 200 }, (_, seed) => seed))('keeps its promises (seed %i)', (seed) => {
    const random = mulberry32(seed);
    const upTo = (limit: number): number => Math.floor(random() * limit);
    const cameraIds = ['a', 'b', 'c'];
    const segments = Array.from({ length: upTo(120) }, (): RetainedSegment => {
      const startUtcMs = nowUtcMs - Math.floor(random() * 40 * dayMs);
      const endUtcMs = startUtcMs + upTo(120_000);
      return { cameraId: cameraIds[upTo(3)] ?? 'a', startUtcMs, endUtcMs, byteLength: 1 + upTo(100) };
    }).toSorted((one, other) => one.startUtcMs - other.startUtcMs);
    const sometimes = <Value>(value: Value): Value | undefined => (random() < 0.5 ? value : undefined);
    const reserveBytes = upTo(500);
    const rules: RetentionRules = {
      volume: {
        reserveBytes,
        neededBytes: reserveBytes,
        headroomBytes: upTo(500),
        quotaBytes: sometimes(1 + upTo(6000)),
        maximumDays: sometimes(1 + upTo(40)),
      },
      cameras: new Map(
        cameraIds.flatMap((cameraId) =>
          random() < 0.3
            ? []
            : [
                [
                  cameraId,
                  { maximumBytes: sometimes(1 + upTo(2000)), maximumDays: sometimes(1 + upTo(40)) },
                ] as const,
              ],
        ),
      ),
    };
    const totalBytes = upTo(8500) + sum(segments) * random();

    const { kept, deleted } = settle(segments, { rules, totalBytes, pageSize: 1 + upTo(20) });

    expect([...kept, ...deleted.map(([segment]) => segment)].toSorted(byStart)).toEqual(
      segments.toSorted(byStart),
    );
    const { volume: limits, cameras } = rules;
    // Whatever is asked is met, or there is nothing left.
    const mayBeUnmet = kept.length === 0;
    expect(mayBeUnmet || sum(kept) <= (limits.quotaBytes ?? Infinity)).toBe(true);
    const isHopeless = totalBytes < limits.neededBytes;
    const forSpace = deleted.filter(([, why]) => why === 'free-space');
    expect(isHopeless ? forSpace : []).toEqual([]);
    const isMet = totalBytes - sum(kept) >= limits.reserveBytes + limits.headroomBytes;
    expect(isHopeless || mayBeUnmet || isMet).toBe(true);
    for (const [cameraId, { maximumBytes = Infinity }] of cameras)
      expect(sum(kept.filter((segment) => segment.cameraId === cameraId))).toBeLessThanOrEqual(maximumBytes);
    // Nothing goes beyond the segment that met the demand, and whatever stays of the scope is newer.
    for (const reason of ['camera-bytes', 'volume-bytes', 'free-space'] as const) {
      for (const cameraId of reason === 'camera-bytes' ? cameraIds : [undefined]) {
        const isInScope = (segment: RetainedSegment): boolean =>
          cameraId === undefined || segment.cameraId === cameraId;
        const gone = deleted.filter(([segment, why]) => why === reason && isInScope(segment));
        const last = gone.at(-1);
        if (last === undefined) continue;
        const [segment] = last;
        const newer = kept.filter(isInScope).filter(({ startUtcMs }) => startUtcMs < segment.startUtcMs);
        expect(newer).toEqual([]);
        const after = deleted.slice(deleted.indexOf(last) + 1).map(([later]) => later);
        const without = [...kept, ...after, segment];
        const excess = {
          'camera-bytes': () =>
            sum(without.filter(isInScope)) - (cameras.get(cameraId ?? '')?.maximumBytes ?? Infinity),
          'volume-bytes': () => sum(without) - (limits.quotaBytes ?? Infinity),
          'free-space': () => limits.reserveBytes + limits.headroomBytes - (totalBytes - sum(without)),
        }[reason]();
        expect(excess).toBeGreaterThan(0);
      }
    }
  });
});

const byStart = (one: RetainedSegment, other: RetainedSegment): number =>
  one.startUtcMs - other.startUtcMs || one.byteLength - other.byteLength || one.endUtcMs - other.endUtcMs;
