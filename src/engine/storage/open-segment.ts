import type { Clock } from '../../shared/domain/clock.ts';
import { done, failed, type Outcome, type StorageFailure } from './failure.ts';
import type { GuardedFile, GuardedVolume } from './guarded-volume.ts';
import type { SegmentExtent, SegmentProgress } from './segment-index.ts';
import type { SegmentRowWriter } from './segment-rows.ts';
import type { SegmentWriter, StoredPart } from './segment-store.ts';

export interface OpenSegmentOptions {
  readonly row: SegmentRowWriter;
  /**
   * Looks at the file anew, cuts it to its whole parts, and has its row say so where the index has it. The answer is what a row
   * that it does not have is to say; nothing when there is no such row, or nothing is left of the file.
   */
  readonly recover: () => Promise<SegmentExtent | undefined>;
  readonly clock: Clock;
  readonly volume: GuardedVolume;
  readonly file: GuardedFile;
  readonly filePath: string;
  readonly volumeName: string;
  /** What is on disk already: the initialization segment. */
  readonly extent: SegmentExtent;
  /** How much earlier than the others' its syncs are due, so that files which began together are not synced together. */
  readonly syncPhaseMs: number;
  readonly host: SegmentHost;
}

/** The volume a segment is written to, as the segment sees it. */
export interface SegmentHost {
  /** Why nothing may be written now, however the segment's file fares. */
  obstacle(): StorageFailure | undefined;
  /** Judges an error of the volume. Throws what is none. */
  judge(error: unknown): StorageFailure;
  /** Nothing more is written. `unfinished`: the file is not as it should be yet; `settle` is to be tried when the volume is well. */
  onEnd(segment: OpenSegment, how: 'settled' | 'unfinished'): void;
  /** Pictures that were given for writing and are lost. */
  onLost(videoFrames: number): void;
}

/** A segment being written: the file is ahead, what was synced follows, the row comes last, and nothing waits for it. */
export class OpenSegment implements SegmentWriter {
  readonly filePath: string;
  readonly #options: OpenSegmentOptions;
  #written: SegmentExtent;
  #synced: SegmentExtent;
  #lastSyncMonotonicMs: number;
  #appending: Promise<void> = Promise.resolve();
  #syncUnderWay: Promise<void> | undefined;
  #failure: StorageFailure | undefined;
  #isEnding = false;
  #isEnded = false;

  constructor(options: OpenSegmentOptions) {
    this.#options = options;
    this.filePath = options.filePath;
    this.#written = options.extent;
    this.#synced = options.extent;
    this.#lastSyncMonotonicMs = options.clock.monotonicMs() - options.syncPhaseMs;
  }

  get segmentId(): number | undefined {
    return this.#options.row.id;
  }

  get kept(): SegmentExtent {
    return this.#written;
  }

  get volumeName(): string {
    return this.#options.volumeName;
  }

  /** Whether `finish` or `abandon` was called: the row's last word is theirs. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  async append(part: StoredPart): Promise<Outcome<void>> {
    const { file, host } = this.#options;
    const known = this.#failure ?? (this.#isEnding ? givenUp : host.obstacle());
    if (known !== undefined) {
      part.release();
      host.onLost(part.videoFrames);
      return failed(known);
    }
    const appending = file.appendBorrowed(part);
    this.#appending = appending.then(ignore, ignore);
    let appendedBytes: number;
    try {
      appendedBytes = await appending;
    } catch (error) {
      host.onLost(part.videoFrames);
      return this.#fail(error);
    }
    // A sync failed meanwhile, and what counts as written was taken back to the one before it; or the volume went away.
    const meanwhile = this.#failure ?? (this.#isEnding ? givenUp : undefined);
    if (meanwhile !== undefined) {
      host.onLost(part.videoFrames);
      return failed(meanwhile);
    }
    this.#written = {
      byteLength: this.#written.byteLength + appendedBytes,
      duration90k: part.segmentDuration90k,
      frameCount: this.#written.frameCount + part.videoFrames,
      partCount: this.#written.partCount + 1,
    };
    return done(undefined);
  }

  async finish(): Promise<Outcome<void>> {
    this.#isEnding = true;
    if (this.#written.partCount === 0) {
      await this.abandon();
      return done(undefined);
    }
    await this.sync();
    if (this.#failure !== undefined) return failed(this.#failure);
    const { row, file } = this.#options;
    try {
      row.finish(this.#synced);
      await file.close();
    } catch (error) {
      return this.#fail(error);
    }
    this.#end('settled');
    return done(undefined);
  }

  /** Keeps the whole parts. Where the volume does not let us, the segment is left to be settled later. */
  async abandon(): Promise<void> {
    this.#isEnding = true;
    if (this.#isEnded) return;
    await this.#appending;
    await this.#syncUnderWay;
    const { file, host } = this.#options;
    try {
      if (this.#written.partCount > 0) {
        await file.truncate(this.#written.byteLength);
        await file.sync().catch((error: unknown) => {
          this.#trustOnlySynced();
          throw error;
        });
      }
      await file.close();
      await this.#agree();
      this.#end('settled');
    } catch (error) {
      host.judge(error);
      await file.close().catch((closing: unknown) => host.judge(closing));
      this.#end('unfinished');
    }
  }

  /** False while the system still works on something asked before the segment was given up. */
  get isSettleable(): boolean {
    return !this.#options.file.isBusy;
  }

  /**
   * After `abandon` could not: cuts the file to what is known to be whole, and has the row say so. A file that the disk has
   * less of is looked at anew. Rejects as the volume does.
   */
  async settle(): Promise<void> {
    if (this.#written.partCount === 0 || (await this.#cut(this.#written.byteLength))) {
      await this.#agree();
      return;
    }
    const left = await this.#options.recover();
    if (left !== undefined) this.#options.row.finish(left);
  }

  /** Whether bytes have waited since before that time. */
  needsSync(dueBeforeMonotonicMs: number): boolean {
    return (
      this.#written !== this.#synced &&
      this.#syncUnderWay === undefined &&
      this.#failure === undefined &&
      !this.#isEnding &&
      this.#lastSyncMonotonicMs <= dueBeforeMonotonicMs
    );
  }

  /** Syncs what was written before the call. A failure shows at the next append. */
  async sync(): Promise<void> {
    // Whoever comes first after a sync begins the next one, and the others wait for that one too.
    while (this.#syncUnderWay !== undefined) await this.#syncUnderWay;
    if (this.#failure !== undefined || this.#written === this.#synced) return;
    this.#syncUnderWay = this.#syncNow().finally(() => {
      this.#syncUnderWay = undefined;
    });
    await this.#syncUnderWay;
  }

  /** What the row may say: nothing that a power cut could take back. Nothing at all before the index has the row. */
  progress(): SegmentProgress | undefined {
    const { id } = this.#options.row;
    return id === undefined ? undefined : { id, extent: this.#synced, state: 'writing' };
  }

  async #syncNow(): Promise<void> {
    const extent = this.#written;
    this.#lastSyncMonotonicMs = this.#options.clock.monotonicMs();
    try {
      await this.#options.file.sync();
      this.#synced = extent;
      this.#options.row.follow(extent);
    } catch (error) {
      this.#trustOnlySynced();
      this.#fail(error);
    }
  }

  /** Linux forgets what it could not write: after a failed sync only what an earlier one covered can be trusted. */
  #trustOnlySynced(): void {
    this.#options.host.onLost(this.#written.frameCount - this.#synced.frameCount);
    this.#written = this.#synced;
  }

  /** False when the file is shorter already: a cut would lengthen it with zeros. */
  async #cut(byteLength: number): Promise<boolean> {
    const file = await this.#options.volume.recover(this.filePath);
    try {
      if (file.byteLength < byteLength) return false;
      await file.truncate(byteLength);
      return true;
    } catch (error) {
      // It may have been the sync.
      this.#trustOnlySynced();
      throw error;
    } finally {
      await file.close();
    }
  }

  /** The file is as it should be; the row follows, or goes with a file that has no part. */
  async #agree(): Promise<void> {
    const { row, volume } = this.#options;
    if (this.#written.partCount > 0) {
      row.finish(this.#written);
      return;
    }
    await volume.remove(this.filePath);
    row.remove();
  }

  #fail(error: unknown): Outcome<never> {
    this.#failure = this.#options.host.judge(error);
    return failed(this.#failure);
  }

  #end(how: 'settled' | 'unfinished'): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#options.host.onEnd(this, how);
  }
}

const givenUp: StorageFailure = {
  reason: 'disk-error',
  detail: 'The segment was given up because its volume went away. Recording goes on in another one.',
};

function ignore(): void {
  // Whoever appended hears of it.
}
