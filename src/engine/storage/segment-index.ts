import type { CameraId, Gap, TimelineSpan } from '../../shared/engine-api/index.ts';

/** `main`: the pictures and what can be played with them; the others are recorded in files of their own beside it. */
export type SegmentContent = 'main' | 'sound' | 'metadata';

/** Where a segment lies and when it began. */
export interface NewSegment {
  readonly cameraId: CameraId;
  /** The disk; see `VolumeIdentity`. */
  readonly volumeId: string;
  /** Relative to the volume. */
  readonly filePath: string;
  readonly content: SegmentContent;
  readonly startUtcMs: number;
  /** Together with the boot id: the place on a time line that nobody can set. */
  readonly startMonotonicMs: number;
  readonly bootId: string;
  /** The node's clock minus true time when the segment began, where it was known. */
  readonly clockOffsetMs?: number;
  /** The first picture's time in the file, 1/90000 s. */
  readonly mediaStart90k: number;
  readonly hasAudio: boolean;
}

/** How much of a segment is safely on disk. */
export interface SegmentExtent {
  readonly byteLength: number;
  /** Length of the video, or of the only track, 1/90000 s. */
  readonly duration90k: number;
  /** Samples of that track. */
  readonly frameCount: number;
  readonly partCount: number;
}

/** `deleting`: to be removed; the file may be gone already. */
export type SegmentRowState = ReadableState | 'deleting';
export type ReadableState = 'writing' | 'finished' | 'recovered';

export interface SegmentRow extends NewSegment, SegmentExtent {
  readonly id: number;
  readonly state: SegmentRowState;
}

/** A segment that can be read up to its `byteLength`. */
export interface ReadableRow extends SegmentRow {
  readonly state: ReadableState;
}

export interface SegmentProgress {
  readonly id: number;
  readonly extent: SegmentExtent;
  readonly state: ReadableState;
}

/** A segment that is on disk and was in no row. */
export interface FoundSegment {
  readonly segment: NewSegment;
  readonly extent: SegmentExtent;
  readonly state: ReadableState;
}

export interface SegmentRange {
  readonly cameraId: CameraId;
  /** `main` unless told. */
  readonly content?: SegmentContent;
  /** Segments that overlap `[fromUtcMs, toUtcMs)`. */
  readonly fromUtcMs: number;
  readonly toUtcMs: number;
  readonly limit: number;
}

/** Main segments put together where one follows the other within `toleranceMs`. */
export interface SpanRange extends Omit<SegmentRange, 'content'> {
  readonly toleranceMs: number;
}

export interface SpanList {
  /** Ordered by start. */
  readonly spans: readonly TimelineSpan[];
  /** That were put together: as many as `limit` when there may be more. */
  readonly segmentCount: number;
}

/** What retention looks at next: of one camera, of one volume, of one camera on one volume, or of everything. */
export interface OldestQuery {
  readonly volumeId?: string | undefined;
  readonly cameraId?: CameraId | undefined;
  /** By the time of day at which they began, unless told; or in the order in which rows were made, which no clock disturbs. */
  readonly order?: 'start' | 'recorded' | undefined;
  /** The last row of the page before. */
  readonly after?: { readonly startUtcMs: number; readonly id: number } | undefined;
  readonly limit: number;
}

/** What is stored of one camera on one volume. */
export interface StoredTotal {
  readonly volumeId: string;
  readonly cameraId: CameraId;
  readonly byteLength: number;
  readonly segmentCount: number;
  /** Start of its oldest row. */
  readonly oldestUtcMs: number;
  /** Start of its newest row. */
  readonly newestUtcMs: number;
}

/** What locks hold of one camera on one volume. */
export type LockedTotal = Pick<StoredTotal, 'volumeId' | 'cameraId' | 'byteLength'>;

/** A page of the rows whose files lie in one directory of a volume, in the order of their paths. */
export interface DirectoryQuery {
  readonly volumeId: string;
  /** Without a slash at its end. */
  readonly directoryPath: string;
  /** The last row of the page before. */
  readonly afterPath?: string | undefined;
  readonly limit: number;
}

/** What was in a directory of a volume a moment ago. */
export interface DirectoryListing {
  readonly volumeId: string;
  readonly directoryPath: string;
  /** Of all files directly in it. */
  readonly filePaths: readonly string[];
  /** Segments that began later are doubtful in any case. */
  readonly recentSinceUtcMs: number;
}

export interface DirectoryComparison {
  /** Files without a row. */
  readonly unknown: readonly string[];
  /** Rows without a file, of segments being written, and of recent ones; not those being deleted. */
  readonly doubtful: readonly SegmentRow[];
}

/**
 * The index of all segments of an engine. Asynchronous, so that its database can live on another thread. Rejects with
 * SQLite's error, or with one that has a code of SQLite's. Calls take effect in the order they were made. A row follows its
 * bytes: it never says more than the file holds.
 */
export interface SegmentIndex {
  /** The answer is the new row's id; ids are never used twice. */
  insert(segment: NewSegment, progress: Omit<SegmentProgress, 'id'>): Promise<number>;
  /** All of them or none, in one transaction. */
  insertAll(segments: readonly FoundSegment[]): Promise<void>;
  /** With the gap that is left where the row had told of more. */
  update(progress: SegmentProgress, lost?: readonly NewGap[]): Promise<void>;
  /**
   * First step of deleting, all rows at once: they are left out of lists, and the gap of what retention has deleted of their
   * cameras grows. The answer is the ids to go on with: what is being written or was locked meanwhile is not among them.
   */
  markDeleting(ids: readonly number[], rule: string): Promise<readonly number[]>;
  /** Last step of deleting; or, with the gaps this leaves, for footage that is gone. All at once. */
  remove(ids: readonly number[], lost?: readonly NewGap[]): Promise<void>;
  /** Ordered by start; segments that are being deleted are left out. */
  list(range: SegmentRange): Promise<readonly ReadableRow[]>;
  spans(range: SpanRange): Promise<SpanList>;
  find(id: number): Promise<SegmentRow | undefined>;
  findByPath(volumeId: string, filePath: string): Promise<SegmentRow | undefined>;
  /** Complete segments outside all locks, oldest first. */
  oldest(query: OldestQuery): Promise<readonly SegmentRow[]>;
  /** One a camera and volume that has rows, whatever their state. */
  totals(): Promise<readonly StoredTotal[]>;
  /** One a camera and volume with complete segments that touch a lock. Looks at each of them: half a second for 200,000. */
  lockedTotals(): Promise<readonly LockedTotal[]>;
  /** Rows of one volume by id after `afterId` that say `writing` or `deleting`. */
  unfinished(
    volumeId: string,
    page: { readonly afterId: number; readonly limit: number },
  ): Promise<readonly SegmentRow[]>;
  /** Rows whose files lie directly in a directory, whatever their state. */
  inDirectory(query: DirectoryQuery): Promise<readonly SegmentRow[]>;
  /** Where a directory and its rows do not agree. */
  compareDirectory(listing: DirectoryListing): Promise<DirectoryComparison>;
  /** The directories that have rows, in order, after `afterDirectory`. */
  directories(
    volumeId: string,
    page: { readonly afterDirectory: string; readonly limit: number },
  ): Promise<readonly string[]>;
  /** Whether footage of a camera in `[startUtcMs, endUtcMs)` is not to be deleted, or some of it. */
  isLocked(range: LockedRange): Promise<boolean>;
  /** Gives rows from before volumes were told apart to a volume. The answer is their number. */
  adoptRows(volumeId: string): Promise<number>;
  /** Where the camera's newest segment ends, of those that began before; nothing when it has none with pictures. */
  lastFootage(cameraId: CameraId, beforeUtcMs?: number): Promise<LastFootage | undefined>;
  close(): Promise<void>;
}

/** The end of a camera's newest footage. */
export interface LastFootage {
  readonly endUtcMs: number;
  /** Of the boot in which it was recorded; empty when nobody knows. */
  readonly bootId: string;
}

export type NewGap = Omit<Gap, 'id'>;

export interface GapRange {
  readonly cameraId: CameraId;
  /** Gaps that overlap `[fromUtcMs, toUtcMs)`; one that is open has no end yet. */
  readonly fromUtcMs: number;
  readonly toUtcMs: number;
  readonly limit: number;
}

/** The gaps of all cameras. A camera has at most one that is open, and one that retention made. */
export interface GapIndex {
  /** The answer is the new row's id. Rejects with SQLITE_CONSTRAINT_UNIQUE when it would be a second open one. */
  insertGap(gap: NewGap): Promise<number>;
  updateGap(gap: Gap): Promise<void>;
  removeGaps(ids: readonly number[]): Promise<void>;
  openGap(cameraId: CameraId): Promise<Gap | undefined>;
  /** Ordered by start. */
  gaps(range: GapRange): Promise<readonly Gap[]>;
  /** Without that of retention. */
  countGaps(cameraId: CameraId): Promise<number>;
}

/** Footage of a camera that is not to be deleted: every segment that touches `[startUtcMs, endUtcMs)`. */
export interface LockedRange {
  readonly cameraId: CameraId;
  readonly startUtcMs: number;
  readonly endUtcMs: number;
}

/** What of the locks the index needs to know. */
export interface LockIndex {
  /** All locks there are, from now on. */
  replaceLocks(locks: readonly LockedRange[]): Promise<void>;
}
