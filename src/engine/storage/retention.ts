import {
  chooseDeletions,
  retentionDemands,
  type RetentionDemand,
  type RetentionFacts,
  type RetentionRules,
} from '../../shared/domain/retention.ts';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import type { CameraId, CameraRetention, VolumeConfig } from '../../shared/engine-api/index.ts';
import type { SegmentIndex, SegmentRow, StoredTotal } from './segment-index.ts';
import type { Volume, VolumeSpace } from './volume.ts';

/** Rows looked at, and at most deleted, in one go. */
const pageSize = 32;
/** So that one look at a volume far over its quota ends; the next goes on. */
const maximumDeletionsPerLook = 512;
/** What is too old is looked for less often than what is too much. */
const ageLookIntervalMs = 60_000;

export interface RetentionTarget {
  readonly volume: Volume;
  readonly volumeId: string;
  readonly config: VolumeConfig;
  readonly space: VolumeSpace;
}

export interface RetentionOutcome {
  /** Of this engine on the volume, afterwards. */
  readonly storedBytes: number;
  readonly deletedBytes: number;
  /** More should have gone, and there is nothing left that may. */
  readonly isExhausted: boolean;
}

export interface RetentionOptions {
  readonly index: SegmentIndex;
  readonly clock: Clock;
  readonly log: Log;
  readonly headroomBytes: number;
  readonly cameraRules: () => ReadonlyMap<CameraId, CameraRetention>;
  /** What a camera has elsewhere counts only while it could be deleted. */
  readonly isAnswering: (volumeId: string) => boolean;
}

/** Keeps volumes and cameras within their limits, oldest footage first. */
export class Retention {
  readonly #options: RetentionOptions;
  /** By volume: when old footage was last looked for. */
  readonly #lastAgeLookMonotonicMs = new Map<string, number>();
  /** By volume: what was marked and could not be removed. */
  readonly #interrupted = new Map<string, Removal>();

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Rejects with the volume's error or the index's. */
  async apply(target: RetentionTarget): Promise<RetentionOutcome> {
    const { clock } = this.#options;
    await this.#completeInterrupted(target);
    const rules = this.#rules(target.config);
    const met = new Set<string>();
    const isAgeDue = this.#isAgeDue(target.volumeId);
    let deletedBytes = 0;
    let deletions = 0;
    let isExhausted = false;
    for (;;) {
      const nowUtcMs = clock.utcMs();
      // Not every file system says at once what deleting has freed: within one look we count ourselves.
      const freeBytes = target.space.freeBytes + deletedBytes;
      const facts = this.#facts(await this.#options.index.totals(), {
        nowUtcMs,
        freeBytes,
        volumeId: target.volumeId,
      });
      const demand = retentionDemands(facts, rules).find(
        (candidate) => !met.has(keyOf(candidate)) && (isAgeDue || candidate.until.kind === 'bytes'),
      );
      if (demand === undefined || deletions >= maximumDeletionsPerLook)
        return { storedBytes: facts.storedBytes, deletedBytes, isExhausted };
      const page = await this.#options.index.oldest({
        volumeId: target.volumeId,
        cameraId: demand.cameraId,
        limit: pageSize,
      });
      const choice = chooseDeletions(demand, page.map(retained), { rules, nowUtcMs });
      const deleted = await this.#delete(choice, { demand, target });
      deletions += deleted.length;
      deletedBytes += deleted.reduce((sum, { byteLength }) => sum + byteLength, 0);
      if (deleted.length > 0 && choice.rest !== undefined) continue;
      met.add(keyOf(demand));
      if (choice.rest !== undefined && demand.until.kind === 'bytes') isExhausted = true;
    }
  }

  async #delete(
    { deletions, early }: { readonly deletions: readonly Retained[]; readonly early: readonly Retained[] },
    { demand, target }: { readonly demand: RetentionDemand; readonly target: RetentionTarget },
  ): Promise<readonly SegmentRow[]> {
    const { log } = this.#options;
    if (deletions.length === 0) return [];
    const deleted = await this.#deleteRows(
      deletions.map(({ row }) => row),
      { reason: demand.reason, target },
    );
    for (const cameraId of new Set(early.map((segment) => segment.cameraId))) {
      log.warn(
        { cameraId, volume: target.config.name, reason: demand.reason },
        'Footage was deleted that is younger than the minimum of its camera. Add space, or lower what is kept of other cameras.',
      );
    }
    return deleted;
  }

  /**
   * Marks, unlinks, syncs the directories, drops the rows: whatever stops it in between, the next look or the next start goes on.
   * The answer is what was deleted: not what somebody has locked meanwhile.
   */
  async #deleteRows(
    rows: readonly SegmentRow[],
    { reason, target }: { readonly reason: string; readonly target: RetentionTarget },
  ): Promise<readonly SegmentRow[]> {
    const ids = rows.map((row) => row.id);
    const marked = new Set(await this.#options.index.markDeleting(ids, reason));
    const going = rows.filter((row) => marked.has(row.id));
    await this.#remove({ rows: going, reason }, target);
    return going;
  }

  async #completeInterrupted(target: RetentionTarget): Promise<void> {
    const interrupted = this.#interrupted.get(target.volumeId);
    if (interrupted !== undefined) await this.#remove(interrupted, target);
  }

  async #remove(removal: Removal, { volume, volumeId, config }: RetentionTarget): Promise<void> {
    const { index, log } = this.#options;
    const { rows, reason } = removal;
    if (rows.length === 0) return;
    this.#interrupted.set(volumeId, removal);
    for (const row of rows) await volume.remove(row.filePath);
    await index.remove(rows.map((row) => row.id));
    this.#interrupted.delete(volumeId);
    for (const { cameraId, filePath, byteLength } of rows)
      log.info({ cameraId, volume: config.name, file: filePath, byteLength, reason }, 'Deleted a segment.');
  }

  #rules({ reserveBytes, quotaBytes, maximumDays }: VolumeConfig): RetentionRules {
    const { headroomBytes, cameraRules } = this.#options;
    return { volume: { reserveBytes, headroomBytes, quotaBytes, maximumDays }, cameras: cameraRules() };
  }

  #facts(
    totals: readonly StoredTotal[],
    { volumeId, ...now }: Pick<RetentionFacts, 'nowUtcMs' | 'freeBytes'> & { readonly volumeId: string },
  ): RetentionFacts {
    const { isAnswering } = this.#options;
    const here = totals.filter((total) => total.volumeId === volumeId);
    const cameraBytes = new Map(here.map(({ cameraId }) => [cameraId, 0]));
    for (const { cameraId, volumeId: where, byteLength } of totals) {
      const sum = cameraBytes.get(cameraId);
      if (sum !== undefined && (where === volumeId || isAnswering(where)))
        cameraBytes.set(cameraId, sum + byteLength);
    }
    return { ...now, storedBytes: here.reduce((sum, { byteLength }) => sum + byteLength, 0), cameraBytes };
  }

  #isAgeDue(volumeId: string): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    const lastMs = this.#lastAgeLookMonotonicMs.get(volumeId);
    if (lastMs !== undefined && nowMs - lastMs < ageLookIntervalMs) return false;
    this.#lastAgeLookMonotonicMs.set(volumeId, nowMs);
    return true;
  }
}

interface Removal {
  readonly rows: readonly SegmentRow[];
  readonly reason: string;
}

interface Retained {
  readonly row: SegmentRow;
  readonly cameraId: CameraId;
  readonly startUtcMs: number;
  readonly endUtcMs: number;
  readonly byteLength: number;
}

function retained(row: SegmentRow): Retained {
  const { cameraId, startUtcMs, duration90k, byteLength } = row;
  return { row, cameraId, startUtcMs, endUtcMs: startUtcMs + duration90k / 90, byteLength };
}

function keyOf({ reason, cameraId = '' }: RetentionDemand): string {
  return `${reason} ${cameraId}`;
}
