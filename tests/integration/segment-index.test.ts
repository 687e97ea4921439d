import Database from 'better-sqlite3';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { segments as firstMigration } from '../../src/engine/storage/migrations/0001-segments.ts';
import { openDatabase } from '../../src/engine/storage/database.ts';
import { segmentStatements } from '../../src/engine/storage/index-statements.ts';
import type { NewGap, NewSegment, SegmentProgress } from '../../src/engine/storage/segment-index.ts';
import { openSqliteSegmentIndex, type FootageIndex } from '../../src/engine/storage/sqlite-segment-index.ts';
import { temporaryDirectory } from './recording-fixture.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const start = Date.UTC(2026, 10, 21);

interface SegmentOptions {
  readonly cameraId?: string;
  readonly volumeId?: string;
  readonly minute?: number;
  readonly state?: SegmentProgress['state'];
  readonly content?: NewSegment['content'];
}

/** A minute of footage that began `minute` minutes after `start`. */
function minuteOf(options: SegmentOptions = {}): [NewSegment, Omit<SegmentProgress, 'id'>] {
  const { cameraId = 'gate', volumeId = 'a', minute = 0, state = 'finished', content = 'main' } = options;
  const startUtcMs = start + minute * minuteMs;
  const day = new Date(startUtcMs).toISOString().slice(0, 10);
  return [
    {
      cameraId,
      volumeId,
      filePath: `cameras/${cameraId}/${day}/${String(minute).padStart(6, '0')}.${content}.mp4`,
      content,
      startUtcMs,
      startMonotonicMs: minute,
      bootId: `boot of ${volumeId}`,
      mediaStart90k: 0,
      hasAudio: false,
    },
    {
      extent: { byteLength: 1000 + minute, duration90k: 60 * 90_000, frameCount: 1500, partCount: 60 },
      state,
    },
  ];
}

function pathOf(minute: number): string {
  const [{ filePath }] = minuteOf({ minute });
  return filePath;
}

function idsOf(rows: readonly { readonly id: number }[]): number[] {
  return rows.map(({ id }) => id);
}

describe('the index of footage', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let path: string;
  let index: FootageIndex;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = join(directory.path, 'index.sqlite');
    index = openSqliteSegmentIndex(path);
  });
  afterEach(async () => {
    await index.close();
    await directory[Symbol.asyncDispose]();
  });

  const add = (options?: SegmentOptions): Promise<number> => index.insert(...minuteOf(options));

  it('sums up each camera on each volume, through every change', async () => {
    const first = await add({ minute: 1 });
    await add({ minute: 2 });
    await add({ minute: 3, volumeId: 'b' });
    const other = await add({ minute: 4, cameraId: 'yard' });
    await index.update({
      id: first,
      extent: { byteLength: 5000, duration90k: 1, frameCount: 1, partCount: 1 },
      state: 'finished',
    });
    await index.remove([other]);
    // Twice the same two segments: the second of the first volume, and that of the other.
    const lock = { cameraId: 'gate', startUtcMs: start + 2 * minuteMs, endUtcMs: start + 3 * minuteMs + 1 };
    await index.replaceLocks([lock, lock, { ...lock, cameraId: 'yard' }]);

    expect(await index.totals()).toEqual([
      {
        volumeId: 'a',
        cameraId: 'gate',
        byteLength: 6002,
        segmentCount: 2,
        oldestUtcMs: start + minuteMs,
        newestUtcMs: start + 2 * minuteMs,
      },
      {
        volumeId: 'b',
        cameraId: 'gate',
        byteLength: 1003,
        segmentCount: 1,
        oldestUtcMs: start + 3 * minuteMs,
        newestUtcMs: start + 3 * minuteMs,
      },
    ]);
    expect(await index.lockedTotals()).toEqual([
      { volumeId: 'a', cameraId: 'gate', byteLength: 1002 },
      { volumeId: 'b', cameraId: 'gate', byteLength: 1003 },
    ]);
  });

  it('finds what was recorded first whatever the time of day was', async () => {
    const late = await add({ minute: 9 });
    await add({ minute: 8, state: 'writing' });
    const early = await add({ minute: 1 });
    const elsewhere = await add({ minute: 0, volumeId: 'b' });
    const yard = await add({ minute: 0, cameraId: 'yard' });
    const order = 'recorded';

    expect(idsOf(await index.oldest({ order, limit: 10 }))).toEqual([late, early, elsewhere, yard]);
    expect(idsOf(await index.oldest({ order, volumeId: 'a', limit: 2 }))).toEqual([late, early]);
    expect(idsOf(await index.oldest({ order, cameraId: 'gate', limit: 10 }))).toEqual([
      late,
      early,
      elsewhere,
    ]);
    const [after] = await index.oldest({ order, limit: 1 });
    expect(idsOf(await index.oldest({ order, after, limit: 2 }))).toEqual([early, elsewhere]);
  });

  it('finds the oldest of everything, of a volume, of a camera and of both, page by page', async () => {
    const gateB = await add({ minute: 1, volumeId: 'b' });
    const yardA = await add({ minute: 2, cameraId: 'yard' });
    await add({ minute: 3, state: 'writing' });
    const gateA = await add({ minute: 3, content: 'sound', state: 'recovered' });
    const yardB = await add({ minute: 3, cameraId: 'yard', volumeId: 'b' });

    expect(idsOf(await index.oldest({ limit: 10 }))).toEqual([gateB, yardA, gateA, yardB]);
    expect(idsOf(await index.oldest({ volumeId: 'a', limit: 10 }))).toEqual([yardA, gateA]);
    expect(idsOf(await index.oldest({ cameraId: 'gate', limit: 10 }))).toEqual([gateB, gateA]);
    expect(idsOf(await index.oldest({ cameraId: 'yard', volumeId: 'b', limit: 10 }))).toEqual([yardB]);
    const [, second] = await index.oldest({ limit: 2 });
    expect(idsOf(await index.oldest({ after: second, limit: 1 }))).toEqual([gateA]);
    const [third] = await index.oldest({ after: second, limit: 1 });
    // The next one began in the same millisecond.
    expect(idsOf(await index.oldest({ after: third, limit: 1 }))).toEqual([yardB]);
  });

  it('keeps what is locked out of sight of retention, and refuses to mark it', async () => {
    const ids = [await add({ minute: 0 }), await add({ minute: 1 }), await add({ minute: 2 })];
    const yard = await add({ minute: 1, cameraId: 'yard' });
    const [first = 0, second = 0, third = 0] = ids;
    await index.replaceLocks([
      { cameraId: 'gate', startUtcMs: start + minuteMs, endUtcMs: start + 2 * minuteMs },
    ]);

    expect(idsOf(await index.oldest({ limit: 10 }))).toEqual([first, yard, third]);
    expect(await index.markDeleting([first, second, third, yard], 'volume-bytes')).toEqual([
      first,
      third,
      yard,
    ]);
    expect((await index.find(second))?.state).toBe('finished');

    await index.replaceLocks([]);
    expect(await index.markDeleting([second], 'volume-bytes')).toEqual([second]);
  });

  it('does not delete what is being written', async () => {
    const id = await add({ state: 'writing' });

    expect(await index.markDeleting([id], 'volume-bytes')).toEqual([]);
    expect((await index.find(id))?.state).toBe('writing');
  });

  it('lets one gap of retention grow over what was deleted, of the main files alone', async () => {
    for (const minute of [0, 1, 2]) await add({ minute });
    await add({ minute: 5, content: 'sound' });
    const all = { cameraId: 'gate', fromUtcMs: 0, toUtcMs: start + dayMs, limit: 10 };
    await index.markDeleting([1], 'volume-days');
    const [early] = await index.gaps(all);

    await index.markDeleting([2, 4], 'free-space');
    // Marking again, after an interruption, changes nothing.
    expect(await index.markDeleting([2], 'free-space')).toEqual([2]);

    expect(await index.gaps(all)).toEqual([
      {
        id: early?.id,
        cameraId: 'gate',
        startUtcMs: start,
        endUtcMs: start + 2 * minuteMs,
        reason: 'retention',
        evidence: { kind: 'deletion', rule: 'free-space' },
      },
    ]);
    expect(early?.endUtcMs).toBe(start + minuteMs);
    expect(await index.countGaps('gate')).toBe(0);
  });

  it('lists the rows of a directory, and the directories, in order and page by page', async () => {
    for (const minute of [0, 1, 2]) await add({ minute });
    await add({ minute: 2000 });
    await add({ minute: 0, cameraId: 'gate-2' });
    await add({ minute: 0, cameraId: 'yard', volumeId: 'b' });
    const directoryPath = 'cameras/gate/2026-11-21';

    const page = await index.inDirectory({ volumeId: 'a', directoryPath, limit: 2 });
    const rest = await index.inDirectory({
      volumeId: 'a',
      directoryPath,
      afterPath: page.at(-1)?.filePath,
      limit: 2,
    });
    expect([...page, ...rest].map(({ startMonotonicMs }) => startMonotonicMs)).toEqual([0, 1, 2]);
    expect(await index.inDirectory({ volumeId: 'a', directoryPath: 'cameras/gate', limit: 9 })).toEqual([]);

    const directories = ['cameras/gate-2/2026-11-21', 'cameras/gate/2026-11-21', 'cameras/gate/2026-11-22'];
    expect(await index.directories('a', { afterDirectory: '', limit: 10 })).toEqual(directories);
    expect(await index.directories('a', { afterDirectory: '', limit: 2 })).toEqual(directories.slice(0, 2));
    expect(await index.directories('a', { afterDirectory: directories[1] ?? '', limit: 2 })).toEqual(
      directories.slice(2),
    );
    expect(await index.directories('c', { afterDirectory: '', limit: 2 })).toEqual([]);
  });

  it('lists thousands of rows in order, each once, also where many began together', async () => {
    const ids: number[] = [];
    for (let number = 0; number < 1700; number += 1) {
      const [segment, progress] = minuteOf({ minute: Math.floor(number / 600) });
      ids.push(await index.insert({ ...segment, filePath: `${segment.filePath}-${number}` }, progress));
    }
    const range = { cameraId: 'gate', fromUtcMs: start, toUtcMs: start + dayMs };

    expect(idsOf(await index.list({ ...range, limit: 10_000 }))).toEqual(ids);
    expect(idsOf(await index.list({ ...range, limit: 1234 }))).toEqual(ids.slice(0, 1234));
    expect(idsOf(await index.list({ ...range, limit: 500 }))).toEqual(ids.slice(0, 500));
  });

  it('tells where a directory and its rows do not agree', async () => {
    const directoryPath = 'cameras/gate/2026-11-21';
    for (const minute of [0, 1, 2]) await add({ minute });
    const writing = await add({ minute: 3, state: 'writing' });
    const deleting = await add({ minute: 4 });
    await index.markDeleting([deleting], 'volume-days');
    const recent = await add({ minute: 5 });
    await add({ minute: 0, volumeId: 'b' });
    const compare = async (
      minutes: readonly number[],
    ): Promise<{ unknown: readonly string[]; ids: number[] }> => {
      const { unknown, doubtful } = await index.compareDirectory({
        volumeId: 'a',
        directoryPath,
        filePaths: [
          ...minutes.map(pathOf),
          ...(minutes.length > 0 ? [`${directoryPath}/it's "new".mp4`] : []),
        ],
        recentSinceUtcMs: start + 5 * minuteMs,
      });
      return { unknown, ids: idsOf(doubtful) };
    };

    expect(await compare([0, 2, 3, 5, 6])).toEqual({
      unknown: [pathOf(6), `${directoryPath}/it's "new".mp4`],
      ids: [2, writing, recent],
    });
    expect(await compare([])).toEqual({ unknown: [], ids: [1, 2, 3, writing, recent] });
  });

  it('finds by path, by state and the end of the newest footage', async () => {
    const [segment] = minuteOf({ minute: 7 });
    const id = await add({ minute: 7 });
    const writing = await add({ minute: 8, state: 'writing', volumeId: 'b' });
    await add({ minute: 9, content: 'metadata' });

    expect((await index.findByPath('a', segment.filePath))?.id).toBe(id);
    expect(await index.findByPath('b', segment.filePath)).toBeUndefined();
    expect(idsOf(await index.unfinished('b', { afterId: 0, limit: 10 }))).toEqual([writing]);
    expect(await index.unfinished('a', { afterId: 0, limit: 10 })).toEqual([]);
    expect(await index.lastFootage('gate')).toEqual({ endUtcMs: start + 9 * minuteMs, bootId: 'boot of b' });
    expect(await index.lastFootage('gate', start + 8 * minuteMs)).toEqual({
      endUtcMs: start + 8 * minuteMs,
      bootId: 'boot of a',
    });
    expect(await index.lastFootage('yard')).toBeUndefined();
    const range = { cameraId: 'gate', fromUtcMs: 0, toUtcMs: start + dayMs, limit: 10 };
    expect(idsOf(await index.list(range))).toEqual([id, writing]);
    expect((await index.list({ ...range, content: 'metadata' })).length).toBe(1);
  });

  it('keeps gaps: one open a camera, listed where they overlap', async () => {
    const evidence = { kind: 'interruption', interruption: 'silent', detail: 'nothing for 5 s' } as const;
    const closed: NewGap = {
      cameraId: 'gate',
      startUtcMs: 1000,
      endUtcMs: 2000,
      reason: 'camera',
      evidence,
    };
    const open: NewGap = { cameraId: 'gate', startUtcMs: 5000, reason: 'network', evidence };
    const closedId = await index.insertGap(closed);
    const openId = await index.insertGap(open);
    const gapsIn = (fromUtcMs: number, toUtcMs: number): Promise<readonly unknown[]> =>
      index.gaps({ cameraId: 'gate', fromUtcMs, toUtcMs, limit: 10 });

    await expect(index.insertGap(open)).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT_UNIQUE' });
    expect(await gapsIn(0, 9000)).toEqual([
      { ...closed, id: closedId },
      { ...open, id: openId },
    ]);
    expect(await gapsIn(2000, 5000)).toEqual([]);
    expect(await gapsIn(9000, 10_000)).toEqual([{ ...open, id: openId }]);
    expect(await index.openGap('gate')).toEqual({ ...open, id: openId });
    expect(await index.openGap('yard')).toBeUndefined();

    await index.updateGap({ ...open, id: openId, endUtcMs: 6000 });
    await index.removeGaps([closedId]);
    expect(await gapsIn(0, 9000)).toEqual([{ ...open, id: openId, endUtcMs: 6000 }]);
    expect(await index.openGap('gate')).toBeUndefined();
    expect(await index.countGaps('gate')).toBe(1);
  });

  it('takes rows from before volumes were told apart over, and never uses an id twice', async () => {
    const old = new Database(join(directory.path, 'old.sqlite'));
    old.exec(firstMigration);
    old.pragma('user_version = 1');
    const insert = old.prepare(
      `INSERT INTO segments (camera_id, file_path, start_utc_ms, start_monotonic_ms, boot_id, media_start_90k, has_audio,
        duration_90k, byte_length, frame_count, part_count, state)
       VALUES ('gate', ?, 1000, 5, 'boot', 0, 1, 90000, 700, 25, 1, 'finished')`,
    );
    for (const name of ['1', '2', '3']) insert.run(name);
    old.exec('DELETE FROM segments WHERE id = 3');
    old.close();

    const migrated = openSqliteSegmentIndex(join(directory.path, 'old.sqlite'));
    expect(await migrated.find(2)).toEqual({
      id: 2,
      cameraId: 'gate',
      volumeId: '',
      filePath: '2',
      content: 'main',
      startUtcMs: 1000,
      startMonotonicMs: 5,
      bootId: 'boot',
      mediaStart90k: 0,
      hasAudio: true,
      duration90k: 90_000,
      byteLength: 700,
      frameCount: 25,
      partCount: 1,
      state: 'finished',
    });
    expect(await migrated.insert(...minuteOf())).toBe(4);
    expect(await migrated.adoptRows('a')).toBe(2);
    expect(await migrated.adoptRows('a')).toBe(0);
    expect(await migrated.totals()).toEqual([
      {
        volumeId: 'a',
        cameraId: 'gate',
        byteLength: 2400,
        segmentCount: 3,
        oldestUtcMs: 1000,
        newestUtcMs: start,
      },
    ]);
    await migrated.close();
  });

  it('answers what is asked while recording without looking at every row', () => {
    const database = openDatabase(path);
    const planOf = (sql: string): string =>
      database
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all({
          cameraId: '',
          beforeUtcMs: 0,
          volumeId: '',
          content: '',
          fromUtcMs: 0,
          toUtcMs: 0,
          afterUtcMs: 0,
          afterId: 0,
          directoryPath: '',
          afterPath: '',
          afterDirectory: '',
          filePath: '',
          filePaths: '[]',
          recentSinceUtcMs: 0,
          limit: 1,
          id: 1,
        })
        .map((row) => JSON.stringify(row))
        .join('\n');
    const { list, oldestOfVolume, oldestOfCamera, oldestOfCameraOnVolume, totals, unfinished } =
      segmentStatements;
    const { inDirectory, doubtfulRows, directories, findByPath, lastFootage, mark, firstRecorded } =
      segmentStatements;
    const bounded = { list, oldestOfVolume, oldestOfCamera, oldestOfCameraOnVolume, totals, unfinished };
    const all = {
      ...bounded,
      inDirectory,
      doubtfulRows,
      directories,
      findByPath,
      lastFootage,
      mark,
      firstRecorded,
    };
    const expensive = Object.entries(all).filter(([, sql]) => /SCAN segments|TEMP B-TREE/.test(planOf(sql)));
    expect(expensive).toEqual([]);
    database.close();
  });
});
