import { join } from 'node:path';
import type {
  CameraId,
  SegmentInfo,
  SegmentList,
  SegmentQuery,
  VolumeStatus,
} from '../../shared/engine-api/index.ts';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { writeInit } from '../media/fmp4/index.ts';
import { attempt, errorCode, failed, type Outcome, type StorageFailure } from './failure.ts';
import { OpenSegment } from './open-segment.ts';
import { reconcileThorough, reconcileUrgent, sumOf, type ReconcileReport } from './reconcile.ts';
import { deleteSegments, planRetention } from './retention.ts';
import { maximumNameAttempts, segmentFilePath } from './segment-file-name.ts';
import type { NewSegment, ReadableRow, SegmentIndex } from './segment-index.ts';
import { writeSegmentLabel } from './segment-label.ts';
import type { SegmentOpening, SegmentStore, SegmentWriter, StorageLimits } from './segment-store.ts';
import type { SegmentFile, Volume, VolumeSpace } from './volume.ts';

export interface SegmentStoreOptions {
  readonly volume: Volume;
  readonly volumeId: string;
  readonly index: SegmentIndex;
  readonly clock: Clock;
  readonly log: Log;
  /** `/proc/sys/kernel/random/boot_id`: tells which boot a monotonic time belongs to. */
  readonly bootId: string;
  /** The node's clock minus true time, where it is known. */
  readonly clockOffsetMs?: () => number | undefined;
  readonly limits: StorageLimits;
}

export function createSegmentStore(options: SegmentStoreOptions): SegmentStore {
  return new LocalSegmentStore(options);
}

/** How often open segments are looked at for a sync that is due: spreads them over the interval. */
const syncTicksPerInterval = 8;
/** Syncs under way at once, so that a slow disk does not take every thread of the pool. */
const maximumConcurrentSyncs = 2;
/** So that one look at a volume far over its quota ends; the next goes on. */
const maximumDeletionsPerInspection = 64;

type Health = { readonly kind: 'ok' } | { readonly kind: 'obstructed'; readonly failure: StorageFailure };

class LocalSegmentStore implements SegmentStore {
  readonly #options: SegmentStoreOptions;
  readonly #open = new Set<OpenSegment>();
  #timers = new DisposableStack();
  #health: Health = { kind: 'ok' };
  #space: VolumeSpace = { totalBytes: 0, freeBytes: 0 };
  #syncsUnderWay = 0;
  #inspection: Promise<void> | undefined;

  constructor(options: SegmentStoreOptions) {
    this.#options = options;
  }

  async start(): Promise<Outcome<ReconcileReport>> {
    const { volume, volumeId, index, clock, log, limits } = this.#options;
    const report = await attempt(volume.path, async () => {
      await index.adoptRows(volumeId);
      const place = { volume, volumeId, index, log };
      const urgent = await reconcileUrgent({ ...place, nowUtcMs: clock.utcMs() });
      return sumOf(urgent, await reconcileThorough({ ...place, isOpen: () => false }));
    });
    await this.inspect();
    const { syncIntervalMs, inspectionIntervalMs } = limits;
    this.#timers.use(clock.every(syncIntervalMs / syncTicksPerInterval, () => this.#syncDue()));
    this.#timers.use(clock.every(inspectionIntervalMs, () => void this.inspect()));
    return report;
  }

  async stop(): Promise<void> {
    this.#timers.dispose();
    this.#timers = new DisposableStack();
    await this.#inspection;
    for (const segment of this.#open) await segment.abandon();
  }

  async begin(opening: SegmentOpening): Promise<Outcome<SegmentWriter>> {
    if (this.#health.kind === 'obstructed') return failed(this.#health.failure);
    const outcome = await attempt(this.#options.volume.path, () => this.#createSegment(opening));
    if (outcome.kind === 'failed') {
      this.#obstruct(outcome.failure);
      return outcome;
    }
    this.#open.add(outcome.value);
    return outcome;
  }

  obstacle(): StorageFailure | undefined {
    return this.#health.kind === 'obstructed' ? this.#health.failure : undefined;
  }

  status(): VolumeStatus {
    const { volume, limits } = this.#options;
    const obstacle = this.obstacle();
    return {
      path: volume.path,
      ...this.#space,
      reserveBytes: limits.reserveBytes,
      state: obstacle === undefined ? 'ok' : obstacle.reason === 'disk-full' ? 'full' : 'error',
    };
  }

  async segments(cameraId: CameraId, { from, to, limit }: SegmentQuery): Promise<SegmentList> {
    const rows = await this.#options.index.list({
      cameraId,
      fromUtcMs: from ?? 0,
      toUtcMs: to ?? Number.MAX_SAFE_INTEGER,
      limit: limit + 1,
    });
    return { segments: rows.slice(0, limit).map(segmentInfo), truncated: rows.length > limit };
  }

  async segmentFile(
    cameraId: CameraId,
    segmentId: number,
  ): Promise<{ readonly path: string; readonly byteLength: number } | undefined> {
    const row = await this.#options.index.find(segmentId);
    if (row === undefined || row.cameraId !== cameraId || row.state === 'deleting') return undefined;
    return { path: join(this.#options.volume.path, row.filePath), byteLength: row.byteLength };
  }

  inspect(): Promise<void> {
    this.#inspection ??= this.#inspectNow().finally(() => {
      this.#inspection = undefined;
    });
    return this.#inspection;
  }

  /** The file and its name are on disk before the row says so. */
  async #createSegment(opening: SegmentOpening): Promise<OpenSegment> {
    const { volume, volumeId, index, bootId, clockOffsetMs } = this.#options;
    const offsetMs = clockOffsetMs?.();
    const facts = {
      cameraId: opening.cameraId,
      volumeId,
      content: 'main' as const,
      startUtcMs: opening.startUtcMs,
      startMonotonicMs: opening.startMonotonicMs,
      bootId,
      ...(offsetMs === undefined ? {} : { clockOffsetMs: offsetMs }),
      mediaStart90k: opening.mediaStart90k,
    };
    const init = writeInit(opening.tracks, [writeSegmentLabel(facts)]);
    const { file, filePath } = await this.#createFile(opening);
    const segment: NewSegment = { ...facts, filePath, hasAudio: opening.tracks.audio !== undefined };
    try {
      const byteLength = await file.append([init]);
      await file.sync();
      await volume.syncDirectoryOf(filePath);
      const extent = { byteLength, duration90k: 0, frameCount: 0, partCount: 0 };
      const segmentId = await index.insert(segment, { extent, state: 'writing' });
      return new OpenSegment({
        ...this.#options,
        file,
        filePath,
        segmentId,
        extent,
        obstacle: () => this.#lackOfSpace(),
        onFailure: (failure) => this.#obstruct(failure),
        onRelease: (released) => this.#open.delete(released),
      });
    } catch (error) {
      await Promise.allSettled([file.close(), volume.remove(filePath)]);
      throw error;
    }
  }

  async #createFile({
    cameraId,
    startUtcMs,
  }: SegmentOpening): Promise<{ file: SegmentFile; filePath: string }> {
    for (let number = 0; ; number += 1) {
      const filePath = segmentFilePath({ cameraId, content: 'main', startUtcMs }, number);
      try {
        return { file: await this.#options.volume.create(filePath), filePath };
      } catch (error) {
        if (errorCode(error) !== 'EEXIST' || number + 1 >= maximumNameAttempts) throw error;
      }
    }
  }

  /** An error may be that of one file: the others go on, and find out for themselves. */
  #lackOfSpace(): StorageFailure | undefined {
    const obstacle = this.obstacle();
    return obstacle?.reason === 'disk-full' ? obstacle : undefined;
  }

  #obstruct(failure: StorageFailure): void {
    if (this.#health.kind === 'ok') this.#options.log.error({ ...failure }, 'Recording to the volume halts.');
    this.#health = { kind: 'obstructed', failure };
  }

  #clear(): void {
    if (this.#health.kind === 'ok') return;
    this.#options.log.info({ volume: this.#options.volume.path }, 'The volume can be written to again.');
    this.#health = { kind: 'ok' };
  }

  #syncDue(): void {
    const dueBefore = this.#options.clock.monotonicMs() - this.#options.limits.syncIntervalMs;
    for (const segment of this.#open) {
      if (this.#syncsUnderWay >= maximumConcurrentSyncs) return;
      if (!segment.needsSync(dueBefore)) continue;
      this.#syncsUnderWay += 1;
      void segment.sync().finally(() => {
        this.#syncsUnderWay -= 1;
      });
    }
  }

  async #inspectNow(): Promise<void> {
    const { volume } = this.#options;
    const outcome = await attempt(volume.path, async () => {
      this.#space = await volume.space();
      await this.#applyRetention();
      if (this.#health.kind === 'obstructed' && this.#health.failure.reason === 'disk-error')
        await volume.probe();
    });
    if (outcome.kind === 'failed') return this.#obstruct(outcome.failure);
    this.#judgeSpace();
    return undefined;
  }

  /** Once full, half the headroom must be back before recording resumes, so that it does not flutter. */
  #judgeSpace(): void {
    const { reserveBytes, headroomBytes } = this.#options.limits;
    const neededBytes = this.#health.kind === 'ok' ? reserveBytes : reserveBytes + headroomBytes / 2;
    if (this.#space.freeBytes >= neededBytes) return this.#clear();
    return this.#obstruct({
      reason: 'disk-full',
      detail:
        `The volume ${this.#options.volume.path} has ${inMebibytes(this.#space.freeBytes)} free; ` +
        `${inMebibytes(neededBytes)} are needed. Free space, or lower the retention.`,
    });
  }

  async #applyRetention(): Promise<void> {
    const { volume, index, log, limits } = this.#options;
    for (let deletions = 0; deletions < maximumDeletionsPerInspection; deletions += 1) {
      const { freeBytes } = this.#space;
      const reason = planRetention({ freeBytes, storedBytes: await storedBytes(index), limits });
      const oldest = reason === undefined ? [] : await index.oldest({ limit: 1 });
      if (reason === undefined || oldest.length === 0) return;
      await deleteSegments(oldest, { volume, index, log, reason });
      this.#space = await volume.space();
    }
  }
}

async function storedBytes(index: SegmentIndex): Promise<number> {
  const totals = await index.totals();
  return totals.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function inMebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}

/** A row as the API tells it. */
function segmentInfo(row: ReadableRow): SegmentInfo {
  const { id, cameraId, startUtcMs, duration90k, byteLength, frameCount, state, hasAudio } = row;
  return { id, cameraId, startUtcMs, durationMs: duration90k / 90, byteLength, frameCount, state, hasAudio };
}
