import type { CameraId, CameraRetention } from '../engine-api/index.ts';

/** Why footage is deleted. */
export type RetentionReason = 'camera-days' | 'camera-bytes' | 'volume-days' | 'volume-bytes' | 'free-space';

/** What is asked of a volume. */
export interface VolumeRetention {
  /** Recording halts below this much free space. */
  readonly reserveBytes: number;
  /** With less free, it does not go on: the reserve, or more once it has halted. */
  readonly neededBytes: number;
  /** Kept free beyond the reserve. */
  readonly headroomBytes: number;
  readonly quotaBytes?: number | undefined;
  readonly maximumDays?: number | undefined;
}

export interface RetentionRules {
  readonly volume: VolumeRetention;
  readonly cameras: ReadonlyMap<CameraId, CameraRetention>;
}

/** How a volume stands. Needs sums only, so that a look costs the same with ten segments and with a million. */
export interface RetentionFacts {
  readonly nowUtcMs: number;
  readonly freeBytes: number;
  /** Room that is needed although bytes seem to be free. */
  readonly unseenBytes?: number;
  /** Of the footage on the volume, what nobody has locked: limits in bytes are for that, so that a lock never costs what follows it. */
  readonly deletableBytes: number;
  /** Of each camera with footage on the volume: what it has on all volumes that answer and nobody has locked. */
  readonly cameraBytes: ReadonlyMap<CameraId, number>;
}

/** Something that must go: of one camera, or of all on the volume; so many bytes, or everything that ended before a time. */
export interface RetentionDemand {
  readonly reason: RetentionReason;
  /** `undefined`: whosever is oldest. */
  readonly cameraId: CameraId | undefined;
  readonly until:
    | { readonly kind: 'bytes'; readonly byteLength: number }
    | { readonly kind: 'age'; readonly endedBeforeUtcMs: number };
}

/** A complete segment that nobody has locked, as far as retention is concerned. */
export interface RetainedSegment {
  readonly cameraId: CameraId;
  readonly startUtcMs: number;
  readonly endUtcMs: number;
  readonly byteLength: number;
}

export interface RetentionChoice<Segment extends RetainedSegment> {
  /** Oldest first. */
  readonly deletions: readonly Segment[];
  /** Those of them that are younger than was promised for their camera. */
  readonly early: readonly Segment[];
  /** What is left of the demand; `undefined` when it is met. */
  readonly rest: RetentionDemand | undefined;
}

const dayMs = 24 * 60 * 60 * 1000;

/**
 * What must go from a volume, in the order to look into it: what cameras and the volume are not to keep any longer, then what
 * is too much of one camera, then what is too much for the volume. Later demands count on nothing the earlier ones will free,
 * so facts are to be taken again after each that deleted something.
 */
export function retentionDemands(facts: RetentionFacts, rules: RetentionRules): readonly RetentionDemand[] {
  const { volume, cameras } = rules;
  const ofCameras = [...facts.cameraBytes].flatMap(([cameraId, storedBytes]) => {
    const rule = cameras.get(cameraId);
    return rule === undefined ? [] : [{ cameraId, storedBytes, rule }];
  });
  const missingBytes = isWithinReach(facts, volume)
    ? volume.reserveBytes + volume.headroomBytes - facts.freeBytes
    : 0;
  return [
    ...ofCameras.flatMap(({ cameraId, rule }) =>
      tooOld({ reason: 'camera-days', cameraId, maximumDays: rule.maximumDays }, facts.nowUtcMs),
    ),
    ...tooOld(
      { reason: 'volume-days', cameraId: undefined, maximumDays: volume.maximumDays },
      facts.nowUtcMs,
    ),
    ...ofCameras.flatMap(({ cameraId, storedBytes, rule }) =>
      tooMuch({ reason: 'camera-bytes', cameraId }, storedBytes - (rule.maximumBytes ?? storedBytes)),
    ),
    ...tooMuch(
      { reason: 'volume-bytes', cameraId: undefined },
      facts.deletableBytes - (volume.quotaBytes ?? facts.deletableBytes),
    ),
    ...tooMuch({ reason: 'free-space', cameraId: undefined }, Math.max(missingBytes, facts.unseenBytes ?? 0)),
  ];
}

/**
 * Whether deleting can bring a volume back to where it may be recorded to. Where it can't, because of locks, of other files, or
 * of a reserve larger than the disk, footage would be given for nothing.
 */
export function isWithinReach(
  { freeBytes, deletableBytes }: Pick<RetentionFacts, 'freeBytes' | 'deletableBytes'>,
  { neededBytes }: Pick<VolumeRetention, 'neededBytes'>,
): boolean {
  return freeBytes + deletableBytes >= neededBytes;
}

/**
 * Which of the oldest segments go to meet a demand: none once it is met. `oldestFirst` is a page of the demand's scope, ordered
 * by start, without what is locked; where it ends before the demand is met, the rest is for the next page.
 */
export function chooseDeletions<Segment extends RetainedSegment>(
  demand: RetentionDemand,
  oldestFirst: readonly Segment[],
  { rules, nowUtcMs }: { readonly rules: RetentionRules; readonly nowUtcMs: number },
): RetentionChoice<Segment> {
  const { deletions, rest } = takeOldest(demand, oldestFirst);
  const early = demand.reason === 'camera-days' ? [] : deletions.filter((segment) => isYoung(segment));
  return { deletions, early, rest };

  function isYoung(segment: Segment): boolean {
    const minimumDays = rules.cameras.get(segment.cameraId)?.minimumDays;
    return minimumDays !== undefined && segment.endUtcMs > nowUtcMs - minimumDays * dayMs;
  }
}

function takeOldest<Segment extends RetainedSegment>(
  demand: RetentionDemand,
  candidates: readonly Segment[],
): Pick<RetentionChoice<Segment>, 'deletions' | 'rest'> {
  const { until } = demand;
  if (until.kind === 'age') {
    const firstToKeep = candidates.findIndex(({ endUtcMs }) => endUtcMs >= until.endedBeforeUtcMs);
    return firstToKeep === -1
      ? { deletions: candidates, rest: demand }
      : { deletions: candidates.slice(0, firstToKeep), rest: undefined };
  }
  let missingBytes = until.byteLength;
  let count = 0;
  for (const { byteLength } of candidates) {
    if (missingBytes <= 0) break;
    missingBytes -= byteLength;
    count += 1;
  }
  return {
    deletions: candidates.slice(0, count),
    rest: missingBytes > 0 ? { ...demand, until: { kind: 'bytes', byteLength: missingBytes } } : undefined,
  };
}

function tooOld(
  {
    maximumDays,
    ...scope
  }: Pick<RetentionDemand, 'reason' | 'cameraId'> & { maximumDays: number | undefined },
  nowUtcMs: number,
): readonly RetentionDemand[] {
  if (maximumDays === undefined) return [];
  return [{ ...scope, until: { kind: 'age', endedBeforeUtcMs: nowUtcMs - maximumDays * dayMs } }];
}

function tooMuch(
  scope: Pick<RetentionDemand, 'reason' | 'cameraId'>,
  excessBytes: number,
): readonly RetentionDemand[] {
  return excessBytes > 0 ? [{ ...scope, until: { kind: 'bytes', byteLength: excessBytes } }] : [];
}
