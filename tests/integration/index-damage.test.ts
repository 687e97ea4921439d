import Database from 'better-sqlite3';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { engineLayout } from '../../src/engine/platform/layout.ts';
import { IndexDamage, openFootageIndex, openSqliteSegmentIndex } from '../../src/engine/storage/index.ts';
import {
  ConfigView,
  EngineStatus,
  Timeline,
  enginePaths,
  type CameraConfig,
} from '../../src/shared/engine-api/index.ts';
import { ManualClock } from '../unit/engine/ingest/manual-clock.ts';
import { EngineProcess, runEngineCommand, temporaryFolder } from './engine-process.ts';
import { credentials, startCamera } from './sim-camera-fixture.ts';
import { quietLog } from './storage-fixture.ts';

const clock = createSystemClock();
const manyRows = 5000;
/** As many as one answer of the timeline has. */
const manyGaps = 1000;
/** Long ago, before any footage of the tests. */
const gapStartUtcMs = 1000;

/** Enough for tables of many pages, of a volume that is not there. */
function fill(path: string): void {
  const database = new Database(path);
  database.exec(`
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ${manyRows})
    INSERT INTO segments (camera_id, volume_id, file_path, content, start_utc_ms, start_monotonic_ms, boot_id,
        media_start_90k, has_audio, duration_90k, byte_length, frame_count, part_count, state)
      SELECT 'yard', 'elsewhere', printf('footage/yard/%08d.mp4', i), 'main', i * 1000, 0, 'boot', 0, 0, 90000, 100, 25, 1,
        'finished' FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ${manyGaps})
    INSERT INTO gaps (camera_id, start_utc_ms, end_utc_ms, reason, evidence)
      SELECT 'yard', ${gapStartUtcMs} + i * 10, ${gapStartUtcMs} + i * 10 + 5, 'camera', '{"kind":"stall"}' FROM n;
    PRAGMA wal_checkpoint(TRUNCATE);
  `);
  database.close();
}

/** Overwrites the pages of a table; of some, those that `choose` names by their place. */
async function damage(
  path: string,
  table: 'segments' | 'gaps',
  choose: (place: number, count: number) => boolean = () => true,
): Promise<void> {
  const database = new Database(path);
  const pageSize = Number(database.pragma('page_size', { simple: true }));
  const pages = database
    .prepare<[string], { pageno: number }>('SELECT pageno FROM dbstat WHERE name = ?')
    .all(table);
  database.close();
  await using file = await open(path, 'r+');
  for (const [place, { pageno }] of pages.entries())
    if (choose(place, pages.length))
      await file.write(Buffer.alloc(pageSize, 0xaa), 0, pageSize, (pageno - 1) * pageSize);
}

describe('an engine whose index is damaged inside', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let started: Awaited<ReturnType<typeof startCamera>>;
  let engine: EngineProcess;
  let indexPath: string;
  let token: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    started = await startCamera();
    engine = await EngineProcess.start(join(folder.path, 'engine'));
    indexPath = engineLayout(engine.directory).index;
    ({ token } = engine.enrol('admin'));
    const { version } = ConfigView.parse((await engine.ask(enginePaths.config, { token })).json());
    const config: CameraConfig = {
      id: 'gate',
      name: 'Gate',
      main: started.camera.info.mainUrl,
      credentials,
      record: true,
    };
    const body = JSON.stringify({ version, cameras: [config] });
    await engine.ask(enginePaths.config, { method: 'PUT', token, body });
    await recorded(1);
  });
  afterEach(async () => {
    await engine[Symbol.asyncDispose]();
    await started[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  async function timeline(cameraId: string): Promise<Timeline> {
    const path = `${enginePaths.timeline(cameraId)}?from=0&to=${Date.now() + 60_000}`;
    return Timeline.parse((await engine.ask(path, { token })).json());
  }

  async function recorded(spans: number): Promise<void> {
    await expect.poll(async () => (await timeline('gate')).spans.length, { timeout: 20_000 }).toBe(spans);
  }

  async function isAllWell(): Promise<void> {
    const { index, volumes, cameras } = EngineStatus.parse(
      (await engine.ask(enginePaths.status, { token })).json(),
    );
    expect(index).toMatchObject({ kind: 'ok' });
    expect(volumes.map(({ state }) => state.kind)).toEqual(['ok']);
    expect(cameras).toMatchObject([{ recording: { kind: 'recording' } }]);
    expect(existsSync(`${indexPath}.damaged`)).toBe(true);
    // Gaps cannot be learnt from the files.
    expect((await timeline('yard')).gaps.length).toBe(manyGaps);
  }

  it('makes it again at its start, and has its footage and its gaps', { timeout: 60_000 }, async () => {
    await engine.end('SIGTERM');
    fill(indexPath);
    await damage(indexPath, 'segments');

    engine = await EngineProcess.start(engine.directory);
    await recorded(2);

    await isAllWell();
    expect(engine.log).toContain(`"aside":"${indexPath}.damaged"`);
    await engine.end('SIGTERM');
    expect(runEngineCommand(['fsck', engine.directory])).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it(
    'records without it while the disk does not let it be put aside, and makes it again when it does',
    { timeout: 60_000 },
    async () => {
      await engine.end('SIGTERM');
      fill(indexPath);
      await writeFile(indexPath, Buffer.alloc(65_536, 0xaa));
      const inTheWay = ['', '.2', '.3'].map((suffix) => `${indexPath}.damaged${suffix}`);
      // Keeps out root as well.
      for (const place of inTheWay) await mkdir(join(place, 'not empty'), { recursive: true });

      engine = await EngineProcess.start(engine.directory);
      const status = async (): Promise<EngineStatus> =>
        EngineStatus.parse((await engine.ask(enginePaths.status, { token })).json());
      await expect
        .poll(async () => (await status()).cameras[0]?.bytesRecorded ?? 0, { timeout: 20_000 })
        .toBeGreaterThan(0);
      expect(await status()).toMatchObject({
        index: { kind: 'damaged' },
        volumes: [{ state: { kind: 'ok' } }],
        cameras: [{ recording: { kind: 'recording' } }],
      });
      await engine.end('SIGTERM');

      for (const place of inTheWay) await rm(place, { recursive: true });
      engine = await EngineProcess.start(engine.directory);
      await expect.poll(async () => (await status()).index?.kind, { timeout: 20_000 }).toBe('ok');
      await expect
        .poll(async () => (await timeline('gate')).spans.length, { timeout: 20_000 })
        .toBeGreaterThan(1);
      expect(existsSync(`${indexPath}.damaged`)).toBe(true);
    },
  );

  it(
    'ends for it while it runs, and makes it again when it is started next',
    { timeout: 60_000 },
    async () => {
      fill(indexPath);
      await damage(indexPath, 'segments');

      expect(await engine.ended()).toEqual({ code: 12, signal: null });
      expect(engine.log).toContain('The engine starts again to make its index anew.');
      engine = await EngineProcess.start(engine.directory);
      await recorded(2);
      await isAllWell();
    },
  );
});

describe('an index', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let path: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    path = join(folder.path, 'index.sqlite');
    await openSqliteSegmentIndex(path).close();
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  async function gapsAfterDamage(): Promise<number> {
    await writeFile(`${path}.is-damaged`, 'SQLITE_CORRUPT');
    const index = await openFootageIndex({ path, clock, log: quietLog });
    const count = await index.countGaps('yard');
    await index.close();
    expect(existsSync(`${path}.is-damaged`)).toBe(false);
    return count;
  }

  it('that is damaged among its gaps gives those before and those after', async () => {
    fill(path);
    // The root, which knows the others, comes first.
    await damage(path, 'gaps', (place, count) => place === Math.floor(count / 2));

    const salvaged = await gapsAfterDamage();
    expect(salvaged).toBeGreaterThan(manyGaps / 2);
    expect(salvaged).toBeLessThan(manyGaps);
  });

  it('asks for none when the next would find the same, until its disk lets the damage be remembered', async () => {
    const later = join(folder.path, 'later');
    const time = new ManualClock();
    using damaged = new IndexDamage({ path: join(later, 'index.sqlite'), clock: time, log: quietLog });
    damaged.found('SQLITE_CORRUPT');
    await damaged.decided();
    expect(damaged.isRestartWanted).toBe(false);

    await mkdir(later);
    time.advance(60 * 60 * 1000);
    await damaged.decided();
    expect(damaged.isRestartWanted).toBe(true);
  });

  it('asks for another start at once, unless it was just made again', async () => {
    const manual = new ManualClock();
    const used = new IndexDamage({ path, clock: manual, log: quietLog });
    used.found('SQLITE_CORRUPT');
    await used.decided();
    const remade = new IndexDamage({ path, clock: manual, log: quietLog });
    remade.remade();
    manual.advance(60_000);
    remade.found('SQLITE_CORRUPT');
    await remade.decided();

    expect([used.isRestartWanted, remade.isRestartWanted]).toEqual([true, false]);
    manual.advance(59 * 60_000);
    expect(remade.isRestartWanted).toBe(true);
  });

  it('that is damaged again and again leaves three behind, the newest without a number', async () => {
    for (let time = 1; time <= 5; time += 1) {
      await writeFile(path, `no database, of time ${time}`);
      await gapsAfterDamage();
    }

    const left = readdirSync(dirname(path))
      .filter((name) => name.includes('.damaged'))
      .sort();
    expect(left).toEqual(['', '.2', '.3'].map((number) => `${basename(path)}.damaged${number}`));
    expect(await readFile(`${path}.damaged`, 'utf8')).toBe('no database, of time 5');
    expect(await readFile(`${path}.damaged.3`, 'utf8')).toBe('no database, of time 3');
  });
});
