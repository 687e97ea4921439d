import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ConfigView, Gap, Timeline, enginePaths } from '../../src/shared/engine-api/index.ts';
import type { CameraConfig } from '../../src/shared/engine-api/index.ts';
import type { SimCamera } from '../../src/sim/camera/camera.ts';
import { createSimCameras } from '../../src/sim/site/cameras.ts';
import { EngineProcess, runEngineCommand, temporaryFolder } from './engine-process.ts';

const credentials = { username: 'admin', password: 'secret' };
const cameraId = 'gate';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let camera: SimCamera;
let engine: EngineProcess;
let token: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  const [made] = await createSimCameras({
    count: 1,
    seed: 1,
    firstAddress: '127.31.7.1',
    ports: { http: 0, rtsp: 0 },
    ...credentials,
  });
  if (made === undefined) throw new Error('There is no simulated camera.');
  camera = made;
  await camera.start();
  engine = await EngineProcess.start(join(folder.path, 'engine'));
  ({ token } = engine.enrol('admin'));
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await camera.stop();
  await folder[Symbol.asyncDispose]();
});

async function configure(record: boolean): Promise<void> {
  const { version } = ConfigView.parse((await engine.ask(enginePaths.config, { token })).json());
  const config: CameraConfig = {
    id: cameraId,
    name: 'Gate',
    main: camera.info.mainUrl,
    credentials,
    record,
  };
  const body = JSON.stringify({ version, cameras: [config] });
  expect((await engine.ask(enginePaths.config, { method: 'PUT', token, body })).status).toBe(200);
}

async function timeline(): Promise<Timeline> {
  const to = Date.now() + 60_000;
  const path = `${enginePaths.timeline(cameraId)}?from=${to - 3_600_000}&to=${to}`;
  return Timeline.parse((await engine.ask(path, { token })).json());
}

/** Until so many stretches of footage are told, and the newest has grown to a length. */
async function spans(count: number, lengthMs: number): Promise<Timeline> {
  const read = async (): Promise<boolean> => {
    const { spans: found } = await timeline();
    const last = found.at(-1);
    return found.length === count && last !== undefined && last.endUtcMs - last.startUtcMs >= lengthMs;
  };
  await expect.poll(read, { timeout: 30_000, interval: 200 }).toBe(true);
  return timeline();
}

/** What is missing, until it has lasted long enough to count. */
async function openGap(): Promise<Omit<Gap, 'id' | 'endUtcMs'>> {
  let open: Gap | undefined;
  const read = async (): Promise<number> => {
    open = (await timeline()).gaps.find(({ endUtcMs }) => endUtcMs === undefined);
    return open === undefined ? 0 : Date.now() - open.startUtcMs;
  };
  await expect.poll(read, { timeout: 30_000, interval: 200 }).toBeGreaterThan(3000);
  return Gap.omit({ id: true, endUtcMs: true }).parse(open);
}

it(
  'an engine says where footage is missing and why: switched off, killed, camera gone, stopped',
  { timeout: 180_000 },
  async () => {
    await configure(true);
    await spans(1, 1500);

    await configure(false);
    expect(await openGap()).toMatchObject({
      reason: 'planned',
      evidence: { kind: 'stopped', by: 'configuration' },
    });
    await configure(true);
    await spans(2, 1500);

    await engine.end('SIGKILL');
    engine = await EngineProcess.start(engine.directory);
    await expect
      .poll(async () => (await timeline()).gaps.at(-1), { timeout: 10_000 })
      .toMatchObject({ reason: 'node', evidence: { kind: 'ended', isSameBoot: true } });
    await spans(3, 1500);

    await camera.stop();
    expect(await openGap()).toMatchObject({ evidence: { kind: 'interruption' } });
    await camera.start();
    await spans(4, 1500);

    expect(await engine.end('SIGTERM')).toEqual({ code: 0, signal: null });
    engine = await EngineProcess.start(engine.directory);
    const { spans: found, gaps } = await spans(5, 1500);

    expect(gaps.map(({ reason }) => reason)).toEqual([
      'planned',
      'node',
      expect.stringMatching(/^(camera|network)$/),
      'planned',
    ]);
    // Each gap reaches from one stretch of footage to the next, to the millisecond that a row can tell.
    const between = gaps.map((gap, position) => {
      const [before, after] = [found[position], found[position + 1]];
      if (before === undefined || after === undefined || gap.endUtcMs === undefined) return Infinity;
      return Math.max(Math.abs(gap.startUtcMs - before.endUtcMs), Math.abs(gap.endUtcMs - after.startUtcMs));
    });
    expect(Math.max(...between)).toBeLessThanOrEqual(1);

    await engine.end('SIGTERM');
    expect(runEngineCommand(['fsck', engine.directory])).toMatchObject({ exitCode: 0, stderr: '' });
  },
);
