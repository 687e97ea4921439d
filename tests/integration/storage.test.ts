import Database from 'better-sqlite3';
import { appendFile, mkdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../../src/shared/domain/log.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { createRecorder } from '../../src/engine/recording/index.ts';
import {
  NewerDatabaseError,
  type ReconcileReport,
  type SegmentIndex,
  type Volume,
} from '../../src/engine/storage/index.ts';
import type { SegmentInfo } from '../../src/shared/engine-api/index.ts';
import { syntheticStream } from '../unit/engine/recording/synthetic-stream.ts';
import { temporaryDirectory } from './recording-fixture.ts';
import {
  openStore,
  overriding,
  quietLog,
  type OpenedStore,
  type OpenStoreOptions,
} from './storage-fixture.ts';

const cameraId = 'gate-north';
const nothingToDo: ReconcileReport = {
  recovered: 0,
  removedFiles: 0,
  damagedFiles: 0,
  unreadableFiles: 0,
  unreadableDirectories: 0,
  droppedRows: 0,
  completedDeletions: 0,
  discardedBytes: 0,
};

async function recordSeconds(opened: OpenedStore, seconds: number): Promise<void> {
  const { description, samples } = syntheticStream({ seed: 1, seconds, withAudio: true });
  const recorder = createRecorder({
    cameraId,
    store: opened.store,
    clock: createSystemClock(),
    log: quietLog,
    limits: { segmentDurationMs: 2000, maximumQueuedBytes: 1024 ** 3 },
  });
  recorder.onDescription(description);
  for (const sample of samples) recorder.onSample(sample);
  await recorder.stop();
}

async function segmentsOf(opened: OpenedStore): Promise<readonly SegmentInfo[]> {
  return (await opened.store.segments(cameraId, { limit: 10_000 })).segments;
}

describe('a volume and its index', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  const open = (options?: OpenStoreOptions): Promise<OpenedStore> => openStore(directory.path, options);
  const query = (sql: string): unknown[] => {
    using database = disposable(new Database(join(directory.path, 'index.db')));
    return /^select/i.test(sql) ? database.prepare(sql).all() : [database.prepare(sql).run().changes];
  };

  /** Three or more segments on disk and in the index, and the store closed again. */
  const recordSome = async (): Promise<{ segments: readonly SegmentInfo[]; files: string[] }> => {
    await using opened = await open();
    await recordSeconds(opened, 9);
    const segments = await segmentsOf(opened);
    const located = await Promise.all(segments.map(({ id }) => opened.store.segmentFile(cameraId, id)));
    expect(segments.length).toBeGreaterThanOrEqual(3);
    return { segments, files: located.map((file) => file?.path ?? 'missing') };
  };

  it('agree after an orderly stop, byte for byte', async () => {
    const { segments, files } = await recordSome();

    await using reopened = await open();

    expect(reopened.report).toEqual(nothingToDo);
    expect(await segmentsOf(reopened)).toEqual(segments);
    const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
    expect(sizes).toEqual(segments.map(({ byteLength }) => byteLength));
    expect(await reopened.index.totals()).toEqual([
      {
        volumeId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        cameraId,
        byteLength: sizes.reduce((sum, size) => sum + size, 0),
        segmentCount: sizes.length,
        oldestUtcMs: segments[0]?.startUtcMs,
        newestUtcMs: segments.at(-1)?.startUtcMs,
      },
    ]);
  });

  it('rebuild the index from the files alone, with all it knew', async () => {
    await recordSome();
    const before = query('SELECT * FROM segments ORDER BY start_utc_ms');
    for (const suffix of ['', '-wal', '-shm'])
      await rm(join(directory.path, `index.db${suffix}`), { force: true });

    const reopened = await open();
    await reopened[Symbol.asyncDispose]();

    expect(reopened.report).toEqual({ ...nothingToDo, recovered: before.length });
    const rebuilt = query('SELECT * FROM segments ORDER BY start_utc_ms');
    expect(rebuilt.map(withoutIdentity)).toEqual(
      before.map((row) => ({ ...withoutIdentity(row), state: 'recovered' })),
    );
  });

  it('cut a file that was being written to its last whole part', async () => {
    const { segments, files } = await recordSome();
    const [file = 'missing'] = files;
    const [segment] = segments;
    await appendFile(file, (await readFile(file)).subarray(-3000));
    query(
      `UPDATE segments SET state = 'writing', byte_length = 900, frame_count = 0 WHERE id = ${segment?.id}`,
    );

    await using reopened = await open();

    expect(reopened.report).toEqual({ ...nothingToDo, recovered: 1, discardedBytes: 3000 });
    expect((await segmentsOf(reopened))[0]).toEqual({ ...segment, state: 'recovered' });
    expect((await stat(file)).size).toBe(segment?.byteLength);
  });

  it('drop rows whose file is gone, and files without a whole part', async () => {
    const { segments, files } = await recordSome();
    const [first = 'missing', second = 'missing'] = files;
    await rm(first);
    await truncate(second, 1500);
    query(`UPDATE segments SET state = 'writing' WHERE id = ${segments[1]?.id}`);

    await using reopened = await open();

    expect(reopened.report).toEqual({
      ...nothingToDo,
      droppedRows: 1,
      removedFiles: 1,
      discardedBytes: 1500,
    });
    expect(await segmentsOf(reopened)).toEqual(segments.slice(2));
  });

  it('complete a deletion that was interrupted, whether the file is still there or not', async () => {
    const { segments, files } = await recordSome();
    query(`UPDATE segments SET state = 'deleting' WHERE id IN (${segments[0]?.id}, ${segments[1]?.id})`);
    await rm(files[0] ?? 'missing');

    await using reopened = await open();

    expect(reopened.report).toEqual({ ...nothingToDo, completedDeletions: 2 });
    expect(await segmentsOf(reopened)).toEqual(segments.slice(2));
    await expect(stat(files[1] ?? 'missing')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it("leave strangers' files alone and say so", async () => {
    const { segments } = await recordSome();
    const stranger = join(directory.path, 'volume/cameras/gate-north/notes.txt');
    await mkdir(dirname(stranger), { recursive: true });
    await writeFile(stranger, 'do not delete');
    const warnings: string[] = [];
    const log: Log = {
      ...quietLog,
      warn: (facts, message) => void warnings.push(`${JSON.stringify(facts)} ${message}`),
    };

    await using reopened = await open({ log });

    expect(reopened.report).toEqual(nothingToDo);
    expect(await segmentsOf(reopened)).toEqual(segments);
    expect(await readFile(stranger, 'utf8')).toBe('do not delete');
    expect(warnings).toEqual([
      '{"file":"cameras/gate-north/notes.txt"} A file among the footage is not a segment and is left alone.',
    ]);
  });

  it('keep within a quota by deleting the oldest first', async () => {
    const { segments } = await recordSome();
    const [first, ...others] = segments;
    const quotaBytes = others.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const reasons: unknown[] = [];
    const log: Log = { ...quietLog, info: (facts) => void reasons.push(facts) };

    await using reopened = await open({ limits: { quotaBytes }, log });

    expect(await segmentsOf(reopened)).toEqual(others);
    expect(reasons).toEqual([
      {
        cameraId,
        file: expect.any(String),
        byteLength: first?.byteLength,
        reason: 'volume-bytes',
        volume: 'recordings',
      },
    ]);
  });

  it('remove the directories that deleting leaves empty', async () => {
    const { files } = await recordSome();
    await using reopened = await open({ limits: { quotaBytes: 0 } });

    expect(await segmentsOf(reopened)).toEqual([]);
    await expect(stat(dirname(files[0] ?? 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(stat(reopened.volumePath)).resolves.toBeDefined();
  });

  it('answer for a stretch of time, oldest first, and say when there is more', async () => {
    const { segments } = await recordSome();
    await using reopened = await open();
    const [first, second, third] = segments;
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('Too few segments.');

    const within = await reopened.store.segments(cameraId, {
      from: first.startUtcMs + first.durationMs - 1,
      to: second.startUtcMs + 1,
      limit: 10,
    });
    const limited = await reopened.store.segments(cameraId, { limit: 1 });
    const after = await reopened.store.segments(cameraId, {
      from: second.startUtcMs,
      to: third.startUtcMs,
      limit: 10,
    });

    expect(within).toEqual({ segments: [first, second], truncated: false });
    expect(limited).toEqual({ segments: [first], truncated: true });
    expect(after).toEqual({ segments: [second], truncated: false });
    expect(await reopened.store.segments('gate-south', { limit: 10 })).toEqual({
      segments: [],
      truncated: false,
    });
    expect(await reopened.store.segmentFile('gate-south', first.id)).toBeUndefined();
  });

  it('put bytes on disk before the row, and take the row away last', async () => {
    const trace: string[] = [];
    await using opened = await open({
      wrapVolume: (volume) => tracedVolume(volume, trace),
      wrapIndex: (index) => tracedIndex(index, trace),
      limits: { syncIntervalMs: 60_000, inspectionIntervalMs: 60_000, quotaBytes: 0 },
    });
    trace.length = 0;

    await recordSeconds(opened, 1);
    expect(trace).toEqual([
      'create',
      'append',
      'sync',
      'sync directory',
      'insert writing',
      'append',
      'sync',
      'update finished',
    ]);
    trace.length = 0;
    await opened.store.inspect();

    expect(trace).toEqual(['mark deleting', 'remove file', 'remove row']);
  });

  it('refuse an index of a newer version with the way on', async () => {
    await recordSome();
    using database = disposable(new Database(join(directory.path, 'index.db')));
    database.pragma('user_version = 99');

    const opening = open();

    await expect(opening).rejects.toThrow(NewerDatabaseError);
    await expect(opening).rejects.toThrow(/version 99; this engine knows up to 2\. Install the newer engine/);
  });
});

function tracedVolume(volume: Volume, trace: string[]): Volume {
  return {
    path: volume.path,
    async create(filePath) {
      trace.push('create');
      const file = await volume.create(filePath);
      return {
        append: (chunks) => (trace.push('append'), file.append(chunks)),
        sync: () => (trace.push('sync'), file.sync()),
        truncate: (byteLength) => file.truncate(byteLength),
        close: () => file.close(),
      };
    },
    syncDirectoryOf: (filePath) => (trace.push('sync directory'), volume.syncDirectoryOf(filePath)),
    recover: (filePath) => volume.recover(filePath),
    rename: (filePath, newPath) => volume.rename(filePath, newPath),
    remove: (filePath) => (trace.push('remove file'), volume.remove(filePath)),
    list: (directoryPath) => volume.list(directoryPath),
    space: () => volume.space(),
    probe: () => volume.probe(),
  };
}

function tracedIndex(index: SegmentIndex, trace: string[]): SegmentIndex {
  const writes: Partial<SegmentIndex> = {
    insert: (segment, progress) => (trace.push(`insert ${progress.state}`), index.insert(segment, progress)),
    update: (progress) => (trace.push(`update ${progress.state}`), index.update(progress)),
    markDeleting: (ids, rule) => (trace.push('mark deleting'), index.markDeleting(ids, rule)),
    remove: (ids, lost) => (trace.push('remove row'), index.remove(ids, lost)),
  };
  return overriding(index, writes);
}

/** Ids are given anew when an index is rebuilt. */
function withoutIdentity(row: unknown): object {
  if (typeof row !== 'object' || row === null) throw new Error('A row is an object.');
  const { id: _, ...rest } = { id: 0, ...row };
  return rest;
}

function disposable(database: Database.Database): Database.Database & Disposable {
  return Object.assign(database, { [Symbol.dispose]: () => void database.close() });
}
