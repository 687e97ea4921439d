import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { attempt, done, failed, type Outcome, type StorageFailure } from './failure.ts';
import type { SegmentExtent, SegmentIndex } from './segment-index.ts';
import type { SegmentWriter, StoredPart } from './segment-store.ts';
import type { SegmentFile, Volume } from './volume.ts';

export interface OpenSegmentOptions {
  readonly volume: Volume;
  readonly index: SegmentIndex;
  readonly clock: Clock;
  readonly log: Log;
  readonly file: SegmentFile;
  readonly filePath: string;
  readonly segmentId: number;
  /** What is on disk already: the initialization segment. */
  readonly extent: SegmentExtent;
  /** Why nothing may be written now, however this file fares. */
  readonly obstacle: () => StorageFailure | undefined;
  readonly onFailure: (failure: StorageFailure) => void;
  /** Called once, when nothing more is written. */
  readonly onRelease: (segment: OpenSegment) => void;
}

/** A segment being written: the file is ahead, what was synced follows, the row comes last. */
export class OpenSegment implements SegmentWriter {
  readonly segmentId: number;
  readonly #options: OpenSegmentOptions;
  #written: SegmentExtent;
  #synced: SegmentExtent;
  #lastSyncMonotonicMs: number;
  #syncUnderWay: Promise<void> | undefined;
  #failure: StorageFailure | undefined;
  #isReleased = false;

  constructor(options: OpenSegmentOptions) {
    this.#options = options;
    this.segmentId = options.segmentId;
    this.#written = options.extent;
    this.#synced = options.extent;
    this.#lastSyncMonotonicMs = options.clock.monotonicMs();
  }

  async append(part: StoredPart): Promise<Outcome<void>> {
    const { volume, file, obstacle } = this.#options;
    const known = this.#failure ?? obstacle();
    if (known !== undefined) return failed(known);
    const outcome = await attempt(volume.path, () => file.append(part.chunks));
    if (outcome.kind === 'failed') return this.#fail(outcome.failure);
    // A sync failed meanwhile, and what counts as written was taken back to the one before it.
    if (this.#failure !== undefined) return failed(this.#failure);
    this.#written = {
      byteLength: this.#written.byteLength + outcome.value,
      duration90k: part.segmentDuration90k,
      frameCount: this.#written.frameCount + part.videoFrames,
      partCount: this.#written.partCount + 1,
    };
    return done(undefined);
  }

  async finish(): Promise<Outcome<void>> {
    if (this.#written.partCount === 0) {
      await this.abandon();
      return done(undefined);
    }
    await this.sync();
    if (this.#failure !== undefined) return failed(this.#failure);
    const { volume, index, file } = this.#options;
    const outcome = await attempt(volume.path, async () => {
      await index.update({ id: this.segmentId, extent: this.#synced, state: 'finished' });
      await file.close();
    });
    if (outcome.kind === 'failed') return this.#fail(outcome.failure);
    this.#release();
    return outcome;
  }

  async abandon(): Promise<void> {
    if (this.#isReleased) return;
    const { volume, index, file, filePath, log } = this.#options;
    await this.#syncUnderWay;
    const extent = this.#written;
    const outcome = await attempt(volume.path, async () => {
      try {
        if (extent.partCount > 0) {
          await file.truncate(extent.byteLength);
          await file.sync();
        }
      } finally {
        await file.close();
      }
      if (extent.partCount > 0) return index.update({ id: this.segmentId, extent, state: 'finished' });
      await volume.remove(filePath);
      return index.remove([this.segmentId]);
    });
    this.#release();
    if (outcome.kind === 'failed')
      log.warn({ file: filePath, ...outcome.failure }, 'A segment stays unfinished until the next start.');
  }

  /** Whether bytes have waited since before that time. */
  needsSync(dueBeforeMonotonicMs: number): boolean {
    return (
      this.#written !== this.#synced &&
      this.#syncUnderWay === undefined &&
      this.#failure === undefined &&
      this.#lastSyncMonotonicMs <= dueBeforeMonotonicMs
    );
  }

  /** Syncs what was written before the call, and then the row. A failure shows at the next append. */
  async sync(): Promise<void> {
    await this.#syncUnderWay;
    if (this.#failure !== undefined || this.#written === this.#synced) return;
    this.#syncUnderWay = this.#syncNow();
    await this.#syncUnderWay;
    this.#syncUnderWay = undefined;
  }

  async #syncNow(): Promise<void> {
    const { volume, index, file, clock } = this.#options;
    const extent = this.#written;
    this.#lastSyncMonotonicMs = clock.monotonicMs();
    const outcome = await attempt(volume.path, async () => {
      await file.sync();
      this.#synced = extent;
      await index.update({ id: this.segmentId, extent, state: 'writing' });
    });
    if (outcome.kind === 'done') return;
    // Linux forgets what it could not write: after a failed sync only what an earlier one covered can be trusted.
    this.#written = this.#synced;
    this.#fail(outcome.failure);
  }

  #fail(failure: StorageFailure): Outcome<never> {
    this.#failure = failure;
    this.#options.onFailure(failure);
    return failed(failure);
  }

  #release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#options.onRelease(this);
  }
}
