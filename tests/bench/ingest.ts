import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { CameraConfig } from '../../src/shared/engine-api/index.ts';
import { startAdministeredEngine } from '../support/administered-engine.ts';

const CameraLine = z.object({
  mainUrl: z.string(),
  subUrl: z.string(),
  username: z.string(),
  password: z.string(),
});
const warmUpMs = 5000;
const clockTicksPerSecond = 100;

/**
 * What it costs the engine to record cameras: simulated ones in their own process, the engine in its own, on loopback.
 * CPU counts every thread, user and system, after a warm-up.
 */
export async function benchIngest(options: {
  readonly cameras: number;
  readonly seconds: number;
}): Promise<object> {
  await using cleanup = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'belvedere-bench-'));
  cleanup.defer(() => rm(directory, { recursive: true, force: true }));
  const cameras = await startCameras(options.cameras, cleanup);
  const engine = cleanup.use(await startAdministeredEngine(directory));

  await engine.configure(cameras);
  const recording = await engine.until(
    (status) => status.cameras.every((camera) => camera.recording.kind === 'recording'),
    30_000,
  );
  await delay(warmUpMs);

  const before = {
    cpu: await cpuSeconds(engine.process.processId),
    status: await engine.status(),
    atMs: performance.now(),
  };
  await delay(options.seconds * 1000);
  const after = {
    cpu: await cpuSeconds(engine.process.processId),
    status: await engine.status(),
    atMs: performance.now(),
  };

  const seconds = (after.atMs - before.atMs) / 1000;
  const sum = (status: typeof recording, figure: 'framesReceived' | 'framesLost'): number =>
    status.cameras.reduce((total, camera) => total + camera.main[figure], 0);
  const bytes = (status: typeof recording): number =>
    status.cameras.reduce((total, camera) => total + camera.bytesRecorded, 0);
  return {
    cameras: options.cameras,
    seconds: round(seconds, 1),
    cpuSecondsPer60s: round(((after.cpu - before.cpu) / seconds) * 60, 2),
    pssMiB: round(await proportionalSetMiB(engine.process.processId), 1),
    lostFrames: sum(after.status, 'framesLost'),
    framesPerSecond: round(
      (sum(after.status, 'framesReceived') - sum(before.status, 'framesReceived')) / seconds,
      1,
    ),
    recordedMbitPerSecond: round(((bytes(after.status) - bytes(before.status)) * 8) / seconds / 1e6, 2),
  };
}

async function startCameras(count: number, cleanup: AsyncDisposableStack): Promise<CameraConfig[]> {
  const entry = join(import.meta.dirname, '..', '..', 'src', 'sim', 'camera', 'main.ts');
  const child = spawn(process.execPath, [entry, '--count', String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanup.defer(async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  });
  const cameras: CameraConfig[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const { mainUrl, subUrl, username, password } = CameraLine.parse(JSON.parse(line));
    const id = `camera-${cameras.length + 1}`;
    cameras.push({
      id,
      name: id,
      main: mainUrl,
      sub: subUrl,
      credentials: { username, password },
      record: true,
    });
    if (cameras.length === count) break;
  }
  if (cameras.length < count) throw new Error(`only ${cameras.length} of ${count} simulated cameras started`);
  return cameras;
}

/** User and system time of all threads, proc(5) /proc/PID/stat fields 14 and 15. */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond;
}

async function proportionalSetMiB(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]) / 1024;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
