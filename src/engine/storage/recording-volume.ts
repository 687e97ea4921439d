import type { CameraId, VolumeConfig, VolumeState, VolumeStatus } from '../../shared/engine-api/index.ts';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import {
  errorCode,
  failed,
  failureOf,
  isIndexError,
  storageFailure,
  volumeTrouble,
  type Outcome,
  type StorageFailure,
} from './failure.ts';
import { GuardedVolume } from './guarded-volume.ts';
import { OpenSegment, type SegmentHost } from './open-segment.ts';
import {
  reconcileThorough,
  reconcileUrgent,
  sumOf,
  type ReconcileReport,
  type ThoroughOptions,
} from './reconcile.ts';
import type { Retention, RetentionOutcome } from './retention.ts';
import { createSegment } from './segment-creation.ts';
import type { SegmentIndex, SegmentProgress } from './segment-index.ts';
import type { SegmentOpening, SegmentWriter, StorageLimits } from './segment-store.ts';
import { SyncSchedule } from './sync-schedule.ts';
import { VolumeGuard, type GuardLimits } from './volume-guard.ts';
import { VolumeHealth } from './volume-health.ts';
import {
  newIdentity,
  recogniseVolume,
  type KnownVolumes,
  type Misplacement,
  type Recognition,
  type VolumeMarker,
} from './volume-identity.ts';
import type { VolumeMeter } from './volume-meter.ts';
import type { Volume, VolumeSpace } from './volume.ts';

/** One volume's way to the disk. */
export interface VolumeAccess {
  readonly volume: Volume;
  readonly marker: VolumeMarker;
}

export interface RecordingVolumeOptions {
  readonly config: VolumeConfig;
  readonly access: VolumeAccess;
  readonly nodeId: string;
  readonly known: KnownVolumes;
  /** Whether footage from before volumes were told apart is on this one. */
  readonly adoptsOldRows: boolean;
  readonly index: SegmentIndex;
  readonly clock: Clock;
  readonly log: Log;
  readonly bootId: string;
  readonly clockOffsetMs?: (() => number | undefined) | undefined;
  readonly limits: StorageLimits;
  readonly guardLimits: GuardLimits;
  readonly retention: Retention;
  /** Cameras that are going to record. */
  readonly cameraIds: () => readonly CameraId[];
  /** Whether another volume takes footage: then nobody waits for this one while it hangs. */
  readonly hasAlternative: () => boolean;
  /** Its state changed. */
  readonly onChange: () => void;
}

/** So that a volume which cannot be mended does not collect for ever; what is left over waits for the next start. */
const maximumRepairs = 10_000;

/** The report of a volume that was not compared yet. */
export const nothingReconciled: ReconcileReport = {
  recovered: 0,
  removedFiles: 0,
  unreadableFiles: 0,
  discardedBytes: 0,
  droppedRows: 0,
  completedDeletions: 0,
};

/** Something that a failure left undone on the disk. */
interface Repair {
  readonly filePath: string;
  readonly isReady: () => boolean;
  /** Rejects as the volume does. */
  readonly run: () => Promise<void>;
}

/** One volume of an engine: what is written there, how it fares, and how it comes back. */
export class RecordingVolume {
  readonly #options: RecordingVolumeOptions;
  readonly #guard: VolumeGuard;
  readonly #volume: GuardedVolume;
  readonly #health: VolumeHealth;
  readonly #open = new Set<OpenSegment>();
  readonly #repairs = new Map<string, Repair>();
  readonly #host: SegmentHost;
  /** The volume was looked at for the first time, or hangs. */
  readonly #judged = Promise.withResolvers<void>();
  #config: VolumeConfig;
  #syncs: SyncSchedule | undefined;
  #volumeId: string | undefined;
  /** Files being made, written or waiting for repair: nobody else touches them. */
  readonly #inHand = new Set<string>();
  readonly #stopping = new AbortController();
  #space: VolumeSpace = { totalBytes: 0, freeBytes: 0 };
  #storedBytes = 0;
  #isReconciled = false;
  #inspection: Promise<void> | undefined;
  #comparison: Promise<void> = Promise.resolve();
  #report = nothingReconciled;
  #lostFrames = 0;

  constructor(options: RecordingVolumeOptions) {
    const { config, clock, guardLimits, access, log, onChange } = options;
    this.#options = options;
    this.#config = config;
    this.#health = new VolumeHealth({
      name: config.name,
      clock,
      log,
      onChange: () => {
        if (this.state.kind !== 'opening') this.#judged.resolve();
        onChange();
      },
    });
    this.#guard = new VolumeGuard({
      clock,
      limits: guardLimits,
      events: {
        shouldWait: () => !options.hasAlternative(),
        onHang: () => this.#hang(),
        onAnswer: () => void this.inspect(),
      },
    });
    this.#volume = new GuardedVolume(access.volume, this.#guard);
    this.#host = {
      obstacle: () => this.#stopsEverything(),
      judge: (error) => this.#judge(error),
      onLost: (videoFrames) => {
        this.#lostFrames += videoFrames;
      },
      onEnd: (segment, how) => {
        this.#open.delete(segment);
        if (how === 'settled') this.#inHand.delete(segment.filePath);
        else this.#repairLater(repairOf(segment));
      },
    };
  }

  get name(): string {
    return this.#config.name;
  }

  get path(): string {
    return this.#config.path;
  }

  /** Known once the disk was recognised. */
  get volumeId(): string | undefined {
    return this.#volumeId;
  }

  get state(): VolumeState {
    return this.#health.state;
  }

  /** Resolves when no comparison of files and index is under way; the answer is what all of them came to. */
  async reconciled(): Promise<ReconcileReport> {
    await this.#comparison;
    return this.#report;
  }

  /** Whether files there can be opened without being stuck. */
  get isReadable(): boolean {
    switch (this.state.kind) {
      case 'ok':
      case 'full':
      case 'read-only':
      case 'failing':
        return true;
      case 'opening':
      case 'hung':
      case 'missing':
      case 'foreign':
        return false;
    }
  }

  get openSegments(): number {
    return this.#open.size;
  }

  get stuckOperations(): number {
    return this.#guard.stuckOperations;
  }

  /** Why nothing can be written here now. */
  obstacle(): StorageFailure | undefined {
    const { trouble, state } = this.#health;
    if (trouble !== undefined) return failureOf(trouble);
    if (state.kind === 'ok') return undefined;
    return { reason: 'disk-error', detail: `The volume ${this.path} is still being checked.` };
  }

  status(): VolumeStatus {
    const { name, path, reserveBytes, quotaBytes, maximumDays } = this.#config;
    return {
      name,
      path,
      ...this.#space,
      reserveBytes,
      ...(quotaBytes === undefined ? {} : { quotaBytes }),
      ...(maximumDays === undefined ? {} : { maximumDays }),
      storedBytes: this.#storedBytes,
      state: this.#health.state,
    };
  }

  meter(): VolumeMeter {
    return {
      name: this.name,
      queuedBytes: this.#guard.queuedBytes,
      stuckOperations: this.#guard.stuckOperations,
      lostFrames: this.#lostFrames,
      writeLatency: this.#guard.writeLatency.counts(),
    };
  }

  /** Resolves when the volume was looked at, or hangs. */
  async start(): Promise<void> {
    const { clock, limits, index } = this.#options;
    this.#syncs = new SyncSchedule({
      clock,
      intervalMs: limits.syncIntervalMs,
      segments: this.#open,
      file: (progress) => this.#fileProgress(progress, index),
    });
    void this.inspect().then(() => this.#judged.resolve(), this.#judged.reject);
    await this.#judged.promise;
  }

  /** Limits may change while footage is being written. */
  reconfigure(config: VolumeConfig): void {
    this.#config = config;
  }

  async begin(opening: SegmentOpening): Promise<Outcome<SegmentWriter>> {
    const obstacle = this.obstacle();
    if (obstacle !== undefined) return failed(obstacle);
    const { index, clock, bootId, clockOffsetMs } = this.#options;
    try {
      // A disk that was unmounted a moment ago leaves its mount point: that is not to be filled.
      const recognition = await this.#recognise();
      if (recognition.kind === 'new') throw new Error('A volume that has an id is known.');
      if (recognition.kind !== 'recognised') return failed(this.#misses(recognition));
      const created = await createSegment(opening, {
        volume: this.#volume,
        volumeId: recognition.volumeId,
        index,
        bootId,
        clockOffsetMs: clockOffsetMs?.(),
        inHand: this.#inHand,
        onLeftover: (filePath) => this.#repairLater(this.#removalOf(filePath)),
      });
      const segment = new OpenSegment({
        ...created,
        index,
        clock,
        volume: this.#volume,
        volumeName: this.name,
        host: this.#host,
      });
      this.#open.add(segment);
      return { kind: 'done', value: segment };
    } catch (error) {
      return failed(this.#judge(error));
    }
  }

  /** Looks at the disk, its space and what may go, and tries again what failed. Also runs by itself. */
  inspect(): Promise<unknown> {
    if (this.#stopping.signal.aborted) return Promise.resolve();
    if (this.#guard.isHung) return this.#volume.probeHung();
    this.#inspection ??= this.#inspectNow().finally(() => {
      this.#inspection = undefined;
    });
    return this.#inspection;
  }

  /** Tells everybody who waits for a volume that hangs, so that they go elsewhere. */
  giveUpWaiting(): void {
    this.#guard.giveUpAll();
  }

  /** Ends what is being written; what the volume does not answer within `patienceMs` is left to the next start. */
  async stop(patienceMs: number): Promise<void> {
    this.#stopping.abort();
    const { clock } = this.#options;
    const patience = clock.after(patienceMs, () => this.#guard.shutDown());
    if (this.#guard.isHung) this.#guard.shutDown();
    await this.#syncs?.stop();
    await this.#inspection;
    await this.#comparison;
    await Promise.all([...this.#open].map((segment) => segment.abandon()));
    patience[Symbol.dispose]();
    this.#guard.shutDown();
  }

  async #inspectNow(): Promise<void> {
    try {
      if (!(await this.#isItsDisk())) return;
      await this.#comeBack();
      await this.#lookAtSpace();
    } catch (error) {
      this.#judge(error);
    }
  }

  /** Whether the disk of this volume is where it belongs; a new one is made its disk. */
  async #isItsDisk(): Promise<boolean> {
    const { access, known, nodeId, clock, log, index, adoptsOldRows } = this.#options;
    const recognition = await this.#recognise();
    if (recognition.kind === 'missing' || recognition.kind === 'foreign') {
      this.#misses(recognition);
      return false;
    }
    if (recognition.kind === 'recognised') this.#volumeId = recognition.volumeId;
    else {
      const identity = newIdentity(nodeId, clock.utcMs());
      await this.#guard.run(() => access.marker.write(identity));
      this.#volumeId = identity.volumeId;
      log.info({ volume: this.name, volumeId: identity.volumeId }, 'A disk was made a volume.');
    }
    if (known.find(this.name) !== this.#volumeId) known.remember(this.name, this.#volumeId);
    if (adoptsOldRows && !this.#isReconciled) await index.adoptRows(this.#volumeId);
    return true;
  }

  #misses(trouble: Misplacement): StorageFailure {
    this.#isReconciled = false;
    this.#health.enter(trouble);
    return failureOf(trouble);
  }

  async #recognise(): Promise<Recognition> {
    const { access, known, nodeId } = this.#options;
    const reading = await this.#guard.run(() => access.marker.read());
    return recogniseVolume(reading, {
      name: this.name,
      path: this.path,
      nodeId,
      knownVolumeId: this.#volumeId ?? known.find(this.name),
    });
  }

  /** From whatever it was: proves that it can be written to, and puts in order what was left undone. */
  async #comeBack(): Promise<void> {
    if (this.#health.trouble !== undefined) await this.#volume.probe();
    if (!this.#isReconciled) await this.#reconcile();
    for (const repair of this.#repairs.values()) if (repair.isReady()) await this.#run(repair);
  }

  /** What must be right before recording at once, everything else while recording goes on. */
  async #reconcile(): Promise<void> {
    const { index, log, clock, cameraIds } = this.#options;
    if (this.#volumeId === undefined) return;
    this.#health.opening();
    // What was being written when the disk went away.
    await Promise.all([...this.#open].map((segment) => segment.abandon()));
    const place = { volume: this.#volume, volumeId: this.#volumeId, index, log };
    const urgent = await reconcileUrgent({ ...place, nowUtcMs: clock.utcMs(), cameraIds: cameraIds() });
    this.#repairs.clear();
    this.#inHand.clear();
    this.#report = sumOf(this.#report, urgent);
    this.#isReconciled = true;
    this.#comparison = this.#compareEverything(place);
  }

  async #compareEverything(place: Omit<ThoroughOptions, 'isOpen' | 'signal'>): Promise<void> {
    const { signal } = this.#stopping;
    const isOpen = (filePath: string): boolean => this.#inHand.has(filePath);
    try {
      this.#report = sumOf(this.#report, await reconcileThorough({ ...place, isOpen, signal }));
    } catch (error) {
      this.#judge(error);
    }
  }

  /** A file that cannot be repaired is left to the next start: its disk may still be good for others. */
  async #run(repair: Repair): Promise<void> {
    try {
      await repair.run();
    } catch (error) {
      const { detail } = storageFailure(error, this.path);
      if (this.#guard.isHung || isIndexError(error)) return;
      this.#options.log.warn(
        { file: repair.filePath, detail },
        'A segment stays unfinished until the next start.',
      );
    }
    this.#repairs.delete(repair.filePath);
    this.#inHand.delete(repair.filePath);
  }

  /** Once full, half the headroom must be back before recording resumes, so that it does not flutter. */
  async #lookAtSpace(): Promise<void> {
    const { reserveBytes } = this.#config;
    this.#space = await this.#volume.space();
    const outcome = await this.#applyRetention();
    if (outcome.deletedBytes > 0) this.#space = await this.#volume.space();
    const isFull = this.#health.state.kind === 'full';
    const neededBytes = isFull ? reserveBytes + this.#options.limits.headroomBytes / 2 : reserveBytes;
    if (this.#space.freeBytes >= neededBytes) {
      this.#health.clear();
      return;
    }
    this.#health.enter({
      kind: 'full',
      detail: `The volume ${this.path} has ${inMebibytes(this.#space.freeBytes)} free; ${inMebibytes(neededBytes)} are needed.`,
      remedy:
        outcome.isExhausted && outcome.storedBytes > 0
          ? 'Nothing on it may be deleted: all footage is locked or being written. Unlock some, or free space.'
          : 'Free space, or lower the retention.',
    });
  }

  /** Without an index nothing is deleted, and footage can still be recorded as far as there is space. */
  async #applyRetention(): Promise<RetentionOutcome> {
    const { retention, log } = this.#options;
    const nothing = { storedBytes: this.#storedBytes, deletedBytes: 0, isExhausted: false };
    if (this.#volumeId === undefined) return nothing;
    try {
      const outcome = await retention.apply({
        volume: this.#volume,
        volumeId: this.#volumeId,
        config: this.#config,
        space: this.#space,
      });
      this.#storedBytes = outcome.storedBytes;
      return outcome;
    } catch (error) {
      if (!isIndexError(error)) throw error;
      log.error({ ...storageFailure(error, this.path) }, 'Nothing can be deleted without the index.');
      return nothing;
    }
  }

  #judge(error: unknown): StorageFailure {
    if (isIndexError(error)) return this.#judgeIndex(error);
    const trouble = volumeTrouble(error, this.path);
    // The guard tells of hangs itself, and knows when they end.
    if (trouble.kind !== 'hung') this.#health.enter(trouble);
    return failureOf(trouble);
  }

  /** The volume is not to blame; but while it is being opened nothing can be recorded there without the index. */
  #judgeIndex(error: unknown): StorageFailure {
    const failure = storageFailure(error, this.path);
    if (!this.#isReconciled)
      this.#health.enter({
        kind: 'failing',
        code: errorCode(error),
        detail: failure.detail,
        remedy: 'Recording begins when the index answers.',
      });
    return failure;
  }

  #hang(): void {
    const { hangAfterMs } = this.#options.guardLimits;
    this.#health.enter({
      kind: 'hung',
      detail: `The volume ${this.path} has not answered for ${hangAfterMs / 1000} s.`,
      remedy: 'Check the disk and its connection.',
    });
  }

  /** An error may be that of one file: the others go on, and find out for themselves. */
  #stopsEverything(): StorageFailure | undefined {
    const { trouble } = this.#health;
    if (trouble === undefined) return undefined;
    switch (trouble.kind) {
      case 'failing':
      case 'hung':
        return undefined;
      case 'full':
      case 'read-only':
      case 'missing':
      case 'foreign':
        return failureOf(trouble);
    }
  }

  async #fileProgress(progress: readonly SegmentProgress[], index: SegmentIndex): Promise<void> {
    try {
      await Promise.all(progress.map((one) => index.update(one)));
    } catch (error) {
      this.#options.log.error(
        { ...storageFailure(error, this.path) },
        'The index was not brought up to date.',
      );
    }
  }

  #repairLater(repair: Repair): void {
    if (this.#repairs.size < maximumRepairs) this.#repairs.set(repair.filePath, repair);
  }

  #removalOf(filePath: string): Repair {
    return { filePath, isReady: () => true, run: () => this.#volume.remove(filePath) };
  }
}

function repairOf(segment: OpenSegment): Repair {
  return {
    filePath: segment.filePath,
    isReady: () => segment.isSettleable,
    run: () => segment.settle(),
  };
}

function inMebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}
