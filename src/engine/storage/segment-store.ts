import { defaultReserveBytes } from '../../shared/engine-api/index.ts';
import type { CameraId, SegmentList, SegmentQuery, VolumeStatus } from '../../shared/engine-api/index.ts';
import type { InitTracks, Part } from '../media/fmp4/index.ts';
import type { Outcome, StorageFailure } from './failure.ts';
import type { ReconcileReport } from './reconcile.ts';

export interface StorageLimits {
  /** Recording halts below this much free space. */
  readonly reserveBytes: number;
  /** The oldest footage is deleted to keep this much free beyond the reserve. */
  readonly headroomBytes: number;
  /** The oldest footage is deleted when all of it together is larger. */
  readonly quotaBytes?: number;
  /** A power cut costs at most what came in this time, and the part in hand. */
  readonly syncIntervalMs: number;
  /** How often free space is looked at, and a failing volume tried again. */
  readonly inspectionIntervalMs: number;
}

export const defaultStorageLimits: StorageLimits = {
  reserveBytes: defaultReserveBytes,
  headroomBytes: 1024 ** 3 / 2,
  syncIntervalMs: 2000,
  inspectionIntervalMs: 2000,
};

/** What a recorder knows when a segment begins. */
export interface SegmentOpening {
  readonly cameraId: CameraId;
  readonly tracks: InitTracks;
  readonly startUtcMs: number;
  readonly startMonotonicMs: number;
  readonly mediaStart90k: number;
}

export interface StoredPart extends Part {
  readonly videoFrames: number;
  readonly segmentDuration90k: number;
}

/** One file being written. Calls follow one another; after a failure only `abandon` is left. */
export interface SegmentWriter {
  readonly segmentId: number;
  append(part: StoredPart): Promise<Outcome<void>>;
  /** Syncs, closes and files the segment; one without parts leaves no trace. */
  finish(): Promise<Outcome<void>>;
  /** After a failure: keeps the whole parts as far as the disk lets us; what it does not is left to the next start. */
  abandon(): Promise<void>;
}

/** Where recorders put footage, and where playback finds it: one volume and its index. */
export interface SegmentStore {
  /** Brings files and index together after whatever happened, then begins to sync and inspect. Call before anything else. */
  start(): Promise<Outcome<ReconcileReport>>;
  /** Recorders must have stopped. */
  stop(): Promise<void>;
  begin(opening: SegmentOpening): Promise<Outcome<SegmentWriter>>;
  /** Why nothing can be written now, as last inspected. */
  obstacle(): StorageFailure | undefined;
  status(): VolumeStatus;
  /** A camera's segments that touch the asked time, oldest first; none when it never recorded here. */
  segments(cameraId: CameraId, query: SegmentQuery): Promise<SegmentList>;
  /** The absolute path of a segment's file and how much of it is whole; nothing when there is no such segment any more. */
  segmentFile(
    cameraId: CameraId,
    segmentId: number,
  ): Promise<{ readonly path: string; readonly byteLength: number } | undefined>;
  /** Looks at space, deletes what retention asks for, tries a failing volume again. Also runs by itself. */
  inspect(): Promise<void>;
}
