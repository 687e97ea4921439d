import type { z } from 'zod';
import { GapEvidence } from '../../shared/engine-api/index.ts';
import type { CameraId, Gap } from '../../shared/engine-api/index.ts';
import { openDatabase } from './database.ts';
import {
  StoredCounts,
  StoredEnds,
  StoredGaps,
  StoredIds,
  StoredLockedTotals,
  StoredPaths,
  StoredSegments,
  StoredSpans,
  StoredTotals,
} from './index-rows.ts';
import { gapStatements, lockStatements, segmentStatements } from './index-statements.ts';
import type {
  DirectoryComparison,
  DirectoryListing,
  DirectoryQuery,
  FoundSegment,
  GapIndex,
  GapRange,
  LastFootage,
  LockIndex,
  LockedRange,
  LockedTotal,
  NewGap,
  NewSegment,
  OldestQuery,
  ReadableRow,
  SegmentIndex,
  SegmentProgress,
  SegmentRange,
  SegmentRow,
  SpanList,
  SpanRange,
  StoredTotal,
} from './segment-index.ts';
import {
  LocalSqlConnection,
  type SqlConnection,
  type SqlMeter,
  type SqlStatement,
  type SqlValue,
} from './sql-connection.ts';

/**
 * The index in SQLite, on the calling thread: every method is one small statement or transaction.
 * @throws NewerDatabaseError
 */
export function openSqliteSegmentIndex(path: string): FootageIndex {
  return new SqliteFootageIndex(new LocalSqlConnection(openDatabase(path)));
}

/** An index without rows that nobody keeps. */
export function openEmptyIndex(): FootageIndex {
  return openSqliteSegmentIndex(':memory:');
}

/** Everything the engine knows of its footage. */
export interface FootageIndex extends SegmentIndex, GapIndex, LockIndex {
  /** How its database fares. */
  meter(): SqlMeter;
}

function isReadable(row: SegmentRow): row is ReadableRow {
  return row.state !== 'deleting';
}

export class SqliteFootageIndex implements FootageIndex {
  readonly #connection: SqlConnection;
  readonly #onDamage: ((code: string) => void) | undefined;

  /** `onDamage`: the database answers what cannot be. */
  constructor(connection: SqlConnection, onDamage?: (code: string) => void) {
    this.#connection = connection;
    this.#onDamage = onDamage;
  }

  async insert(segment: NewSegment, { extent, state }: Omit<SegmentProgress, 'id'>): Promise<number> {
    return only(this.#read(StoredIds, await this.#askAll(insertStatement({ segment, extent, state }))));
  }

  async insertAll(segments: readonly FoundSegment[]): Promise<void> {
    await this.#connection.execute(segments.map(insertStatement));
  }

  async update({ id, extent, state }: SegmentProgress, lost: readonly NewGap[] = []): Promise<void> {
    const statement = { sql: segmentStatements.update, parameters: { id, ...extent, state } };
    // A row that follows its growing file is in no hurry, and there are many of them.
    const urgency = state === 'writing' ? 'soon' : 'at-once';
    await this.#connection.execute([statement, ...lost.map(insertGapStatement)], urgency);
  }

  async markDeleting(ids: readonly number[], rule: string): Promise<readonly number[]> {
    const evidence = JSON.stringify(GapEvidence.parse({ kind: 'deletion', rule }));
    const statements = [
      ...ids.map((id) => ({ sql: segmentStatements.mark, parameters: { id } })),
      ...ids.map((id) => ({ sql: segmentStatements.growRetentionGap, parameters: { id, evidence } })),
    ];
    // The files go next: a power cut must not leave rows that say nothing of that.
    const marked = await this.#connection.execute(statements, 'durable');
    return this.#read(StoredIds, marked.flat());
  }

  async remove(ids: readonly number[], lost: readonly NewGap[] = []): Promise<void> {
    const removals = ids.map((id) => ({ sql: segmentStatements.remove, parameters: { id } }));
    await this.#connection.execute([...removals, ...lost.map(insertGapStatement)]);
  }

  /** In pages, so that no answer is large however many rows are asked for. */
  async list({ content = 'main', limit, ...range }: SegmentRange): Promise<readonly ReadableRow[]> {
    const rows: SegmentRow[] = [];
    for (let after: SegmentRow | undefined; rows.length < limit; after = rows.at(-1)) {
      const asked = Math.min(listPageSize, limit - rows.length);
      const page = await this.#ask(segmentStatements.list, {
        ...range,
        content,
        ...cursorAfter(after),
        limit: asked,
      });
      rows.push(...this.#read(StoredSegments, page));
      if (page.length < asked) break;
    }
    return rows.filter(isReadable);
  }

  async spans(range: SpanRange): Promise<SpanList> {
    const rows = await this.#ask(segmentStatements.spans, { ...range, content: 'main' });
    const spans = this.#read(StoredSpans, rows);
    return { spans, segmentCount: spans.reduce((sum, { segments }) => sum + segments, 0) };
  }

  async find(id: number): Promise<SegmentRow | undefined> {
    return this.#read(StoredSegments, await this.#ask(segmentStatements.find, { id }))[0];
  }

  async findByPath(volumeId: string, filePath: string): Promise<SegmentRow | undefined> {
    return this.#read(
      StoredSegments,
      await this.#ask(segmentStatements.findByPath, { volumeId, filePath }),
    )[0];
  }

  async oldest(query: OldestQuery): Promise<readonly SegmentRow[]> {
    return this.#read(StoredSegments, await this.#askAll(oldestStatement(query)));
  }

  async totals(): Promise<readonly StoredTotal[]> {
    return this.#read(StoredTotals, await this.#ask(segmentStatements.totals));
  }

  async lockedTotals(): Promise<readonly LockedTotal[]> {
    return this.#read(StoredLockedTotals, await this.#ask(segmentStatements.lockedTotals));
  }

  async unfinished(
    volumeId: string,
    page: { readonly afterId: number; readonly limit: number },
  ): Promise<readonly SegmentRow[]> {
    return this.#read(StoredSegments, await this.#ask(segmentStatements.unfinished, { volumeId, ...page }));
  }

  async inDirectory(query: DirectoryQuery): Promise<readonly SegmentRow[]> {
    const { volumeId, directoryPath, afterPath = `${directoryPath}/`, limit } = query;
    return this.#read(
      StoredSegments,
      await this.#ask(segmentStatements.inDirectory, { volumeId, directoryPath, afterPath, limit }),
    );
  }

  async compareDirectory(listing: DirectoryListing): Promise<DirectoryComparison> {
    const { volumeId, directoryPath, recentSinceUtcMs } = listing;
    const filePaths = JSON.stringify(listing.filePaths);
    const [unknown, doubtful] = await this.#connection.execute([
      { sql: segmentStatements.unknownFiles, parameters: { volumeId, filePaths } },
      {
        sql: segmentStatements.doubtfulRows,
        parameters: {
          volumeId,
          directoryPath,
          afterPath: `${directoryPath}/`,
          filePaths,
          recentSinceUtcMs: Math.min(recentSinceUtcMs, Number.MAX_SAFE_INTEGER),
        },
      },
    ]);
    return { unknown: this.#read(StoredPaths, unknown), doubtful: this.#read(StoredSegments, doubtful) };
  }

  async directories(
    volumeId: string,
    page: { readonly afterDirectory: string; readonly limit: number },
  ): Promise<readonly string[]> {
    return this.#read(StoredPaths, await this.#ask(segmentStatements.directories, { volumeId, ...page }));
  }

  async adoptRows(volumeId: string): Promise<number> {
    const [, changes = []] = await this.#connection.execute([
      { sql: segmentStatements.adopt, parameters: { volumeId } },
      { sql: segmentStatements.changes },
    ]);
    return only(this.#read(StoredCounts, changes));
  }

  async lastFootage(
    cameraId: CameraId,
    beforeUtcMs = Number.MAX_SAFE_INTEGER,
  ): Promise<LastFootage | undefined> {
    const rows = await this.#ask(segmentStatements.lastFootage, { cameraId, beforeUtcMs });
    return this.#read(StoredEnds, rows)[0];
  }

  async insertGap(gap: NewGap): Promise<number> {
    return only(this.#read(StoredIds, await this.#askAll(insertGapStatement(gap))));
  }

  async updateGap({ id, ...gap }: Gap): Promise<void> {
    const { cameraId: _, ...parameters } = gapParameters(gap);
    await this.#ask(gapStatements.update, { id, ...parameters });
  }

  async removeGaps(ids: readonly number[]): Promise<void> {
    await this.#connection.execute(ids.map((id) => ({ sql: gapStatements.remove, parameters: { id } })));
  }

  async openGap(cameraId: CameraId): Promise<Gap | undefined> {
    return this.#read(StoredGaps, await this.#ask(gapStatements.open, { cameraId }))[0];
  }

  async gaps(range: GapRange): Promise<readonly Gap[]> {
    return this.#read(StoredGaps, await this.#ask(gapStatements.list, { ...range }));
  }

  async countGaps(cameraId: CameraId): Promise<number> {
    return only(this.#read(StoredCounts, await this.#ask(gapStatements.count, { cameraId })));
  }

  async isLocked(range: LockedRange): Promise<boolean> {
    return only(this.#read(StoredCounts, await this.#ask(lockStatements.count, { ...range }))) > 0;
  }

  async replaceLocks(locks: readonly LockedRange[]): Promise<void> {
    await this.#connection.execute([
      { sql: lockStatements.clear },
      ...locks.map(({ cameraId, startUtcMs, endUtcMs }) => ({
        sql: lockStatements.insert,
        parameters: { cameraId, startUtcMs: Math.floor(startUtcMs), endUtcMs: Math.ceil(endUtcMs) },
      })),
    ]);
  }

  meter(): SqlMeter {
    return this.#connection.meter();
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /** SQLite does not see damage within a row. Evidence of gaps may be that of another release, and is no damage. */
  #read<Rows>(schema: z.ZodType<Rows>, rows: unknown): Rows {
    try {
      return schema.parse(rows);
    } catch (error) {
      const damage = new DamagedRowError(error);
      this.#onDamage?.(damage.code);
      throw damage;
    }
  }

  #ask(sql: string, parameters: Readonly<Record<string, SqlValue>> = {}): Promise<readonly unknown[]> {
    return this.#askAll({ sql, parameters });
  }

  async #askAll(statement: SqlStatement): Promise<readonly unknown[]> {
    const [rows = []] = await this.#connection.execute([statement]);
    return rows;
  }
}

/** A row that nobody wrote. */
class DamagedRowError extends Error {
  readonly code = 'SQLITE_CORRUPT';

  constructor(cause: unknown) {
    super('The index holds a row that cannot be.', { cause });
    this.name = 'DamagedRowError';
  }
}

const listPageSize = 500;

/** Where a page of rows in order of their start goes on. */
function cursorAfter(row: OldestQuery['after']): { readonly afterUtcMs: number; readonly afterId: number } {
  return { afterUtcMs: row?.startUtcMs ?? Number.MIN_SAFE_INTEGER, afterId: row?.id ?? 0 };
}

function insertStatement({ segment, extent, state }: FoundSegment): SqlStatement {
  const parameters = {
    cameraId: segment.cameraId,
    volumeId: segment.volumeId,
    filePath: segment.filePath,
    content: segment.content,
    startUtcMs: Math.round(segment.startUtcMs),
    startMonotonicMs: Math.round(segment.startMonotonicMs),
    bootId: segment.bootId,
    clockOffsetMs: segment.clockOffsetMs ?? null,
    mediaStart90k: segment.mediaStart90k,
    hasAudio: segment.hasAudio ? 1 : 0,
    ...extent,
    state,
  };
  return { sql: segmentStatements.insert, parameters };
}

function oldestStatement({ volumeId, cameraId, order, after, limit }: OldestQuery): SqlStatement {
  if (order === 'recorded') {
    const parameters = {
      volumeId: volumeId ?? null,
      cameraId: cameraId ?? null,
      afterId: after?.id ?? 0,
      limit,
    };
    return { sql: segmentStatements.firstRecorded, parameters };
  }
  const page = { ...cursorAfter(after), limit };
  if (cameraId === undefined) {
    return volumeId === undefined
      ? { sql: segmentStatements.oldest, parameters: page }
      : { sql: segmentStatements.oldestOfVolume, parameters: { volumeId, ...page } };
  }
  return volumeId === undefined
    ? { sql: segmentStatements.oldestOfCamera, parameters: { cameraId, ...page } }
    : { sql: segmentStatements.oldestOfCameraOnVolume, parameters: { cameraId, volumeId, ...page } };
}

function insertGapStatement(gap: NewGap): SqlStatement {
  return { sql: gapStatements.insert, parameters: gapParameters(gap) };
}

function gapParameters({
  cameraId,
  startUtcMs,
  endUtcMs,
  reason,
  evidence,
}: NewGap): Record<string, SqlValue> {
  return {
    cameraId,
    startUtcMs: Math.round(startUtcMs),
    endUtcMs: endUtcMs === undefined ? null : Math.round(endUtcMs),
    reason,
    evidence: JSON.stringify(GapEvidence.parse(evidence)),
  };
}

/** The one row that a statement yields by its nature. */
function only<Value>(values: readonly Value[]): Value {
  const [value] = values;
  if (value === undefined) throw new Error('A statement of the index yielded no row.');
  return value;
}
