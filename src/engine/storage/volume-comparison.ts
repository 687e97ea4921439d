import type { CameraId } from '../../shared/engine-api/index.ts';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { isIndexError } from './failure.ts';
import {
  reconcileThorough,
  reconcileUrgent,
  sumOf,
  type ReconcileOptions,
  type ReconcileReport,
} from './reconcile.ts';
import type { SegmentIndex } from './segment-index.ts';
import type { Volume } from './volume.ts';

/** The report of a volume that was not compared yet. */
export const nothingReconciled: ReconcileReport = {
  recovered: 0,
  removedFiles: 0,
  damagedFiles: 0,
  unreadableFiles: 0,
  unreadableDirectories: 0,
  discardedBytes: 0,
  droppedRows: 0,
  completedDeletions: 0,
};

export interface VolumeComparisonOptions {
  readonly volume: Volume;
  readonly index: SegmentIndex;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether footage from before volumes were told apart is on this one. */
  readonly adoptsOldRows: boolean;
  /** Cameras that are going to record. */
  readonly cameraIds: () => readonly CameraId[];
  /** Files being made, written or waiting for repair: nobody else touches them. */
  readonly inHand: ReadonlySet<string>;
  /** Whether the volume's disk is in its place. */
  readonly isPresent: () => Promise<boolean>;
  /** What the comparison in the background met. */
  readonly onError: (error: unknown) => void;
}

/** So long a comparison that a disk did not let come to its end is left alone before it is tried again. */
const retryAfterMs = 10 * 60 * 1000;
/** The same for one that the index stopped. */
const retryAfterIndexMs = 60 * 1000;

/** Brings the files of one volume and the index together, each time its disk comes (back). */
export class VolumeComparison {
  readonly #options: VolumeComparisonOptions;
  /** Directories that cannot be read and were told of. */
  readonly #unreadable = new Set<string>();
  #stopping = new AbortController();
  #underWay: Promise<void> = Promise.resolve();
  #report = nothingReconciled;
  #state: ComparisonState = { kind: 'complete' };

  constructor(options: VolumeComparisonOptions) {
    this.#options = options;
  }

  /**
   * Resolves when what must be right before recording is; everything else is looked at while recording goes on. `beforeUtcMs`:
   * recording goes on already, since then. Rejects with the volume's error or the index's.
   */
  async run(volumeId: string, beforeUtcMs?: number): Promise<void> {
    const { index, clock, adoptsOldRows, cameraIds } = this.#options;
    // Of the disk before it went away.
    await this.stop();
    this.#stopping = new AbortController();
    if (adoptsOldRows) await index.adoptRows(volumeId);
    const urgent = await reconcileUrgent({
      ...this.#place(volumeId),
      nowUtcMs: clock.utcMs(),
      cameraIds: cameraIds(),
      beforeUtcMs,
    });
    this.#report = sumOf(this.#report, urgent);
    this.#underWay = this.#compareEverything(volumeId, 'first');
  }

  /**
   * Looks at everything again, beside recording, where the disk did not let the last comparison see all: once as soon as a
   * trouble of the volume is over, otherwise rarely, for a bad sector stays bad.
   */
  retry(volumeId: string, { isAfterTrouble }: { readonly isAfterTrouble: boolean }): void {
    if (this.#state.kind !== 'incomplete') return;
    const { attempt, dueMonotonicMs } = this.#state;
    const isDue = this.#options.clock.monotonicMs() >= dueMonotonicMs;
    if (isDue || (isAfterTrouble && attempt === 'first'))
      this.#underWay = this.#compareEverything(volumeId, 'again');
  }

  /** Resolves when nothing is under way; the answer is what all of them came to. */
  async finished(): Promise<ReconcileReport> {
    await this.#underWay;
    return this.#report;
  }

  /** Ends what is under way at the next directory. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#underWay;
  }

  #place(volumeId: string): ReconcileOptions {
    const { volume, index, log, inHand, isPresent } = this.#options;
    const isOpen = (filePath: string): boolean => inHand.has(filePath);
    return { volume, volumeId, index, log, isOpen, isPresent, unreadable: this.#unreadable };
  }

  async #compareEverything(volumeId: string, attempt: 'first' | 'again'): Promise<void> {
    const { signal } = this.#stopping;
    this.#state = { kind: 'under-way' };
    let isComplete = false;
    let pauseMs = retryAfterMs;
    try {
      const thorough = await reconcileThorough({ ...this.#place(volumeId), signal });
      this.#report = sumOf(this.#report, thorough);
      isComplete = thorough.unreadableFiles === 0 && thorough.unreadableDirectories === 0;
    } catch (error) {
      if (isIndexError(error)) pauseMs = retryAfterIndexMs;
      this.#options.onError(error);
    }
    const dueMonotonicMs = this.#options.clock.monotonicMs() + pauseMs;
    this.#state = isComplete ? { kind: 'complete' } : { kind: 'incomplete', attempt, dueMonotonicMs };
  }
}

type ComparisonState =
  | { readonly kind: 'under-way' }
  | { readonly kind: 'complete' }
  | { readonly kind: 'incomplete'; readonly attempt: 'first' | 'again'; readonly dueMonotonicMs: number };
