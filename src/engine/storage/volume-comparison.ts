import type { CameraId } from '../../shared/engine-api/index.ts';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { reconcileThorough, reconcileUrgent, sumOf, type ReconcileReport } from './reconcile.ts';
import type { SegmentIndex } from './segment-index.ts';
import type { Volume } from './volume.ts';

/** The report of a volume that was not compared yet. */
export const nothingReconciled: ReconcileReport = {
  recovered: 0,
  removedFiles: 0,
  unreadableFiles: 0,
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
  /** What the comparison in the background met. */
  readonly onError: (error: unknown) => void;
}

/** Brings the files of one volume and the index together, each time its disk comes (back). */
export class VolumeComparison {
  readonly #options: VolumeComparisonOptions;
  readonly #stopping = new AbortController();
  #underWay: Promise<void> = Promise.resolve();
  #report = nothingReconciled;
  #isComplete = true;

  constructor(options: VolumeComparisonOptions) {
    this.#options = options;
  }

  /** False when the disk did not let every file be looked at: worth another try when it has been in trouble. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Resolves when what must be right before recording is; everything else is looked at while recording goes on. */
  async run(volumeId: string): Promise<void> {
    const { volume, index, clock, log, adoptsOldRows, cameraIds } = this.#options;
    if (adoptsOldRows) await index.adoptRows(volumeId);
    const place = { volume, volumeId, index, log };
    const urgent = await reconcileUrgent({ ...place, nowUtcMs: clock.utcMs(), cameraIds: cameraIds() });
    this.#report = sumOf(this.#report, urgent);
    this.#isComplete = urgent.unreadableFiles === 0;
    this.#underWay = this.#compareEverything(volumeId);
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

  async #compareEverything(volumeId: string): Promise<void> {
    const { volume, index, log, inHand, onError } = this.#options;
    const isOpen = (filePath: string): boolean => inHand.has(filePath);
    const { signal } = this.#stopping;
    try {
      const thorough = await reconcileThorough({ volume, volumeId, index, log, isOpen, signal });
      this.#report = sumOf(this.#report, thorough);
      this.#isComplete &&= thorough.unreadableFiles === 0;
    } catch (error) {
      this.#isComplete = false;
      onError(error);
    }
  }
}
