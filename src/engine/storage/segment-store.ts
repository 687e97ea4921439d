import type {
  CameraId,
  CameraRetention,
  SegmentList,
  SegmentQuery,
  VolumeConfig,
  VolumeName,
  VolumeOverview,
  VolumeStatus,
} from '../../shared/engine-api/index.ts';
import type { InitTracks, Part } from '../media/fmp4/index.ts';
import type { Outcome, StorageFailure } from './failure.ts';
import type { ReconcileReport } from './reconcile.ts';
import type { SegmentContent, SegmentExtent } from './segment-index.ts';
import type { StoredFile } from './stored-file.ts';
import type { VolumeMeter } from './volume-meter.ts';

export interface StorageLimits {
  /** The oldest footage is deleted to keep this much free beyond a volume's reserve. */
  readonly headroomBytes: number;
  /** A power cut costs at most what came in this time, and the part in hand. */
  readonly syncIntervalMs: number;
  /** How often a volume's disk and space are looked at. */
  readonly inspectionIntervalMs: number;
  /** How often a volume that takes no footage is tried again. */
  readonly recoveryIntervalMs: number;
  /** How long a start waits for a volume that does not answer while another one is well. */
  readonly startPatienceMs: number;
  /** How long a stop waits for a volume before it leaves the rest to the next start. */
  readonly stopPatienceMs: number;
}

export const defaultStorageLimits: StorageLimits = {
  headroomBytes: 1024 ** 3 / 2,
  syncIntervalMs: 2000,
  inspectionIntervalMs: 2000,
  recoveryIntervalMs: 1000,
  startPatienceMs: 2000,
  stopPatienceMs: 1000,
};

/** What a recorder knows when a segment begins. */
export interface SegmentOpening {
  readonly cameraId: CameraId;
  readonly content: SegmentContent;
  readonly tracks: InitTracks;
  readonly startUtcMs: number;
  readonly startMonotonicMs: number;
  readonly mediaStart90k: number;
}

export interface StoredPart extends Part {
  readonly videoFrames: number;
  readonly segmentDuration90k: number;
  /** Once, when its bytes are not read any more. */
  release(): void;
}

/** One file being written. Calls follow one another; after a failure only `abandon` is left. */
export interface SegmentWriter {
  /** Once the index has the segment. */
  readonly segmentId: number | undefined;
  /** What counts of what was appended: a failed sync takes back everything since the one before it. */
  readonly kept: Pick<SegmentExtent, 'duration90k' | 'frameCount'>;
  /**
   * Takes the part over and releases it, whatever comes of it: when the disk does not read its memory any more, which may be
   * after the answer if that is that the volume hangs.
   */
  append(part: StoredPart): Promise<Outcome<void>>;
  /** Syncs and closes the segment, and has its row say so; one without parts leaves no trace. */
  finish(): Promise<Outcome<void>>;
  /** After a failure: keeps the whole parts; what the volume does not let us do is done when it is well again. */
  abandon(): Promise<void>;
}

/** What storage needs to know of a camera. */
export interface CameraStorage {
  readonly retention?: CameraRetention | undefined;
  /** Where its footage goes while that volume is well. */
  readonly preferredVolume?: VolumeName | undefined;
}

/** The part of the configuration that concerns storage. */
export interface StorageConfig {
  readonly volumes: readonly VolumeConfig[];
  readonly cameras: ReadonlyMap<CameraId, CameraStorage>;
}

/** Where recorders put footage, and where playback finds it: an engine's volumes and their index. */
export interface SegmentStore {
  /**
   * Recognises each volume and makes what must be right before recording, then begins to sync and inspect. Resolves when every
   * volume is well or has a named trouble, or one is well and the others have had their time. Call before anything else.
   */
  start(): Promise<void>;
  /** Recorders must have stopped. Takes little more than `stopPatienceMs`, however the volumes fare. */
  stop(): Promise<void>;
  /** Puts a configuration into force. A volume that stays in place notices nothing; recordings on one that goes move on. */
  configure(config: StorageConfig): Promise<void>;
  begin(opening: SegmentOpening): Promise<Outcome<SegmentWriter>>;
  /** Why nothing can be written on any volume now. */
  obstacle(): StorageFailure | undefined;
  volumes(): readonly VolumeStatus[];
  meters(): readonly VolumeMeter[];
  /** Operations of the system that are not answered and hold a thread each. */
  stuckOperations(): number;
  overview(): Promise<VolumeOverview>;
  /** A camera's segments that touch the asked time, oldest first; none when it never recorded here. */
  segments(cameraId: CameraId, query: SegmentQuery): Promise<SegmentList>;
  /** Nothing when it is not to be had, because it was deleted or because its volume does not answer. */
  segmentFile(cameraId: CameraId, segmentId: number): Promise<StoredFile | undefined>;
  /** Whether a volume records although the index does not know yet what was there before. */
  readonly owesComparison: boolean;
  /** Resolves when no comparison of files and index is under way; the answer is what all since the start came to. */
  reconciled(): Promise<ReconcileReport>;
  /** Looks at every volume: its disk, its space, what retention asks for. Also runs by itself. */
  inspect(): Promise<void>;
}
