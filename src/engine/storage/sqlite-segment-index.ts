import type { Database, Statement } from 'better-sqlite3';
import { z } from 'zod';
import { CameraId } from '../../shared/engine-api/index.ts';
import { openDatabase } from './database.ts';
import type {
  NewSegment,
  ReadableRow,
  SegmentIndex,
  SegmentProgress,
  SegmentRange,
  SegmentRow,
} from './segment-index.ts';

/**
 * The segment index in SQLite, on the calling thread: every method is one small statement or transaction.
 * @throws NewerDatabaseError
 */
export function openSqliteSegmentIndex(path: string): SegmentIndex {
  return new SqliteSegmentIndex(openDatabase(path));
}

const columns = `id, camera_id, file_path, start_utc_ms, start_monotonic_ms, boot_id, clock_offset_ms, media_start_90k,
  has_audio, duration_90k, byte_length, frame_count, part_count, state`;

const StoredSegment = z
  .object({
    id: z.int().positive(),
    camera_id: CameraId,
    file_path: z.string(),
    start_utc_ms: z.int(),
    start_monotonic_ms: z.int(),
    boot_id: z.string(),
    clock_offset_ms: z.number().nullable(),
    media_start_90k: z.int(),
    has_audio: z.int(),
    duration_90k: z.int(),
    byte_length: z.int(),
    frame_count: z.int(),
    part_count: z.int(),
    state: z.enum(['writing', 'finished', 'recovered', 'deleting']),
  })
  .transform((row): SegmentRow => ({
    id: row.id,
    cameraId: row.camera_id,
    filePath: row.file_path,
    startUtcMs: row.start_utc_ms,
    startMonotonicMs: row.start_monotonic_ms,
    bootId: row.boot_id,
    ...(row.clock_offset_ms === null ? {} : { clockOffsetMs: row.clock_offset_ms }),
    mediaStart90k: row.media_start_90k,
    hasAudio: row.has_audio === 1,
    duration90k: row.duration_90k,
    byteLength: row.byte_length,
    frameCount: row.frame_count,
    partCount: row.part_count,
    state: row.state,
  }));
const StoredSegments = z.array(StoredSegment);
function isReadable(row: SegmentRow): row is ReadableRow {
  return row.state !== 'deleting';
}

const StoredTotal = z.object({ byte_length: z.int() });

class SqliteSegmentIndex implements SegmentIndex {
  readonly #database: Database;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #mark: Statement;
  readonly #remove: Statement;
  readonly #list: Statement;
  readonly #find: Statement;
  readonly #oldest: Statement;
  readonly #page: Statement;
  readonly #total: Statement;

  constructor(database: Database) {
    this.#database = database;
    this.#insert = database.prepare(
      `INSERT INTO segments (camera_id, file_path, start_utc_ms, start_monotonic_ms, boot_id, clock_offset_ms,
         media_start_90k, has_audio, duration_90k, byte_length, frame_count, part_count, state)
       VALUES (:cameraId, :filePath, :startUtcMs, :startMonotonicMs, :bootId, :clockOffsetMs,
         :mediaStart90k, :hasAudio, :duration90k, :byteLength, :frameCount, :partCount, :state)`,
    );
    this.#update = database.prepare(
      `UPDATE segments SET duration_90k = :duration90k, byte_length = :byteLength, frame_count = :frameCount,
         part_count = :partCount, state = :state
       WHERE id = :id AND state <> 'deleting'`,
    );
    this.#mark = database.prepare("UPDATE segments SET state = 'deleting' WHERE id = ?");
    this.#remove = database.prepare('DELETE FROM segments WHERE id = ?');
    this.#list = database.prepare(
      `SELECT ${columns} FROM segments
       WHERE camera_id = :cameraId AND state <> 'deleting' AND start_utc_ms < :toUtcMs
         AND start_utc_ms >= coalesce(
           (SELECT max(start_utc_ms) FROM segments
            WHERE camera_id = :cameraId AND state <> 'deleting' AND start_utc_ms <= :fromUtcMs), :fromUtcMs)
         AND start_utc_ms + duration_90k / 90.0 > :fromUtcMs
       ORDER BY start_utc_ms, id LIMIT :limit`,
    );
    this.#find = database.prepare(`SELECT ${columns} FROM segments WHERE id = ?`);
    this.#oldest = database.prepare(
      `SELECT ${columns} FROM segments WHERE state IN ('finished', 'recovered') ORDER BY start_utc_ms, id LIMIT ?`,
    );
    this.#page = database.prepare(`SELECT ${columns} FROM segments WHERE id > ? ORDER BY id LIMIT ?`);
    this.#total = database.prepare('SELECT byte_length FROM totals');
  }

  async insert(segment: NewSegment, { extent, state }: Omit<SegmentProgress, 'id'>): Promise<number> {
    const { lastInsertRowid } = this.#insert.run({
      cameraId: segment.cameraId,
      filePath: segment.filePath,
      startUtcMs: Math.round(segment.startUtcMs),
      startMonotonicMs: Math.round(segment.startMonotonicMs),
      bootId: segment.bootId,
      clockOffsetMs: segment.clockOffsetMs ?? null,
      mediaStart90k: segment.mediaStart90k,
      hasAudio: segment.hasAudio ? 1 : 0,
      ...extent,
      state,
    });
    return Number(lastInsertRowid);
  }

  async update({ id, extent, state }: SegmentProgress): Promise<void> {
    this.#update.run({ id, ...extent, state });
  }

  async markDeleting(ids: readonly number[]): Promise<void> {
    this.#forEach(this.#mark, ids);
  }

  async remove(ids: readonly number[]): Promise<void> {
    this.#forEach(this.#remove, ids);
  }

  async list(range: SegmentRange): Promise<readonly ReadableRow[]> {
    return StoredSegments.parse(this.#list.all({ ...range })).filter(isReadable);
  }

  async find(id: number): Promise<SegmentRow | undefined> {
    return StoredSegment.optional().parse(this.#find.get(id));
  }

  async oldest(limit: number): Promise<readonly SegmentRow[]> {
    return StoredSegments.parse(this.#oldest.all(limit));
  }

  async page(afterId: number, limit: number): Promise<readonly SegmentRow[]> {
    return StoredSegments.parse(this.#page.all(afterId, limit));
  }

  async totalBytes(): Promise<number> {
    return StoredTotal.parse(this.#total.get()).byte_length;
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #forEach(statement: Statement, ids: readonly number[]): void {
    this.#database.transaction(() => {
      for (const id of ids) statement.run(id);
    })();
  }
}
