import { maximumGapsPerCamera, mergeGaps, type ClosedGap } from '../../shared/domain/gaps.ts';
import type { CameraId, Gap } from '../../shared/engine-api/index.ts';
import type { GapIndex, LastFootage, NewGap, SegmentIndex } from './segment-index.ts';

/** What was left of a camera's recording when the engine ended. */
export interface CameraPast {
  readonly openGap: Gap | undefined;
  /** When footage followed the open gap, although the engine did not live to write that down. */
  readonly resumedUtcMs: number | undefined;
  readonly lastFootage: LastFootage | undefined;
}

/** Where gaps are written down. Rejects with SQLite's error. */
export interface GapLog {
  /** Of this boot of the node. */
  readonly bootId: string;
  /** Before anything is recorded, or else before the time of the first that was. Rejects while nobody knows. */
  past(cameraId: CameraId, beforeUtcMs?: number): Promise<CameraPast>;
  /** The answer is the new gap's id. */
  insert(gap: NewGap): Promise<number>;
  update(gap: Gap): Promise<void>;
  remove(id: number): Promise<void>;
}

export interface GapLogOptions {
  readonly index: GapIndex & Pick<SegmentIndex, 'lastFootage' | 'spans'>;
  readonly bootId: string;
  /** Whether footage from before this start may be missing in the index. */
  readonly isIncomplete?: () => boolean;
  /** Gaps of one camera; beyond, the oldest are made into fewer. */
  readonly maximumGaps?: number;
}

export function createGapLog({
  index,
  bootId,
  isIncomplete = () => false,
  maximumGaps = maximumGapsPerCamera,
}: GapLogOptions): GapLog {
  return {
    bootId,
    async past(cameraId, beforeUtcMs) {
      if (isIncomplete()) throw new Error('The index does not know yet what is on every volume.');
      const openGap = await index.openGap(cameraId);
      const lastFootage = await index.lastFootage(cameraId, beforeUtcMs);
      return { openGap, lastFootage, resumedUtcMs: openGap && (await footageAfter(openGap, beforeUtcMs)) };
    },
    async insert(gap) {
      const id = await index.insertGap(gap);
      if ((await index.countGaps(gap.cameraId)) > maximumGaps) await mergeOldest(gap.cameraId);
      return id;
    },
    update: (gap) => index.updateGap(gap),
    remove: (id) => index.removeGaps([id]),
  };

  async function footageAfter(
    { cameraId, startUtcMs }: Gap,
    beforeUtcMs = Number.MAX_SAFE_INTEGER,
  ): Promise<number | undefined> {
    // Gaps begin at whole milliseconds, and the footage before them may end within one.
    const fromUtcMs = startUtcMs + 1;
    const { spans } = await index.spans({
      cameraId,
      fromUtcMs,
      toUtcMs: beforeUtcMs,
      toleranceMs: 0,
      limit: 1,
    });
    return spans[0]?.startUtcMs;
  }

  /** Half of them. The new ones come first: what ends the engine in between leaves a gap twice, and none forgotten. */
  async function mergeOldest(cameraId: CameraId): Promise<void> {
    const limit = Math.ceil(maximumGaps / 2);
    const gaps = await index.gaps({ cameraId, fromUtcMs: 0, toUtcMs: Number.MAX_SAFE_INTEGER, limit });
    for (const { replaces, gap } of mergeGaps(gaps.filter(isMergeable))) {
      await index.insertGap(gap);
      await index.removeGaps(replaces);
    }
  }
}

function isMergeable(gap: Gap): gap is ClosedGap {
  return gap.endUtcMs !== undefined && gap.reason !== 'retention';
}
