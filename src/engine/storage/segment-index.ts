import type { CameraId } from '../../shared/engine-api/index.ts';

/** Where a segment lies and when it began. */
export interface NewSegment {
  readonly cameraId: CameraId;
  /** Relative to the volume. */
  readonly filePath: string;
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
  /** Length of the video, 1/90000 s. */
  readonly duration90k: number;
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

export interface SegmentRange {
  readonly cameraId: CameraId;
  /** Segments that overlap `[fromUtcMs, toUtcMs)`. */
  readonly fromUtcMs: number;
  readonly toUtcMs: number;
  readonly limit: number;
}

/**
 * The index of one volume's segments. Asynchronous, so that its database can live on another thread. Rejects with SQLite's
 * error. A row follows its bytes: it never says more than the file holds.
 */
export interface SegmentIndex {
  /** The answer is the new row's id; ids are never used twice. */
  insert(segment: NewSegment, progress: Omit<SegmentProgress, 'id'>): Promise<number>;
  update(progress: SegmentProgress): Promise<void>;
  /** First step of deleting, all rows at once. */
  markDeleting(ids: readonly number[]): Promise<void>;
  /** Last step of deleting. */
  remove(ids: readonly number[]): Promise<void>;
  /** Ordered by start; segments that are being deleted are left out. */
  list(range: SegmentRange): Promise<readonly ReadableRow[]>;
  find(id: number): Promise<SegmentRow | undefined>;
  /** Complete segments, oldest first. */
  oldest(limit: number): Promise<readonly SegmentRow[]>;
  /** Rows by id after `afterId`, whatever their state. */
  page(afterId: number, limit: number): Promise<readonly SegmentRow[]>;
  /** Sum over all rows. */
  totalBytes(): Promise<number>;
  close(): Promise<void>;
}
