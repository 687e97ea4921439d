import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { errorCode } from './failure.ts';
import type { SegmentIndex, SegmentRow } from './segment-index.ts';
import type { Volume } from './volume.ts';

/** How often what could not be removed is tried again. */
const retryIntervalMs = 60_000;
/** So many files that do not go are the volume's trouble, not theirs. */
const maximumStuck = 1024;
const pageSize = 500;

export interface RemovalPlace {
  readonly volume: Volume;
  readonly volumeId: string;
  readonly volumeName: string;
}

export interface FootageRemovalOptions {
  readonly index: SegmentIndex;
  readonly clock: Clock;
  readonly log: Log;
}

/** Marked in the index; its file may be gone already. */
interface PendingRemoval {
  readonly row: SegmentRow;
  readonly reason: string;
  /** When its file would not go, though the volume is well. */
  readonly refusedMonotonicMs?: number;
}

/**
 * The steps of deleting: mark, unlink, sync the directories, drop the rows. Whatever stops it in between, the next look or the
 * next start goes on; a file that does not go holds up nobody but itself.
 */
export class FootageRemoval {
  readonly #options: FootageRemovalOptions;
  /** By volume and row. */
  readonly #pending = new Map<string, Map<number, PendingRemoval>>();

  constructor(options: FootageRemovalOptions) {
    this.#options = options;
  }

  /** Goes on with what is marked and not yet removed. Rejects with the volume's error or the index's. */
  async resume(place: RemovalPlace): Promise<void> {
    const { clock } = this.#options;
    const pending = this.#pending.get(place.volumeId) ?? (await this.#recall(place.volumeId));
    const retryBeforeMs = clock.monotonicMs() - retryIntervalMs;
    const due = [...pending.values()].filter(
      ({ refusedMonotonicMs }) => refusedMonotonicMs === undefined || refusedMonotonicMs <= retryBeforeMs,
    );
    if (due.length > 0) await this.#remove(due, { place, pending });
  }

  /**
   * Deletes rows with their files. The answer is what is on its way, which is not what somebody has locked meanwhile, and what of
   * it is gone. Rejects with the volume's error or the index's.
   */
  async run(
    rows: readonly SegmentRow[],
    { reason, place }: { readonly reason: string; readonly place: RemovalPlace },
  ): Promise<{ readonly marked: readonly SegmentRow[]; readonly removed: readonly SegmentRow[] }> {
    const { index } = this.#options;
    const pending = this.#pending.get(place.volumeId) ?? (await this.#recall(place.volumeId));
    const ids = rows.map((row) => row.id);
    const going = new Set(await index.markDeleting(ids, reason));
    const marked = rows.filter((row) => going.has(row.id));
    const removals = marked.map((row): PendingRemoval => ({ row, reason }));
    return { marked, removed: await this.#remove(removals, { place, pending }) };
  }

  /** What an earlier run has marked and left. */
  async #recall(volumeId: string): Promise<Map<number, PendingRemoval>> {
    const { index } = this.#options;
    const pending = new Map<number, PendingRemoval>();
    for (let afterId = 0; pending.size < maximumStuck;) {
      const rows = await index.unfinished(volumeId, { afterId, limit: pageSize });
      for (const row of rows)
        if (row.state === 'deleting') pending.set(row.id, { row, reason: 'interrupted' });
      const last = rows.at(-1);
      if (last === undefined) break;
      afterId = last.id;
    }
    this.#pending.set(volumeId, pending);
    return pending;
  }

  async #remove(
    removals: readonly PendingRemoval[],
    { place, pending }: { readonly place: RemovalPlace; readonly pending: Map<number, PendingRemoval> },
  ): Promise<readonly SegmentRow[]> {
    const { index, log } = this.#options;
    for (const removal of removals) pending.set(removal.row.id, removal);
    const removed = await this.#unlink(removals, { place, pending });
    if (removed.length === 0) return [];
    await index.remove(removed.map(({ row }) => row.id));
    for (const { row, reason } of removed) {
      const { cameraId, filePath, byteLength } = row;
      pending.delete(row.id);
      log.info(
        { cameraId, volume: place.volumeName, file: filePath, byteLength, reason },
        'Deleted a segment.',
      );
    }
    return removed.map(({ row }) => row);
  }

  async #unlink(
    removals: readonly PendingRemoval[],
    { place, pending }: { readonly place: RemovalPlace; readonly pending: Map<number, PendingRemoval> },
  ): Promise<readonly PendingRemoval[]> {
    const { clock, log } = this.#options;
    const refused: PendingRemoval[] = [];
    const newlyRefused: { readonly filePath: string; readonly code: string }[] = [];
    const gone: PendingRemoval[] = [];
    for (const removal of removals) {
      const { row, reason, refusedMonotonicMs } = removal;
      try {
        await place.volume.remove(row.filePath);
        gone.push(removal);
      } catch (error) {
        // Whether it is the file's trouble or the volume's, only the volume can tell.
        if (refused.length === 0) await isWell(place.volume, error);
        refused.push(removal);
        pending.set(row.id, { row, reason, refusedMonotonicMs: clock.monotonicMs() });
        if (pending.size > maximumStuck) throw error;
        if (refusedMonotonicMs === undefined)
          newlyRefused.push({ filePath: row.filePath, code: errorCode(error) });
      }
    }
    const [first] = newlyRefused;
    if (first !== undefined) {
      log.error(
        { volume: place.volumeName, file: first.filePath, code: first.code, files: newlyRefused.length },
        'Footage could not be deleted; newer footage goes in its place, and it is tried again each minute. Look at its owner and attributes.',
      );
    }
    return gone;
  }
}

/** Rejects with `error` unless it is one of the system's and the volume can be written to. */
async function isWell(volume: Volume, error: unknown): Promise<void> {
  if (errorCode(error) === '') throw error;
  try {
    await volume.probe();
  } catch {
    throw error;
  }
}
