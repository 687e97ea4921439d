import Database from 'better-sqlite3';
import { execFileSync } from 'node:child_process';
import { copyFile, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { openFootageIndex } from '../../src/engine/storage/footage-index.ts';
import { IndexHealth } from '../../src/engine/storage/index-health.ts';
import type { SqlConnection, SqlStatement } from '../../src/engine/storage/sql-connection.ts';
import { openWorkerConnection } from '../../src/engine/storage/worker-sql-connection.ts';
import { temporaryDirectory } from './recording-fixture.ts';
import { mountSmallDisk, smallDiskMissing } from './small-disk-fixture.ts';
import { quietLog } from './storage-fixture.ts';

const clock = createSystemClock();

function addLock(startUtcMs: number, endUtcMs = startUtcMs + 1): SqlStatement {
  return {
    sql: "INSERT INTO locks (camera_id, start_utc_ms, end_utc_ms) VALUES ('gate', :startUtcMs, :endUtcMs)",
    parameters: { startUtcMs, endUtcMs },
  };
}
const backwards = addLock(5, 4);
const listLocks: SqlStatement = { sql: 'SELECT start_utc_ms AS start FROM locks ORDER BY id' };

async function startsOf(connection: SqlConnection): Promise<readonly unknown[]> {
  const [rows = []] = await connection.execute([listLocks]);
  return rows;
}

describe('the index on its own thread', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let path: string;
  const opened: SqlConnection[] = [];

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = join(directory.path, 'index.sqlite');
  });
  afterEach(async () => {
    for (const connection of opened.splice(0)) await connection.close();
    await directory[Symbol.asyncDispose]();
  });

  async function open(
    limits: Parameters<typeof openWorkerConnection>[0]['limits'] = {},
  ): Promise<SqlConnection> {
    const connection = await openWorkerConnection({ path, clock, limits });
    opened.push(connection);
    return connection;
  }
  /** Another process that keeps the database for itself: what a hanging disk looks like from the engine. */
  function hold(): Disposable {
    const database = new Database(path);
    database.exec('BEGIN IMMEDIATE');
    return { [Symbol.dispose]: () => void database.close() };
  }

  it('takes requests in order, and each fails for itself', async () => {
    const connection = await open();

    const outcomes = await Promise.allSettled([
      connection.execute([addLock(1)]),
      connection.execute([addLock(2), backwards]),
      connection.execute([backwards]),
      connection.execute([addLock(3), addLock(4)], 'soon'),
      connection.execute([listLocks]),
    ]);

    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect(outcomes[1]).toMatchObject({ reason: { name: 'SqliteError', code: 'SQLITE_CONSTRAINT_CHECK' } });
    expect(outcomes[4]).toMatchObject({ value: [[{ start: 1 }, { start: 3 }, { start: 4 }]] });
  });

  it('fails a whole batch when SQLite undoes all of it, as it does when a disk breaks', async () => {
    const connection = await open();
    const undoing: SqlStatement = {
      sql: "INSERT OR ROLLBACK INTO locks (camera_id, start_utc_ms, end_utc_ms) VALUES ('gate', 5, 4)",
    };

    // The first is sent alone; the others wait for it and become one batch.
    const first = connection.execute([addLock(1)]);
    const batch = [addLock(2), undoing, addLock(3)].map((statement) => connection.execute([statement]));
    const outcomes = await Promise.allSettled([first, ...batch]);

    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
    for (const outcome of outcomes.slice(1))
      expect(outcome).toMatchObject({ reason: { code: 'SQLITE_CONSTRAINT_CHECK' } });
    expect(await startsOf(connection)).toEqual([{ start: 1 }]);
  });

  it('says that the disk is full', async () => {
    const connection = await open();
    await connection.execute([{ sql: 'PRAGMA max_page_count = 1' }]);
    const large: SqlStatement = {
      sql: `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10000)
        INSERT INTO locks (camera_id, start_utc_ms, end_utc_ms) SELECT 'yard', i, i + 1 FROM n`,
    };

    await expect(connection.execute([large])).rejects.toMatchObject({ code: 'SQLITE_FULL' });
    expect(await startsOf(connection)).toEqual([]);
  });

  it('tells its trouble while there is any, and notices by itself when it is over', async () => {
    const health = new IndexHealth({ path, clock, log: quietLog });
    const connection = await openWorkerConnection({ path, clock, health, limits: { probeMs: 20 } });
    opened.push(connection);
    const before = health.state;
    await connection.execute([{ sql: 'PRAGMA max_page_count = 1' }]);
    const large: SqlStatement = {
      sql: `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10000)
        INSERT INTO locks (camera_id, start_utc_ms, end_utc_ms) SELECT 'yard', i, i + 1 FROM n`,
    };

    await expect(connection.execute([large])).rejects.toMatchObject({ code: 'SQLITE_FULL' });
    // What can be read says nothing of what can be written.
    await connection.execute([listLocks]);
    const during = health.state;

    expect(before.kind).toBe('ok');
    expect(during).toMatchObject({
      kind: 'full',
      detail: expect.stringContaining('There is no room for the index; recording goes on'),
      remedy: "Free space on the disk of the engine's directory.",
    });
    await expect.poll(() => health.state.kind).toBe('ok');
  });

  it('says since when it is silent, and that it answers again', async () => {
    const health = new IndexHealth({ path, clock, log: quietLog });
    const connection = await openWorkerConnection({ path, clock, health, limits: { patienceMs: 50 } });
    opened.push(connection);
    const holding = hold();

    const sent = connection.execute([addLock(1)]);
    await expect.poll(() => health.state).toMatchObject({ kind: 'hung', sinceUtcMs: expect.any(Number) });
    holding[Symbol.dispose]();
    await sent;

    expect(health.state.kind).toBe('ok');
  });

  it('gathers what is in no hurry, and sends it along with what is', async () => {
    const connection = await open({ gatherMs: 60_000 });

    const patient = connection.execute([addLock(1)], 'soon');
    const urgent = connection.execute([listLocks]);

    expect(await patient).toEqual([[]]);
    expect(await urgent).toEqual([[{ start: 1 }]]);
  });

  it('sends what is in no hurry by itself after a while', async () => {
    const connection = await open({ gatherMs: 1 });

    expect(await connection.execute([addLock(1)], 'soon')).toEqual([[]]);
  });

  it('syncs what must survive a power cut, and only that', async () => {
    const connection = await open();
    const howSynced: SqlStatement = { sql: 'PRAGMA synchronous' };

    // https://www.sqlite.org/pragma.html#pragma_synchronous: 1 is NORMAL, 2 is FULL.
    expect(await connection.execute([addLock(1), howSynced])).toEqual([[], [{ synchronous: 1 }]]);
    expect(await connection.execute([addLock(2), howSynced], 'durable')).toEqual([[], [{ synchronous: 2 }]]);
    expect(await connection.execute([addLock(3), howSynced], 'soon')).toEqual([[], [{ synchronous: 1 }]]);
  });

  it('refuses what it cannot do in time, goes on when the disk does, and never delays the engine', async () => {
    const connection = await open({ patienceMs: 50 });
    const holding = hold();

    const sent = connection.execute([addLock(1)]);
    const waiting = connection.execute([addLock(2)]);

    await expect(waiting).rejects.toMatchObject({
      code: 'SQLITE_BUSY',
      message: 'The index has not answered for 0.05 s. Check the disk it is on.',
    });
    await expect(connection.execute([addLock(3)])).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
    holding[Symbol.dispose]();
    await sent;
    expect(await startsOf(connection)).toEqual([{ start: 1 }]);
  });

  it('bounds what waits', async () => {
    const connection = await open({ maximumWaiting: 2 });

    const outcomes = await Promise.allSettled(
      [1, 2, 3, 4].map((start) => connection.execute([addLock(start)])),
    );

    // The first is under way; two wait.
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
    expect(outcomes[3]).toMatchObject({ reason: { code: 'SQLITE_BUSY' } });
  });

  it('answers many long questions at once within its memory', async () => {
    const connection = await open();
    const long: SqlStatement = {
      sql: `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000)
        SELECT i, i + 1 AS next, printf('%080d', i) AS text FROM n`,
    };

    const answers = await Promise.all(Array.from({ length: 64 }, () => connection.execute([long])));

    expect(answers.map(([rows]) => rows?.length)).toEqual(Array.from({ length: 64 }, () => 5000));
  });

  it('finishes what was asked before it is closed, and refuses what comes after', async () => {
    const connection = await open();
    const asked = [1, 2, 3].map((start) => connection.execute([addLock(start)], 'soon'));

    const closing = connection.close();
    const late = connection.execute([addLock(4)]);

    await expect(late).rejects.toMatchObject({ name: 'ClosedDatabaseError', code: 'SQLITE_MISUSE' });
    await Promise.all(asked);
    await closing;
    const again = await open();
    expect(await startsOf(again)).toEqual([{ start: 1 }, { start: 2 }, { start: 3 }]);
  });

  it('can be closed while the disk hangs', async () => {
    const connection = await open({ closePatienceMs: 50 });
    const holding = hold();
    const hanging = Promise.allSettled([connection.execute([addLock(1)])]);

    await connection.close();

    expect(await hanging).toMatchObject([{ status: 'rejected', reason: { code: 'SQLITE_MISUSE' } }]);
    holding[Symbol.dispose]();
  });

  it('says what keeps it from opening', async () => {
    const nowhere = join(directory.path, 'missing', 'index.sqlite');
    await expect(openWorkerConnection({ path: nowhere, clock })).rejects.toMatchObject({
      message: expect.stringContaining('directory does not exist'),
    });
    using database = Object.assign(new Database(path), { [Symbol.dispose]: () => undefined });
    database.pragma('user_version = 99');
    database.close();
    await expect(open()).rejects.toMatchObject({ name: 'NewerDatabaseError' });
  });

  it('is there, and silent, when the disk lets nobody open it in time', async () => {
    const health = new IndexHealth({ path, clock, log: quietLog });
    const limits = { openPatienceMs: 1, probeMs: 20 };
    const connection = await openWorkerConnection({ path, clock, health, limits });
    opened.push(connection);

    expect(health.state.kind).toBe('hung');
    await expect(connection.execute([addLock(1)])).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
    await expect.poll(() => health.state.kind).toBe('ok');
    await connection.execute([addLock(2)]);
    expect(await startsOf(connection)).toEqual([{ start: 2 }]);
  });

  it.skipIf(smallDiskMissing)('is there, and fails, until its disk has room to open it', async () => {
    const diskBytes = 1024 ** 2;
    await using stack = new AsyncDisposableStack();
    const disk = stack.use(await mountSmallDisk(diskBytes));
    path = join(disk.path, 'index.sqlite');
    const before = await open();
    await before.execute([addLock(1)]);
    await before.close();
    const filler = join(disk.path, 'filler');
    await expect(writeFile(filler, new Uint8Array(diskBytes))).rejects.toMatchObject({ code: 'ENOSPC' });

    const health = new IndexHealth({ path, clock, log: quietLog });
    const connection = await openWorkerConnection({ path, clock, health, limits: { probeMs: 20 } });
    stack.defer(() => connection.close());
    expect(health.state.kind).not.toBe('ok');
    await expect(connection.execute([addLock(2)])).rejects.toMatchObject({
      code: expect.stringMatching(/^SQLITE_(FULL|IOERR|CANTOPEN)/),
    });
    await rm(filler);
    await expect.poll(() => health.state.kind).toBe('ok');
    await connection.execute([addLock(3)]);
    expect(await startsOf(connection)).toEqual([{ start: 1 }, { start: 3 }]);
  });

  it.skipIf(smallDiskMissing)(
    'is written to again when its disk was only readable as it was opened',
    async () => {
      await using stack = new AsyncDisposableStack();
      const disk = stack.use(await mountSmallDisk(1024 ** 2));
      const before = await open();
      await before.execute([addLock(1)]);
      // As an end without warning leaves it.
      for (const suffix of ['', '-wal', '-shm'])
        await copyFile(`${path}${suffix}`, join(disk.path, `index.sqlite${suffix}`));
      path = join(disk.path, 'index.sqlite');
      execFileSync('mount', ['-o', 'remount,ro', disk.path]);

      const health = new IndexHealth({ path, clock, log: quietLog });
      const connection = await openWorkerConnection({ path, clock, health, limits: { probeMs: 20 } });
      stack.defer(() => connection.close());
      await expect(connection.execute([addLock(2)])).rejects.toMatchObject({
        code: expect.stringMatching(/^SQLITE_(READONLY|CANTOPEN)/),
      });
      expect(health.state.kind).toBe('failing');
      execFileSync('mount', ['-o', 'remount,rw', disk.path]);
      await expect.poll(() => health.state.kind).toBe('ok');
      await connection.execute([addLock(3)]);
      expect(await startsOf(connection)).toEqual([{ start: 1 }, { start: 3 }]);
    },
  );

  it('puts an index aside that is no database any more, and begins anew', async () => {
    await writeFile(path, 'not a database, and long enough to be looked at as one'.repeat(100));
    const errors: unknown[] = [];

    const index = await openFootageIndex({
      path,
      clock,
      log: { ...quietLog, error: (facts) => void errors.push(facts) },
    });

    expect(await index.totals()).toEqual([]);
    await index.close();
    expect(errors).toEqual([{ path, code: 'SQLITE_NOTADB', aside: `${path}.damaged`, gaps: 0 }]);
    expect(await readFile(`${path}.damaged`, 'utf8')).toMatch(/^not a database/);
    expect((await stat(path)).size).toBeGreaterThan(0);
  });
});
