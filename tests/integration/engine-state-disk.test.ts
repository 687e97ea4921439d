import { mkdir, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEngine } from '../../src/engine/engine.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { engineLayout, makeDirectories } from '../../src/engine/platform/layout.ts';
import { issueToken } from '../../src/engine/platform/tokens.ts';
import type { Clock } from '../../src/shared/domain/clock.ts';
import {
  ConfigView,
  EngineFailure,
  EngineStatus,
  Timeline,
  enginePaths,
} from '../../src/shared/engine-api/index.ts';
import type { SimCamera } from '../../src/sim/camera/camera.ts';
import { createSimCameras } from '../../src/sim/site/cameras.ts';
import { temporaryFolder } from './engine-process.ts';
import { askEngine } from './ask-engine.ts';
import type { Answer, AskOptions } from './ask-engine.ts';
import { MemoryLog } from './memory-log.ts';
import { mountSmallDisk, smallDiskMissing } from './small-disk-fixture.ts';

const credentials = { username: 'admin', password: 'secret' };
const minuteMs = 60_000;
const diskBytes = 2 * 1024 ** 2;

/** Rings once a minute ring ten times a second. */
const hurriedClock: Clock = {
  ...createSystemClock(),
  every: (periodMs, callback) => createSystemClock().every(periodMs === minuteMs ? 100 : periodMs, callback),
};

let camera: SimCamera;

beforeAll(async () => {
  const [made] = await createSimCameras({
    count: 1,
    seed: 1,
    firstAddress: '127.31.9.1',
    ports: { http: 0, rtsp: 0 },
    ...credentials,
  });
  if (made === undefined) throw new Error('There is no simulated camera.');
  camera = made;
  await camera.start();
});
afterAll(() => camera.stop());

describe('an engine whose state cannot be written', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let directory: string;
  let log: MemoryLog;
  let engine: Engine | undefined;
  let token: string | undefined;

  beforeEach(async () => {
    folder = await temporaryFolder();
    directory = join(folder.path, 'engine');
    log = new MemoryLog();
    token = undefined;
  });
  afterEach(async () => {
    await engine?.stop();
    engine = undefined;
    await folder[Symbol.asyncDispose]();
  });

  async function start(): Promise<void> {
    const layout = engineLayout(directory);
    makeDirectories(layout);
    token ??= issueToken(layout, { scope: 'admin', nowUtcMs: 0 }).token;
    engine = await startEngine({
      directory,
      host: '127.0.0.1',
      port: 0,
      reserveBytes: 0,
      gopCacheBytes: 1_048_576,
      version: '0.0.0',
      clock: hurriedClock,
      log,
    });
  }

  function ask(path: string, options: AskOptions = {}): Promise<Answer> {
    return askEngine(engine?.port ?? 0, path, { ...(token === undefined ? {} : { token }), ...options });
  }

  async function configure(name: string): Promise<Answer> {
    const { version } = ConfigView.parse((await ask(enginePaths.config)).json());
    const cameras = [{ id: 'gate', name, main: camera.info.mainUrl, credentials, record: true }];
    return ask(enginePaths.config, { method: 'PUT', body: JSON.stringify({ version, cameras }) });
  }

  async function recordedFrames(): Promise<number> {
    const status = EngineStatus.parse((await ask(enginePaths.status)).json());
    const [gate] = status.cameras;
    return gate?.recording.kind === 'recording' ? gate.main.framesReceived : 0;
  }

  async function recordsOn(): Promise<void> {
    const before = await recordedFrames();
    await expect.poll(recordedFrames, { timeout: 15_000 }).toBeGreaterThan(before + 20);
  }

  /** Everything that the engine keeps beside footage. */
  async function moveToSmallDisk(stack: AsyncDisposableStack): Promise<{ readonly path: string }> {
    const disk = stack.use(await mountSmallDisk(diskBytes));
    await mkdir(directory);
    for (const name of ['etc', 'var']) {
      await mkdir(join(disk.path, name));
      await symlink(join(disk.path, name), join(directory, name));
    }
    return disk;
  }

  it('starts, records and answers without the files that nothing depends on', async () => {
    const layout = engineLayout(directory);
    makeDirectories(layout);
    // In their places, which keeps out root as well.
    for (const path of [layout.endpoint, layout.tokenUse]) await mkdir(path);
    await start();
    expect((await configure('Gate')).status).toBe(200);
    await recordsOn();
    await expect.poll(() => log.text).toContain('When tokens were last used could not be written down');
    expect(log.text).toContain('Where the engine listens could not be written down');
    expect(log.text.match(/could not be written down/g)).toHaveLength(2);
  });

  describe.skipIf(smallDiskMissing)(`on a full disk (${smallDiskMissing ?? 'a small one mounted'})`, () => {
    it('goes on, and says why a change cannot be made', async () => {
      await using stack = new AsyncDisposableStack();
      const disk = await moveToSmallDisk(stack);
      await start();
      stack.defer(async () => {
        await engine?.stop();
        engine = undefined;
      });
      expect((await configure('Gate')).status).toBe(200);
      await recordsOn();
      const filler = join(disk.path, 'filler');
      await expect(writeFile(filler, new Uint8Array(diskBytes))).rejects.toMatchObject({ code: 'ENOSPC' });
      await recordsOn();
      await expect.poll(() => log.text).toContain('When tokens were last used could not be written down');
      const refused = await configure('Main gate');
      expect([refused.status, EngineFailure.parse(refused.json())]).toEqual([
        503,
        { code: 'unavailable', message: expect.stringContaining('ENOSPC') },
      ]);
      const order = {
        cameraId: 'gate',
        startUtcMs: 1,
        endUtcMs: 2,
        reason: 'Accident',
        lockedBy: 'E. Muster',
      };
      const unlocked = await ask(enginePaths.locks, { method: 'POST', body: JSON.stringify(order) });
      expect([unlocked.status, EngineFailure.parse(unlocked.json()).code]).toEqual([503, 'unavailable']);
      expect(ConfigView.parse((await ask(enginePaths.config)).json())).toMatchObject({
        version: 1,
        cameras: [{ name: 'Gate' }],
      });
      await unlink(filler);
      expect((await configure('Main gate')).status).toBe(200);
    });

    it('starts and records without room for its index, says so, and tells one gap: that of the stop', async () => {
      await using stack = new AsyncDisposableStack();
      const disk = await moveToSmallDisk(stack);
      stack.defer(async () => {
        await engine?.stop();
        engine = undefined;
      });
      await start();
      expect((await configure('Gate')).status).toBe(200);
      await recordsOn();
      await engine?.stop();
      const filler = join(disk.path, 'filler');
      await expect(writeFile(filler, new Uint8Array(diskBytes))).rejects.toMatchObject({ code: 'ENOSPC' });

      await start();
      await recordsOn();
      const status = EngineStatus.parse((await ask(enginePaths.status)).json());
      expect(status).toMatchObject({
        volumes: [{ state: { kind: 'ok' } }],
        index: { kind: expect.stringMatching(/^(full|failing)$/) },
      });
      expect((await ask(enginePaths.health)).json()).toEqual({ status: 'failing', obstacle: 'index' });
      await unlink(filler);
      const health = async (): Promise<unknown> => (await ask(enginePaths.health)).json();
      await expect.poll(health, { timeout: 15_000 }).toEqual({ status: 'ok' });
      await recordsOn();
      // The stop, and nothing else: not over what was recorded while the index could not be asked.
      const gaps = async (): Promise<unknown> =>
        Timeline.parse(
          (await ask(`${enginePaths.timeline('gate')}?from=0&to=${Date.now()}`)).json(),
        ).gaps.map(({ reason, endUtcMs }) => ({ reason, isOver: endUtcMs !== undefined }));
      await expect.poll(gaps, { timeout: 15_000 }).toEqual([{ reason: 'planned', isOver: true }]);
    });
  });
});
