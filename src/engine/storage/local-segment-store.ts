import type {
  CameraId,
  CameraRetention,
  SegmentInfo,
  SegmentList,
  SegmentQuery,
  VolumeConfig,
  VolumeOverview,
  VolumeStatus,
} from '../../shared/engine-api/index.ts';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { choosePlacement } from '../../shared/domain/volume-placement.ts';
import { errorCode, failed, type Outcome, type StorageFailure } from './failure.ts';
import { footageByCamera } from './footage-totals.ts';
import { sumOf, type ReconcileReport } from './reconcile.ts';
import { RecordingVolume, type VolumeAccess } from './recording-volume.ts';
import { Retention } from './retention.ts';
import type { ReadableRow, SegmentIndex } from './segment-index.ts';
import type {
  SegmentOpening,
  SegmentStore,
  SegmentWriter,
  StorageConfig,
  StorageLimits,
} from './segment-store.ts';
import { nothingReconciled } from './volume-comparison.ts';
import { defaultGuardLimits, type GuardLimits } from './volume-guard.ts';
import type { StoredFile } from './stored-file.ts';
import type { KnownVolumes } from './volume-identity.ts';
import type { VolumeMeter } from './volume-meter.ts';

export interface SegmentStoreOptions {
  readonly config: StorageConfig;
  readonly nodeId: string;
  /** The way to the disk at a path. */
  readonly access: (config: VolumeConfig) => VolumeAccess;
  readonly known: KnownVolumes;
  /** The directory of the footage from before there were several volumes. */
  readonly firstVolumePath: string;
  readonly index: SegmentIndex;
  readonly clock: Clock;
  readonly log: Log;
  /** `/proc/sys/kernel/random/boot_id`: tells which boot a monotonic time belongs to. */
  readonly bootId: string;
  /** The node's clock minus true time, where it is known. */
  readonly clockOffsetMs?: () => number | undefined;
  readonly limits: StorageLimits;
  readonly guardLimits?: GuardLimits;
  /** Resolves when the index knows what is locked; nothing is deleted before. Rejects with the index's error. */
  readonly locksAreFiled?: () => Promise<void>;
}

export function createSegmentStore(options: SegmentStoreOptions): SegmentStore {
  return new LocalSegmentStore(options);
}

class LocalSegmentStore implements SegmentStore {
  readonly #options: SegmentStoreOptions;
  readonly #retention: Retention;
  readonly #volumes = new Map<string, RecordingVolume>();
  /** Where each camera's newest segment went. */
  readonly #placements = new Map<CameraId, string>();
  #config: StorageConfig;
  #cameraRules: ReadonlyMap<CameraId, CameraRetention> = new Map();
  #timers = new DisposableStack();
  #isStopping = false;
  /** Those who wait for a volume's state to change. */
  readonly #waiting: (() => void)[] = [];
  /** One change of the volumes at a time. */
  #changing: Promise<void> = Promise.resolve();

  constructor(options: SegmentStoreOptions) {
    const { index, clock, log, limits, locksAreFiled } = options;
    this.#options = options;
    this.#config = options.config;
    this.#retention = new Retention({
      index,
      clock,
      log,
      headroomBytes: limits.headroomBytes,
      cameraRules: () => this.#cameraRules,
      isAnswering: (volumeId) => this.#isAnswering(volumeId),
      locksAreFiled,
    });
  }

  async start(): Promise<void> {
    const { clock, limits } = this.#options;
    await Promise.race([this.configure(this.#config), this.#wellEnough()]);
    this.#timers.use(clock.every(limits.inspectionIntervalMs, () => void this.inspect()));
    this.#timers.use(
      clock.every(limits.recoveryIntervalMs, () => {
        for (const volume of this.#volumes.values()) if (volume.state.kind !== 'ok') void volume.inspect();
      }),
    );
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#onChange();
    this.#timers.dispose();
    this.#timers = new DisposableStack();
    const { stopPatienceMs } = this.#options.limits;
    await Promise.all([...this.#volumes.values()].map((volume) => volume.stop(stopPatienceMs)));
  }

  configure(config: StorageConfig): Promise<void> {
    this.#changing = this.#changing.then(() => this.#change(config));
    return this.#changing;
  }

  async begin(opening: SegmentOpening): Promise<Outcome<SegmentWriter>> {
    const tried = new Set<RecordingVolume>();
    let failure = this.obstacle() ?? noVolume;
    for (;;) {
      const chosen = this.#choose(opening, tried);
      if (chosen !== undefined) {
        this.#placements.set(opening.cameraId, chosen.name);
        const outcome = await chosen.begin(opening);
        if (outcome.kind === 'done') return outcome;
        tried.add(chosen);
        failure = outcome.failure;
      } else if (this.#isWorthWaiting()) {
        await this.#nextChange();
        tried.clear();
      } else return failed(failure);
    }
  }

  obstacle(): StorageFailure | undefined {
    let isAllFull = true;
    let first: StorageFailure | undefined;
    for (const volume of this.#volumes.values()) {
      const failure = volume.obstacle();
      if (failure === undefined) return undefined;
      isAllFull &&= failure.reason === 'disk-full';
      first ??= failure;
    }
    if (first === undefined || this.#volumes.size === 1) return first ?? noVolume;
    return {
      reason: isAllFull ? 'disk-full' : 'disk-error',
      detail: `None of the ${this.#volumes.size} volumes takes footage. ${first.detail}`,
    };
  }

  volumes(): readonly VolumeStatus[] {
    return [...this.#volumes.values()].map((volume) => volume.status());
  }

  meters(): readonly VolumeMeter[] {
    return [...this.#volumes.values()].map((volume) => volume.meter());
  }

  stuckOperations(): number {
    return [...this.#volumes.values()].reduce((sum, volume) => sum + volume.stuckOperations, 0);
  }

  async overview(): Promise<VolumeOverview> {
    return { volumes: [...this.volumes()], cameras: footageByCamera(await this.#options.index.totals()) };
  }

  async segments(cameraId: CameraId, { from, to, content, limit }: SegmentQuery): Promise<SegmentList> {
    const rows = await this.#options.index.list({
      cameraId,
      fromUtcMs: from ?? 0,
      toUtcMs: to ?? Number.MAX_SAFE_INTEGER,
      limit: limit + 1,
      ...(content === undefined ? {} : { content }),
    });
    return { segments: rows.slice(0, limit).map(segmentInfo), truncated: rows.length > limit };
  }

  async segmentFile(cameraId: CameraId, segmentId: number): Promise<StoredFile | undefined> {
    const row = await this.#options.index.find(segmentId);
    if (row === undefined || row.cameraId !== cameraId || row.state === 'deleting') return undefined;
    const volume = [...this.#volumes.values()].find(({ volumeId }) => volumeId === row.volumeId);
    return volume?.storedFile(row);
  }

  get owesComparison(): boolean {
    return [...this.#volumes.values()].some((volume) => volume.owesComparison);
  }

  async reconciled(): Promise<ReconcileReport> {
    const reports = await Promise.all([...this.#volumes.values()].map((volume) => volume.reconciled()));
    return reports.reduce(sumOf, nothingReconciled);
  }

  async inspect(): Promise<void> {
    await Promise.all([...this.#volumes.values()].map((volume) => volume.inspect()));
  }

  #choose(
    { cameraId, content }: SegmentOpening,
    tried: ReadonlySet<RecordingVolume>,
  ): RecordingVolume | undefined {
    const usable = [...this.#volumes.values()].filter(
      (volume) => volume.state.kind === 'ok' && !tried.has(volume),
    );
    const current = this.#placements.get(cameraId);
    // Sound lies beside its pictures.
    const preferred = content === 'main' ? this.#config.cameras.get(cameraId)?.preferredVolume : current;
    const placeable = usable.map((volume) => ({
      ...volume.status(),
      openSegments: volume.openSegments,
      volume,
    }));
    return choosePlacement(placeable, { preferred, current })?.volume;
  }

  /** One volume is well, and the others have had their time. */
  async #wellEnough(): Promise<void> {
    const { clock, limits } = this.#options;
    await new Promise<void>((resolve) => void clock.after(limits.startPatienceMs, resolve));
    while (!this.#isStopping && !this.#isAnyWell()) await this.#nextChange();
  }

  #isAnyWell(): boolean {
    return [...this.#volumes.values()].some(({ state }) => state.kind === 'ok');
  }

  /** No volume takes footage, but one that hangs may answer before the recorder's memory is full. */
  #isWorthWaiting(): boolean {
    const isAnyHung = [...this.#volumes.values()].some(({ state }) => state.kind === 'hung');
    return !this.#isStopping && isAnyHung && !this.#isAnyWell();
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  async #change(config: StorageConfig): Promise<void> {
    this.#config = config;
    this.#cameraRules = new Map(
      [...config.cameras].flatMap(([cameraId, { retention }]) =>
        retention === undefined ? [] : [[cameraId, retention]],
      ),
    );
    const wanted = new Map(config.volumes.map((volume) => [volume.name, volume]));
    const leaving = [...this.#volumes.values()].filter(({ name, path }) => wanted.get(name)?.path !== path);
    // A disk that changes its name must be let go of before it is taken again.
    await Promise.all(leaving.map((volume) => this.#end(volume)));
    this.#forgetAllBut([...wanted.keys()]);
    const coming: RecordingVolume[] = [];
    for (const volumeConfig of config.volumes) {
      const known = this.#volumes.get(volumeConfig.name);
      if (known === undefined) coming.push(this.#add(volumeConfig));
      else known.reconfigure(volumeConfig);
    }
    await Promise.all(coming.map((volume) => volume.start()));
  }

  #forgetAllBut(names: readonly string[]): void {
    const { known, log } = this.#options;
    try {
      known.retain(names);
    } catch (error) {
      log.error(
        { code: errorCode(error) },
        'Volumes that are gone were not forgotten; their names are still theirs.',
      );
    }
  }

  #add(config: VolumeConfig): RecordingVolume {
    const { access, firstVolumePath, guardLimits = defaultGuardLimits, ...shared } = this.#options;
    const volume = new RecordingVolume({
      ...shared,
      config,
      access: access(config),
      adoptsOldRows: config.path === firstVolumePath,
      guardLimits,
      retention: this.#retention,
      cameraIds: () => [...this.#config.cameras.keys()],
      hasAlternative: () => this.#isAnyWell(),
      onChange: () => this.#onChange(),
    });
    this.#volumes.set(config.name, volume);
    return volume;
  }

  async #end(volume: RecordingVolume): Promise<void> {
    this.#volumes.delete(volume.name);
    await volume.stop(this.#options.limits.stopPatienceMs);
  }

  /** Whoever waits for a volume that hangs goes to another as soon as there is one. */
  #onChange(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
    if (!this.#isAnyWell()) return;
    for (const volume of this.#volumes.values()) if (volume.state.kind === 'hung') volume.giveUpWaiting();
  }

  #isAnswering(volumeId: string): boolean {
    return [...this.#volumes.values()].some(
      (volume) => volume.volumeId === volumeId && volume.state.kind === 'ok',
    );
  }
}

const noVolume: StorageFailure = {
  reason: 'disk-error',
  detail: 'There is no volume to record to. Add one to the configuration.',
};

/** A row as the API tells it. */
function segmentInfo(row: ReadableRow): SegmentInfo {
  const { id, cameraId, startUtcMs, duration90k, byteLength, frameCount, state, hasAudio } = row;
  return { id, cameraId, startUtcMs, durationMs: duration90k / 90, byteLength, frameCount, state, hasAudio };
}
