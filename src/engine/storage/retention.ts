import type { Log } from '../../shared/domain/log.ts';
import type { SegmentIndex, SegmentRow } from './segment-index.ts';
import type { Volume } from './volume.ts';

export type RetentionReason = 'free-space' | 'quota';

export interface RetentionFacts {
  readonly freeBytes: number;
  readonly storedBytes: number;
  readonly limits: {
    readonly reserveBytes: number;
    readonly headroomBytes: number;
    readonly quotaBytes?: number;
  };
}

/** Why something must go, or nothing. */
export function planRetention({
  freeBytes,
  storedBytes,
  limits,
}: RetentionFacts): RetentionReason | undefined {
  if (freeBytes < limits.reserveBytes + limits.headroomBytes) return 'free-space';
  return limits.quotaBytes !== undefined && storedBytes > limits.quotaBytes ? 'quota' : undefined;
}

export interface Deletion {
  readonly volume: Volume;
  readonly index: SegmentIndex;
  readonly log: Log;
  readonly reason: string;
}

/**
 * Marks, unlinks, syncs the directories, drops the rows: whatever stops it in between, the next start can go on. Segments that
 * were locked meanwhile stay.
 */
export async function deleteSegments(
  rows: readonly SegmentRow[],
  { volume, index, log, reason }: Deletion,
): Promise<void> {
  const marked = new Set(
    await index.markDeleting(
      rows.map((row) => row.id),
      reason,
    ),
  );
  const doomed = rows.filter((row) => marked.has(row.id));
  for (const row of doomed) await volume.remove(row.filePath);
  await index.remove([...marked]);
  for (const { cameraId, filePath, byteLength } of doomed)
    log.info({ cameraId, file: filePath, byteLength, reason }, 'Deleted a segment.');
}
