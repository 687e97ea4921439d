import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type CameraConfig, enginePaths, type EngineStatus } from '../../src/shared/engine-api/index.ts';
import { engineFromSource, type EngineCommand } from '../integration/engine-process.ts';
import { startAdministeredEngine, type AdministeredEngine } from '../support/administered-engine.ts';
import { unpackBundle } from './bundle.ts';
import { startCameraFleet, type CameraFleet, type CameraLoad } from './cameras.ts';
import { verifyFootage, type FootageReport } from './footage.ts';
import { lineFrom, measure, median, round, startHelper, type ProcessCost } from './processes.ts';
import { startFfmpegs, startFloor, type Rival } from './rivals.ts';

export interface IngestBenchOptions extends CameraLoad {
  /** Of each of the three windows. */
  readonly seconds: number;
  /** Live viewers over WebSocket, spread over the cameras. */
  readonly viewers: number;
  /** Also measure one ffmpeg a camera and the floor, in the same run. */
  readonly compare: boolean;
  /** An engine bundle to measure in place of the source, whose types take memory to strip. */
  readonly bundle?: string;
  /**
   * Runs the bundle with the benchmark's own Node file, so that the pages of the program are shared with the cameras' process, and
   * counted by half: how the figures were taken that an engine's memory is compared with. A node has nobody to share with.
   */
  readonly sharesRuntime: boolean;
}

/** Until most of the code is compiled in its final form: what runs forty times a second takes a minute to be. Rivals have the same. */
const warmUpMs = 60_000;
const windows = 3;
/** Reading back and hashing takes longer than recording. */
const camerasVerified = 40;

/**
 * What it costs the engine to record cameras: simulated ones in their own process, the engine in its own, on loopback, with
 * index, syncs, health and groups of pictures kept. Every frame on the disk is compared with what was sent.
 */
export async function benchIngest(options: IngestBenchOptions): Promise<object> {
  await using cleanup = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'belvedere-bench-'));
  cleanup.defer(() => rm(directory, { recursive: true, force: true }));
  const fleet = await startCameraFleet(options, { directory, cleanup });
  const command =
    options.bundle === undefined
      ? engineFromSource
      : await unpackBundle(options.bundle, { directory, ...options });

  const engine = await measureEngine(options, { fleet, command, directory: join(directory, 'engine') });
  const figures = {
    cameras: options.cameras,
    bitrateBps: options.bitrateBps,
    codec: options.codec,
    pace: options.pace,
    protocol: options.protocol,
    ...engine,
  };
  if (!options.compare) return figures;

  const rivals = { options, cameras: fleet.cameras, recordedMbitPerSecond: engine.recordedMbitPerSecond };
  const floor = await measureRival(startFloor, { ...rivals, directory: join(directory, 'floor') });
  const ffmpeg = await measureRival(startFfmpegs, { ...rivals, directory: join(directory, 'ffmpeg') });
  return {
    ...figures,
    floor: { cpuSecondsPer60s: floor.cpuSecondsPer60s, pssMiB: floor.pssMiB },
    ffmpeg: { cpuSecondsPer60s: ffmpeg.cpuSecondsPer60s, pssMiB: ffmpeg.pssMiB },
    ratioToFloor: round(engine.cpuSecondsPer60s / floor.cpuSecondsPer60s, 3),
    ratioToFfmpeg: round(engine.cpuSecondsPer60s / ffmpeg.cpuSecondsPer60s, 3),
    pssRatioToFfmpeg: round(engine.pssMiB / ffmpeg.pssMiB, 3),
  };
}

interface EngineFigures extends ProcessCost, FootageReport {
  /** Kept for newcomers: the median over the seconds, and the most that may be. */
  readonly gopCacheMiB: number;
  readonly gopCacheLimitMiB: number;
  /** As the engine counted them, and as the files show. */
  readonly lostFrames: number;
  readonly framesPerSecond: number;
  readonly recordedMbitPerSecond: number;
  readonly viewing?: unknown;
}

interface EngineSubject {
  readonly fleet: CameraFleet;
  readonly command: EngineCommand;
  readonly directory: string;
}

async function measureEngine(
  options: IngestBenchOptions,
  { fleet, command, directory }: EngineSubject,
): Promise<EngineFigures> {
  const engine = await startAdministeredEngine(directory, command);
  await using running = new AsyncDisposableStack();
  running.use(engine);
  if (options.protocol === 'rtsp') await engine.configure(fleet.cameras.map(toConfig));
  else await startPush(engine, fleet);
  await engine.until(
    (status) => status.cameras.every((camera) => camera.recording.kind === 'recording'),
    60_000,
  );
  const viewers = options.viewers === 0 ? undefined : await startViewers(engine, options);
  await delay(warmUpMs);

  const before = await engine.status();
  const caches: number[] = [];
  let cacheLimit = 0;
  const cost = await measure([engine.process.processId], { windows, seconds: options.seconds }, async () => {
    const metrics = await engine.metrics();
    caches.push(metrics.get('belvedere_gop_cache_bytes') ?? 0);
    cacheLimit = metrics.get('belvedere_gop_cache_limit_bytes') ?? 0;
  });
  const after = await engine.status();
  const viewing = await viewers?.end();
  await engine.process.end('SIGTERM');
  const footage = await verifyAll(fleet, join(directory, 'recordings'));
  const rate = (figure: (status: EngineStatus) => number): number =>
    (figure(after) - figure(before)) / cost.seconds;
  return {
    ...cost,
    gopCacheMiB: round(median(caches) / 1024 ** 2, 1),
    gopCacheLimitMiB: round(cacheLimit / 1024 ** 2, 1),
    lostFrames: framesLost(after) + footage.framesMissing + footage.framesWrong,
    framesPerSecond: round(rate(framesReceived), 1),
    recordedMbitPerSecond: round((rate(bytesRecorded) * 8) / 1e6, 2),
    ...footage,
    ...(viewing === undefined ? {} : { viewing }),
  };
}

const framesLost = ({ cameras }: EngineStatus): number =>
  cameras.reduce((sum, { main }) => sum + main.framesLost, 0);
const framesReceived = ({ cameras }: EngineStatus): number =>
  cameras.reduce((sum, { main }) => sum + main.framesReceived, 0);
const bytesRecorded = ({ cameras }: EngineStatus): number =>
  cameras.reduce((sum, camera) => sum + camera.bytesRecorded, 0);

async function startPush(engine: AdministeredEngine, fleet: CameraFleet): Promise<void> {
  const port = await freePort();
  const key = randomBytes(16).toString('hex');
  const cameras = fleet.cameras.map(({ pushName = '' }, index) => {
    const id = cameraId(index);
    return { id, name: id, main: { push: pushName }, streamKey: key, record: true };
  });
  await engine.update({ cameras, serve: { rtmp: { enabled: true, port } } });
  await engine.until(({ serve }) => serve?.rtmp.listener.kind === 'listening', 10_000);
  fleet.startPushing({ port, key });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('The system gave no port.');
  return address.port;
}

async function verifyAll(fleet: CameraFleet, recordings: string): Promise<FootageReport> {
  const report = { framesVerified: 0, framesWrong: 0, framesMissing: 0 };
  for (const [index, { sceneId }] of fleet.cameras.slice(0, camerasVerified).entries()) {
    const one = await verifyFootage(
      join(recordings, 'cameras', cameraId(index)),
      fleet.hashes[sceneId] ?? [],
    );
    report.framesVerified += one.framesVerified;
    report.framesWrong += one.framesWrong;
    report.framesMissing += one.framesMissing;
  }
  return report;
}

interface RivalSubject {
  readonly options: IngestBenchOptions;
  readonly cameras: CameraFleet['cameras'];
  readonly directory: string;
  /** What the engine recorded of the same cameras. */
  readonly recordedMbitPerSecond: number;
}

/** A rival that does not record as much as the engine did is no measure of it. */
const leastShareOfRival = 0.9;

async function measureRival(
  start: (rival: Pick<RivalSubject, 'cameras' | 'directory'>) => Promise<Rival>,
  { options, cameras, directory, recordedMbitPerSecond }: RivalSubject,
): Promise<ProcessCost> {
  await using rival = await start({ cameras, directory });
  await delay(warmUpMs);
  const before = await bytesBelow(directory);
  const cost = await measure(rival.pids, { windows, seconds: options.seconds });
  const mbitPerSecond = (((await bytesBelow(directory)) - before) * 8) / 1e6 / cost.seconds;
  if (mbitPerSecond < leastShareOfRival * recordedMbitPerSecond) {
    throw new Error(
      `${basename(directory)} recorded ${round(mbitPerSecond, 1)} Mbit/s where the engine recorded ${recordedMbitPerSecond}: nothing can be compared.`,
    );
  }
  return cost;
}

async function bytesBelow(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

interface Viewers {
  end(): Promise<unknown>;
}

async function startViewers(
  engine: AdministeredEngine,
  { viewers, cameras }: IngestBenchOptions,
): Promise<Viewers> {
  const child = startHelper('viewer-host.ts', []);
  const urls = Array.from(
    { length: viewers },
    (_, index) =>
      `wss://127.0.0.1:${engine.process.port}${enginePaths.live(cameraId(index % cameras), 'main')}`,
  );
  child.stdin.write(`${JSON.stringify({ urls, token: engine.process.enrol('view').token })}\n`);
  await lineFrom(child);
  return {
    async end() {
      const report = lineFrom(child);
      child.stdin.end();
      return JSON.parse(await report) as unknown;
    },
  };
}

function cameraId(index: number): string {
  return `camera-${index + 1}`;
}

function toConfig(
  { mainUrl, subUrl, username, password }: CameraFleet['cameras'][number],
  index: number,
): CameraConfig {
  const id = cameraId(index);
  return { id, name: id, main: mainUrl, sub: subUrl, credentials: { username, password }, record: true };
}
