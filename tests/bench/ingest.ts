import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { CameraConfig } from '../../src/shared/engine-api/index.ts';
import { startAdministeredEngine } from '../support/administered-engine.ts';
import type { EngineCommand } from '../integration/engine-process.ts';

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
 * CPU counts every thread, user and system, after a warm-up; memory is looked at once a second.
 */
export async function benchIngest(options: {
  readonly cameras: number;
  readonly seconds: number;
  /** Of each main stream; the scenes' own when it is not given. */
  readonly bitrateBps?: number;
  /** An engine bundle to measure in place of the source, whose types take memory to strip. */
  readonly bundle?: string;
}): Promise<object> {
  await using cleanup = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'belvedere-bench-'));
  cleanup.defer(() => rm(directory, { recursive: true, force: true }));
  const cameras = await startCameras(options, cleanup);
  const command = options.bundle === undefined ? undefined : await unpackBundle(options.bundle, directory);
  const engine = cleanup.use(await startAdministeredEngine(join(directory, 'engine'), command));

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
  const proportionalSets: number[] = [];
  for (let second = 1; second <= options.seconds; second += 1) {
    await delay(before.atMs + second * 1000 - performance.now());
    proportionalSets.push(await proportionalSetMiB(engine.process.processId));
  }
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
    pssMiB: round(median(proportionalSets), 1),
    pssHighestMiB: round(Math.max(...proportionalSets), 1),
    lostFrames: sum(after.status, 'framesLost'),
    framesPerSecond: round(
      (sum(after.status, 'framesReceived') - sum(before.status, 'framesReceived')) / seconds,
      1,
    ),
    recordedMbitPerSecond: round(((bytes(after.status) - bytes(before.status)) * 8) / seconds / 1e6, 2),
  };
}

async function unpackBundle(archive: string, directory: string): Promise<EngineCommand> {
  const releases = join(directory, 'releases');
  await mkdir(releases);
  execFileSync('tar', ['-xzf', archive, '-C', releases]);
  const [release = ''] = await readdir(releases);
  return { file: join(releases, release, 'bin', 'belvedere-engine'), args: [], environment: {} };
}

async function startCameras(
  { cameras: count, bitrateBps }: { readonly cameras: number; readonly bitrateBps?: number },
  cleanup: AsyncDisposableStack,
): Promise<CameraConfig[]> {
  const entry = join(import.meta.dirname, '..', '..', 'src', 'sim', 'camera', 'main.ts');
  const bitrate = bitrateBps === undefined ? [] : ['--bitrate', String(bitrateBps)];
  const child = spawn(process.execPath, [entry, '--count', String(count), ...bitrate], {
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

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
