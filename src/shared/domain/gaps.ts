import type { Gap, GapEvidence, GapReason, InterruptionReason } from '../engine-api/index.ts';

/** A connection that was back so soon lost next to nothing: cameras hold pictures back and send them afterwards. */
export const gapToleranceMs = 2000;

/**
 * Whether missing footage counts as a gap: when it is long; however short, when pictures were there and thrown away; and when
 * the engine did not run, for what came meanwhile is lost for certain.
 */
export function isGap({
  lengthMs,
  framesDropped,
  evidence,
}: {
  readonly lengthMs: number;
  readonly framesDropped: number;
  readonly evidence: GapEvidence;
}): boolean {
  if (lengthMs > gapToleranceMs || framesDropped > 0) return true;
  const engineWasAway =
    evidence.kind === 'ended' || (evidence.kind === 'stopped' && evidence.by === 'shutdown');
  return engineWasAway && lengthMs > 0;
}

/** A picture this much later than usual is a stall; a camera that sends one every few seconds is only slow. */
const stalledFrameCount = 4;

/** How long a picture may be away, ms, when they usually come every `frameIntervalMs`. */
export function stallToleranceMs(frameIntervalMs: number): number {
  return Math.max(gapToleranceMs, stalledFrameCount * frameIntervalMs);
}

/**
 * Whose fault a gap is, from what is known of it. A camera that cannot be reached may be off as well as cut off; most often it
 * is the way to it.
 */
export function gapReason(evidence: Exclude<GapEvidence, { kind: 'merged' }>): GapReason {
  switch (evidence.kind) {
    case 'interruption':
      return reasonOfInterruption(evidence.interruption);
    case 'stall':
      return 'camera';
    case 'storage':
      return 'disk';
    case 'stopped':
      return 'planned';
    case 'ended':
      return 'node';
    case 'deletion':
      return 'retention';
  }
}

function reasonOfInterruption(kind: InterruptionReason): GapReason {
  switch (kind) {
    case 'unreachable':
      return 'network';
    case 'refused':
    case 'refused-credentials':
    case 'changed-identity':
    case 'silent':
    case 'protocol':
    case 'unsupported':
    case 'closed-by-camera':
      return 'camera';
    case 'stopped':
      return 'planned';
  }
}

/**
 * Where a new cause for missing footage splits a gap that is open: `now` when recording is stopped on purpose; where the present
 * recording began when the gap is from before it, of a stop or a failure of the node, and footage should have come since;
 * nowhere when it is one trouble after another, of which the first counts.
 */
export function gapSplit(open: GapReason, cause: GapReason): 'now' | 'at-start' | 'nowhere' {
  if (open === cause) return 'nowhere';
  if (cause === 'planned') return 'now';
  return open === 'planned' || open === 'node' ? 'at-start' : 'nowhere';
}

/** More gaps of one camera than this, and the oldest are made into fewer. */
export const maximumGapsPerCamera = 2000;
/** How many become one. */
const mergedGapCount = 8;

export type ClosedGap = Gap & { readonly endUtcMs: number };

/** A gap that stands for several; the reason is that of the longest time together. */
export interface MergedGap {
  readonly replaces: readonly number[];
  readonly gap: Omit<ClosedGap, 'id'>;
}

/** Fewer gaps that say the same in less detail. `oldestFirst` are one camera's, all closed; the newest few may stay. */
export function mergeGaps(oldestFirst: readonly ClosedGap[]): readonly MergedGap[] {
  const merged: MergedGap[] = [];
  for (let first = 0; first + mergedGapCount <= oldestFirst.length; first += mergedGapCount)
    merged.push(mergeAll(oldestFirst.slice(first, first + mergedGapCount)));
  return merged;
}

function mergeAll(gaps: readonly ClosedGap[]): MergedGap {
  const lengths = new Map<GapReason, number>();
  for (const gap of gaps) lengths.set(gap.reason, (lengths.get(gap.reason) ?? 0) + missingMs(gap));
  const [longest] = [...lengths].sort(([, one], [, other]) => other - one);
  const [first] = gaps;
  if (first === undefined || longest === undefined) throw new RangeError('Nothing to merge.');
  return {
    replaces: gaps.map(({ id }) => id),
    gap: {
      cameraId: first.cameraId,
      startUtcMs: first.startUtcMs,
      endUtcMs: Math.max(...gaps.map(({ endUtcMs }) => endUtcMs)),
      reason: longest[0],
      evidence: {
        kind: 'merged',
        gaps: gaps.reduce((sum, { evidence }) => sum + (evidence.kind === 'merged' ? evidence.gaps : 1), 0),
        totalMs: gaps.reduce((sum, gap) => sum + missingMs(gap), 0),
      },
    },
  };
}

/** What a gap is really without footage. */
function missingMs({ startUtcMs, endUtcMs, evidence }: ClosedGap): number {
  return evidence.kind === 'merged' ? evidence.totalMs : endUtcMs - startUtcMs;
}
