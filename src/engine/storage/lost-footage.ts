import { gapReason, gapToleranceMs } from '../../shared/domain/gaps.ts';
import type { NewGap, SegmentExtent, SegmentRow } from './segment-index.ts';

export interface LostFootage {
  /** What its row had told. */
  readonly row: SegmentRow;
  /** What is left of it. */
  readonly left?: Pick<SegmentExtent, 'duration90k' | 'frameCount'>;
}

/**
 * The gaps that footage leaves which rows had told of and the disk does not have any more, in order. Segments that followed each
 * other leave one. `lost` is one camera's; sound and metadata beside the pictures leave none.
 */
export function gapsOfLost(lost: readonly LostFootage[], detail: string): readonly NewGap[] {
  const gaps: (NewGap & { endUtcMs: number })[] = [];
  for (const { row, left = nothing } of lost.toSorted(
    (one, other) => one.row.startUtcMs - other.row.startUtcMs,
  )) {
    const startUtcMs = row.startUtcMs + left.duration90k / 90;
    const endUtcMs = row.startUtcMs + row.duration90k / 90;
    if (row.content !== 'main' || row.frameCount === 0 || endUtcMs <= startUtcMs) continue;
    const former = gaps.at(-1);
    const follows = former !== undefined && startUtcMs - former.endUtcMs <= gapToleranceMs;
    const framesDropped = Math.max(0, row.frameCount - left.frameCount);
    if (follows) gaps.pop();
    const evidence = {
      kind: 'storage',
      failure: 'disk-error',
      detail,
      framesDropped:
        framesDropped + (follows && former.evidence.kind === 'storage' ? former.evidence.framesDropped : 0),
    } as const;
    gaps.push({
      cameraId: row.cameraId,
      startUtcMs: follows ? former.startUtcMs : startUtcMs,
      endUtcMs: follows ? Math.max(former.endUtcMs, endUtcMs) : endUtcMs,
      reason: gapReason(evidence),
      evidence,
    });
  }
  return gaps;
}

const nothing = { duration90k: 0, frameCount: 0 } as const;
