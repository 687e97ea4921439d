import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { type CameraConfig, enginePaths, type EngineStatus } from '../../src/shared/engine-api/index.ts';
import { engineFromSource } from '../integration/engine-process.ts';
import { startAdministeredEngine, type AdministeredEngine } from '../support/administered-engine.ts';
import { unpackBundle } from './bundle.ts';
import { HostedCamera, startCameraFleet } from './cameras.ts';
import { median, proportionalSetMiB, round, startHelper } from './processes.ts';

/** A camera that does harm; see soak-host.ts. */
export const TroubledCamera = HostedCamera.omit({ sceneId: true }).extend({
  trouble: z.enum(['dead', 'silent', 'flapping']),
});
export type TroubledCamera = z.infer<typeof TroubledCamera>;

export interface SoakOptions {
  readonly minutes: number;
  /** Of the good cameras. */
  readonly bitrateBps: number;
  /** An engine bundle to run in place of the source: only its launcher sets up V8 and the allocator as on a node. */
  readonly bundle?: string;
}

const goodCameras = 40;
const troubledCameras = { dead: 5, silent: 5, flapping: 5 } as const;
const stuckViewers = 10;
const quotaBytes = 4 * 1024 ** 3;
const samplePeriodMs = 5_000;
/** The heap, the indexes and the groups of pictures take their size first. */
const largestWarmUpMs = 5 * 60_000;
const warmUpShare = 0.25;
const reopenAfterMs = 500;

interface Sample {
  readonly atHours: number;
  readonly pssMiB: number;
  readonly objects: LiveObjects;
  readonly eventLoopDelayP99Ms: number;
  readonly eventLoopDelayMaxMs: number;
}

/** What is alive in the engine, as the system and the engine itself count it. */
interface LiveObjects {
  readonly sockets: number;
  readonly files: number;
  readonly threads: number;
  readonly timers: number;
  readonly viewers: number;
  readonly heapMiB: number;
  readonly bufferMiB: number;
}

/**
 * A site on a bad day for a long time: good, dead, silent and flapping cameras, and viewers that do not read. What grows
 * with time is a leak; what the good cameras lose is the others' doing.
 */
export async function benchSoak({ minutes, bitrateBps, bundle }: SoakOptions): Promise<object> {
  await using cleanup = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'belvedere-soak-'));
  cleanup.defer(() => rm(directory, { recursive: true, force: true }));
  const load = { cameras: goodCameras, bitrateBps, codec: 'h264', pace: 'frame', protocol: 'rtsp' } as const;
  const fleet = await startCameraFleet(load, { directory, cleanup });
  const troubled = await startTroubled(cleanup);

  const command =
    bundle === undefined ? engineFromSource : await unpackBundle(bundle, { directory, sharesRuntime: false });
  const engine = await startAdministeredEngine(join(directory, 'engine'), command);
  cleanup.use(engine);
  const footage = join(directory, 'footage');
  await mkdir(footage);
  await engine.update({
    volumes: [{ name: 'soak', path: footage, quotaBytes, reserveBytes: 0 }],
    cameras: [
      ...fleet.cameras.map((camera, index) => toConfig(`good-${index + 1}`, camera)),
      ...troubled.map((camera, index) => toConfig(`${camera.trouble}-${index + 1}`, camera)),
    ],
  });
  await engine.until((status) => good(status).every(({ main }) => main.state.kind === 'streaming'), 60_000);
  const viewers = stickViewers(engine, cleanup);

  const warmUpMs = Math.min(largestWarmUpMs, minutes * 60_000 * warmUpShare);
  await delay(warmUpMs);
  const before = await engine.status();
  const startMs = performance.now();
  const samples: Sample[] = [];
  while (performance.now() - startMs < minutes * 60_000 - warmUpMs) {
    await delay(samplePeriodMs);
    samples.push(await sample(engine, startMs));
  }
  const after = await engine.status();
  return {
    minutes,
    bitrateBps,
    cameras: { good: goodCameras, ...troubledCameras },
    ...memoryFigures(samples),
    ...delayFigures(samples),
    liveObjects: objectFigures(samples),
    ...cameraFigures(before, after),
    stuckViewersClosed: viewers.closed(),
  };
}

async function startTroubled(cleanup: AsyncDisposableStack): Promise<readonly TroubledCamera[]> {
  const child = startHelper(
    'soak-host.ts',
    Object.entries(troubledCameras).flatMap(([trouble, count]) => [`--${trouble}`, String(count)]),
  );
  cleanup.defer(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  });
  const wanted = Object.values(troubledCameras).reduce((sum, count) => sum + count, 0);
  const cameras: TroubledCamera[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    cameras.push(TroubledCamera.parse(JSON.parse(line)));
    if (cameras.length === wanted) return cameras;
  }
  throw new Error(`only ${cameras.length} of ${wanted} troubled cameras started`);
}

/** Viewers that open a stream and never read it, and come back when the engine lets go of them, as a hung page would. */
function stickViewers(
  engine: AdministeredEngine,
  cleanup: AsyncDisposableStack,
): { readonly closed: () => number } {
  const { token } = engine.process.enrol('view');
  const stopping = new AbortController();
  let closed = 0;
  const sockets = new Set<WebSocket>();
  const open = (index: number): void => {
    const path = enginePaths.live(`good-${index + 1}`, 'main');
    const socket = new WebSocket(`wss://127.0.0.1:${engine.process.port}${path}`, {
      rejectUnauthorized: false,
      perMessageDeflate: false,
      headers: { authorization: `Bearer ${token}` },
    });
    sockets.add(socket);
    socket.once('open', () => {
      socket.pause();
      // Nobody reads any more, so nobody hears that the other side has closed either.
      const ping = setInterval(() => {
        socket.ping();
      }, reopenAfterMs);
      socket.once('close', () => {
        clearInterval(ping);
      });
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
      if (stopping.signal.aborted) return;
      closed += 1;
      setTimeout(() => {
        if (!stopping.signal.aborted) open(index);
      }, reopenAfterMs);
    });
  };
  for (let index = 0; index < stuckViewers; index += 1) open(index);
  cleanup.defer(() => {
    stopping.abort();
    for (const socket of sockets) socket.terminate();
  });
  return { closed: () => closed };
}

async function sample(engine: AdministeredEngine, startMs: number): Promise<Sample> {
  const { processId } = engine.process;
  const [metrics, status, pssMiB, descriptors, threads] = await Promise.all([
    engine.metrics(),
    engine.status(),
    proportionalSetMiB(processId),
    openDescriptors(processId),
    readdir(`/proc/${processId}/task`),
  ]);
  const metric = (name: string): number => metrics.get(`belvedere_${name}`) ?? Number.NaN;
  return {
    atHours: (performance.now() - startMs) / 3_600_000,
    pssMiB,
    objects: {
      ...descriptors,
      threads: threads.length,
      timers: metric('process_timers'),
      viewers: status.cameras.reduce((sum, { main }) => sum + main.viewers, 0),
      heapMiB: metric('process_heap_bytes') / 1024 ** 2,
      bufferMiB: metric('process_buffer_bytes') / 1024 ** 2,
    },
    eventLoopDelayP99Ms: 1_000 * metric('event_loop_delay_p99_seconds'),
    eventLoopDelayMaxMs: 1_000 * metric('event_loop_delay_max_seconds'),
  };
}

async function openDescriptors(processId: number): Promise<{ sockets: number; files: number }> {
  const folder = `/proc/${processId}/fd`;
  const names = await readdir(folder);
  // One may be closed while they are looked at.
  const targets = await Promise.all(names.map((name) => readlink(join(folder, name)).catch(() => '')));
  return {
    sockets: targets.filter((target) => target.startsWith('socket:')).length,
    files: targets.filter((target) => target.startsWith('/') && !target.startsWith('/dev/')).length,
  };
}

function memoryFigures(samples: readonly Sample[]): object {
  const sets = samples.map(({ pssMiB }) => pssMiB);
  return {
    memorySlopeMiBPerHour: round(slope(samples.map(({ atHours, pssMiB }) => [atHours, pssMiB])), 2),
    pssMiB: round(median(sets), 1),
    pssHighestMiB: round(Math.max(...sets), 1),
  };
}

function delayFigures(samples: readonly Sample[]): object {
  const delays = samples.map(({ eventLoopDelayP99Ms }) => eventLoopDelayP99Ms);
  return {
    /** Of windows of five seconds: the middle one, and the worst. */
    eventLoopDelayP99Ms: round(median(delays), 1),
    eventLoopDelayWorstP99Ms: round(Math.max(...delays), 1),
    eventLoopDelayMaxMs: round(Math.max(...samples.map((one) => one.eventLoopDelayMaxMs)), 1),
  };
}

/** Each count at the start, at the end, and at its highest. */
function objectFigures(samples: readonly Sample[]): object {
  const kinds: readonly (keyof LiveObjects)[] = [
    'sockets',
    'files',
    'threads',
    'timers',
    'viewers',
    'heapMiB',
    'bufferMiB',
  ];
  return Object.fromEntries(
    kinds.map((kind) => {
      const counts = samples.map(({ objects }) => round(objects[kind], 1));
      return [kind, { first: counts[0], last: counts.at(-1), highest: Math.max(...counts) }];
    }),
  );
}

function cameraFigures(before: EngineStatus, after: EngineStatus): object {
  const sum = (status: EngineStatus, figure: 'framesLost' | 'framesReceived' | 'reconnects'): number =>
    good(status).reduce((total, { main }) => total + main[figure], 0);
  const flapping = after.cameras.filter(({ id }) => id.startsWith('flapping'));
  return {
    goodFramesReceived: sum(after, 'framesReceived') - sum(before, 'framesReceived'),
    goodFramesLost: sum(after, 'framesLost'),
    goodReconnects: sum(after, 'reconnects'),
    flappingReconnects: flapping.reduce((total, { main }) => total + main.reconnects, 0),
    notRecording: good(after).filter(({ recording }) => recording.kind !== 'recording').length,
  };
}

function good({ cameras }: EngineStatus): EngineStatus['cameras'] {
  return cameras.filter(({ id }) => id.startsWith('good'));
}

/** Of the line through the points with the least squares. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (axis: 0 | 1): number => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const meanX = mean(0);
  const meanY = mean(1);
  const products = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const squares = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return products / squares;
}

function toConfig(
  id: string,
  { mainUrl, subUrl, username, password }: Pick<HostedCamera, 'mainUrl' | 'subUrl' | 'username' | 'password'>,
): CameraConfig {
  return { id, name: id, main: mainUrl, sub: subUrl, credentials: { username, password }, record: true };
}
