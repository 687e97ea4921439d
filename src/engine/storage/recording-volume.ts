import { join } from 'node:path';
import type { CameraId, VolumeConfig, VolumeState, VolumeStatus } from '../../shared/engine-api/index.ts';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import {
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
import type { ReconcileReport } from './reconcile.ts';
import { RelapseDelay } from './relapse-delay.ts';
import { Repairs } from './repairs.ts';
import type { Retention } from './retention.ts';
import { recoverForgottenFile, recoverSegment } from './recover-segment.ts';
import { createSegment, type CreatedSegment } from './segment-creation.ts';
import type { SegmentExtent, SegmentIndex, SegmentProgress, SegmentRow } from './segment-index.ts';
import { SegmentRows } from './segment-rows.ts';
import type { SegmentOpening, SegmentWriter, StorageLimits } from './segment-store.ts';
import { storedFile, type StoredFile } from './stored-file.ts';
import { SyncSchedule, syncPhaseMs } from './sync-schedule.ts';
import { VolumeComparison } from './volume-comparison.ts';
import { VolumeDisk } from './volume-disk.ts';
import { VolumeGuard, type GuardLimits } from './volume-guard.ts';
import { isReadable, stopsEverything, VolumeHealth } from './volume-health.ts';
import type { KnownVolumes, Misplacement, VolumeMarker } from './volume-identity.ts';
import type { VolumeMeter } from './volume-meter.ts';
import { VolumeRoom } from './volume-room.ts';
import type { Volume } from './volume.ts';

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
  /** Resolves when the index knows what is locked. Rejects with its error. */
  readonly locksAreFiled?: (() => Promise<void>) | undefined;
  /** Cameras that are going to record. */
  readonly cameraIds: () => readonly CameraId[];
  /** Whether another volume takes footage: then nobody waits for this one while it hangs. */
  readonly hasAlternative: () => boolean;
  /** Its state changed. */
  readonly onChange: () => void;
}

/**
 * Whether the files of the disk and the index say the same; `owed`: the index did not let itself be compared, and is asked again
 * beside recording.
 */
type Agreement = 'unknown' | 'owed' | 'reached';

const firstOwedPauseMs = 1_000;
const longestOwedPauseMs = 60_000;

/** One volume of an engine: what is written there, how it fares, and how it comes back. */
export class RecordingVolume {
  readonly #options: RecordingVolumeOptions;
  readonly #guard: VolumeGuard;
  readonly #volume: GuardedVolume;
  readonly #health: VolumeHealth;
  readonly #open = new Set<OpenSegment>();
  readonly #repairs: Repairs;
  readonly #rows: SegmentRows;
  readonly #room: VolumeRoom;
  readonly #relapse = new RelapseDelay();
  readonly #disk: VolumeDisk;
  readonly #comparison: VolumeComparison;
  readonly #host: SegmentHost;
  /** The volume was looked at for the first time, or hangs. */
  readonly #judged = Promise.withResolvers<void>();
  #config: VolumeConfig;
  #syncs: SyncSchedule | undefined;
  /** Files being made, written or waiting for repair or for their rows: nobody else touches them. */
  readonly #inHand = new Set<string>();
  #agreement: Agreement = 'unknown';
  /** An owed comparison is tried again after a while, the longer the more often it was. */
  #owed = { tries: 0, dueMonotonicMs: 0 };
  /** When the disk was last taken over. */
  #takenOverUtcMs = 0;
  /** How often the disk was found not to be there. */
  #timesMissed = 0;
  #isStopping = false;
  #inspection: Promise<void> | undefined;
  #lostFrames = 0;
  /** One a segment that is about to be written: resolves when it is, or is not going to be. */
  readonly #beginning = new Set<Promise<void>>();
  #begun = 0;

  constructor(options: RecordingVolumeOptions) {
    const { config, clock, guardLimits, access, log, onChange } = options;
    this.#options = options;
    this.#config = config;
    this.#health = new VolumeHealth({
      name: config.name,
      clock,
      log,
      onChange: () => {
        const { kind } = this.state;
        if (kind !== 'opening') this.#judged.resolve();
        if (kind === 'failing') this.#relapse.failed(clock.monotonicMs());
        if (kind === 'ok') this.#relapse.cleared(clock.monotonicMs());
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
    this.#disk = new VolumeDisk({ ...options, marker: access.marker, guard: this.#guard });
    this.#repairs = new Repairs(log);
    this.#rows = new SegmentRows({
      ...options,
      onEnded: (filePath) => void this.#inHand.delete(filePath),
    });
    this.#room = new VolumeRoom({
      ...options,
      volume: this.#volume,
      headroomBytes: options.limits.headroomBytes,
    });
    this.#comparison = new VolumeComparison({
      ...options,
      volume: this.#volume,
      inHand: this.#inHand,
      isPresent: async () => (await this.#disk.check()).kind === 'recognised',
      onError: (error) => void this.#judge(error),
    });
    this.#host = {
      obstacle: () => stopsEverything(this.#health.trouble),
      judge: (error) => this.#judge(error),
      onLost: (videoFrames) => {
        this.#lostFrames += videoFrames;
      },
      onEnd: (segment, how) => {
        this.#open.delete(segment);
        if (how === 'unfinished') this.#repairs.add(segment);
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
    return this.#disk.volumeId;
  }

  get state(): VolumeState {
    return this.#health.state;
  }

  /** Resolves when no comparison of files and index is under way; the answer is what all of them came to. */
  reconciled(): Promise<ReconcileReport> {
    return this.#comparison.finished();
  }

  /** Nothing while files there cannot be opened. */
  storedFile({ filePath, byteLength }: Pick<SegmentRow, 'filePath' | 'byteLength'>): StoredFile | undefined {
    if (!isReadable(this.state)) return undefined;
    return storedFile({ path: join(this.path, filePath), byteLength }, this.#guard);
  }

  /** Segments that are being written, or about to be. */
  get openSegments(): number {
    return this.#open.size + this.#beginning.size;
  }

  /** Whether the index is to be told yet what is on the disk, which it is to be soon. */
  get owesComparison(): boolean {
    const { kind } = this.state;
    return this.#agreement === 'owed' && (kind === 'ok' || kind === 'full');
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
      ...this.#room.status,
      reserveBytes,
      ...(quotaBytes === undefined ? {} : { quotaBytes }),
      ...(maximumDays === undefined ? {} : { maximumDays }),
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
    const { clock, bootId, clockOffsetMs, limits } = this.#options;
    const beginning = Promise.withResolvers<void>();
    this.#beginning.add(beginning.promise);
    try {
      const recognition = await this.#disk.check();
      if (recognition.kind !== 'recognised') return failed(this.#misses(recognition));
      const created = await createSegment(opening, {
        volume: this.#volume,
        volumeId: recognition.volumeId,
        rows: this.#rows,
        bootId,
        clockOffsetMs: clockOffsetMs?.(),
        inHand: this.#inHand,
        onLeftover: (filePath) =>
          this.#repairs.add({ filePath, isSettleable: true, settle: () => this.#volume.remove(filePath) }),
      });
      this.#begun += 1;
      const segment = new OpenSegment({
        ...created,
        recover: () => this.#recover(created, recognition.volumeId),
        clock,
        volume: this.#volume,
        volumeName: this.name,
        syncPhaseMs: syncPhaseMs(this.#begun, limits.syncIntervalMs),
        host: this.#host,
      });
      this.#open.add(segment);
      return { kind: 'done', value: segment };
    } catch (error) {
      return failed(this.#judge(error));
    } finally {
      this.#beginning.delete(beginning.promise);
      beginning.resolve();
    }
  }

  /** Looks at the disk, its space and what may go, and tries again what failed. Also runs by itself. */
  inspect(): Promise<unknown> {
    if (this.#isStopping) return Promise.resolve();
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
    this.#isStopping = true;
    const { clock } = this.#options;
    const { promise: patienceEnds, resolve: endPatience } = Promise.withResolvers<void>();
    const patience = clock.after(patienceMs, () => {
      this.#guard.shutDown();
      endPatience();
    });
    if (this.#guard.isHung) this.#guard.shutDown();
    await this.#syncs?.stop();
    await this.#inspection;
    await this.#comparison.stop();
    await Promise.all([...this.#open].map((segment) => segment.abandon()));
    await Promise.race([this.#rows.stop(), patienceEnds]);
    patience[Symbol.dispose]();
    this.#guard.shutDown();
  }

  async #inspectNow(): Promise<void> {
    try {
      const recognition = await this.#disk.claim();
      if (recognition.kind !== 'recognised') {
        this.#misses(recognition);
        return;
      }
      const { trouble } = this.#health;
      if (trouble?.kind === 'failing' && this.#isBetterLeftAlone()) return;
      // A full disk may have to be made room on first.
      if (trouble !== undefined && trouble.kind !== 'full') await this.#volume.probe();
      if (this.#agreement !== 'reached') {
        if (!(await this.#reconcile(recognition.volumeId))) return;
      } else this.#comparison.retry(recognition.volumeId, { isAfterTrouble: trouble !== undefined });
      await this.#repair();
      await this.#lookAtRoom(recognition.volumeId);
    } catch (error) {
      this.#judge(error);
    }
  }

  /** Not when there is no other. */
  #isBetterLeftAlone(): boolean {
    const { clock, hasAlternative } = this.#options;
    return hasAlternative() && !this.#relapse.isOver(clock.monotonicMs());
  }

  /** False when the disk went away meanwhile. */
  async #reconcile(volumeId: string): Promise<boolean> {
    const { clock, locksAreFiled, log } = this.#options;
    const isLate = this.#agreement === 'owed';
    if (isLate && clock.monotonicMs() < this.#owed.dueMonotonicMs) return true;
    const missedBefore = this.#timesMissed;
    if (!isLate) await this.#takeOver();
    let agreement: Agreement = 'reached';
    try {
      await locksAreFiled?.();
      await this.#comparison.run(volumeId, isLate ? this.#takenOverUtcMs : undefined);
    } catch (error) {
      if (!isIndexError(error)) throw error;
      // It tells of its trouble itself. What is recorded meanwhile is in nobody's way, and its rows wait.
      if (!isLate)
        log.error(
          { volume: this.name, ...storageFailure(error, this.path) },
          'The footage cannot be compared with the index yet; recording does not wait for that.',
        );
      agreement = 'owed';
      const tries = isLate ? this.#owed.tries + 1 : 0;
      const pauseMs = Math.min(firstOwedPauseMs * 2 ** tries, longestOwedPauseMs);
      this.#owed = { tries, dueMonotonicMs: clock.monotonicMs() + pauseMs };
    }
    if (this.#timesMissed !== missedBefore) return false;
    this.#agreement = agreement;
    return true;
  }

  /** The disk has come (back). */
  async #takeOver(): Promise<void> {
    this.#takenOverUtcMs = this.#options.clock.utcMs();
    this.#health.opening();
    // From here on none begins; a file that is being made must not be taken for one that an end without warning left.
    await Promise.all(this.#beginning);
    // What was being written when the disk went away.
    await Promise.all([...this.#open].map((segment) => segment.abandon()));
    await this.#repair();
    // What the system still works on, or the index has not heard of, stays in hand.
    for (const filePath of this.#inHand)
      if (!this.#repairs.has(filePath) && !this.#rows.owes(filePath)) this.#inHand.delete(filePath);
  }

  async #recover({ filePath, row }: CreatedSegment, volumeId: string): Promise<SegmentExtent | undefined> {
    const { index, log } = this.#options;
    const place = { volume: this.#volume, volumeId, index, log };
    const stored = row.id === undefined ? undefined : await index.find(row.id);
    if (stored === undefined) {
      const { found } = await recoverForgottenFile(filePath, place);
      if (found === undefined) row.remove();
      return found?.extent;
    }
    await recoverSegment(stored, place);
    return undefined;
  }

  #repair(): Promise<void> {
    return this.#repairs.run((filePath) => {
      if (!this.#rows.owes(filePath)) this.#inHand.delete(filePath);
    });
  }

  #misses(trouble: Misplacement): StorageFailure {
    this.#agreement = 'unknown';
    this.#timesMissed += 1;
    this.#health.enter(trouble);
    return failureOf(trouble);
  }

  async #lookAtRoom(volumeId: string): Promise<void> {
    const isFull = this.#health.state.kind === 'full';
    const trouble = await this.#room.look({ volumeId, config: this.#config, isFull });
    if (trouble === undefined) this.#health.clear();
    else this.#health.enter(trouble);
  }

  #judge(error: unknown): StorageFailure {
    // The volume is not to blame.
    if (isIndexError(error)) return storageFailure(error, this.path);
    const trouble = volumeTrouble(error, this.path);
    // The guard tells of hangs itself, and knows when they end.
    if (trouble.kind !== 'hung') this.#health.enter(trouble);
    return failureOf(trouble);
  }

  #hang(): void {
    const { hangAfterMs } = this.#options.guardLimits;
    this.#health.enter({
      kind: 'hung',
      detail: `The volume ${this.path} has not answered for ${hangAfterMs / 1000} s.`,
      remedy: 'Check the disk and its connection.',
    });
  }

  async #fileProgress(progress: readonly SegmentProgress[], index: SegmentIndex): Promise<void> {
    try {
      await Promise.all(progress.map((one) => index.update(one)));
    } catch (error) {
      // It tells of its trouble itself, and the next call says more.
      if (!isIndexError(error)) throw error;
    }
  }
}
