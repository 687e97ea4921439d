import { readFileSync } from 'node:fs';
import type { Clock } from '../shared/domain/clock.ts';
import type { Log } from '../shared/domain/log.ts';
import type { Health, IndexState } from '../shared/engine-api/index.ts';
import { createCameraSet } from './camera/index.ts';
import { EventFeed, announceGaps } from './events/index.ts';
import { HlsService } from './hls/index.ts';
import type { EngineApi } from './http/engine-api.ts';
import { createEngineHttpServer } from './http/server.ts';
import { SnapshotService, findFootage } from './snapshot/index.ts';
import { findFfmpeg } from './transcode/index.ts';
import { Attempts } from './platform/attempts.ts';
import { readOrMakeCertificate } from './platform/certificate.ts';
import { openConfigStore } from './platform/config-store.ts';
import type { EngineConfig } from './platform/config-content.ts';
import { endpointFile } from './platform/endpoint.ts';
import type { Endpoint } from './platform/endpoint.ts';
import { EngineExit } from './platform/exit.ts';
import { openKnownCameraKeys } from './platform/known-camera-keys.ts';
import { openKnownVolumes } from './platform/known-volumes.ts';
import { engineLayout, makeDirectories } from './platform/layout.ts';
import type { EngineLayout } from './platform/layout.ts';
import { lockDirectory } from './platform/lock.ts';
import { readOrMakeNodeId } from './platform/node-identity.ts';
import { countTimers } from './platform/counted-clock.ts';
import { withPatience } from './platform/patience.ts';
import { createProcessSampler } from './platform/process-sampler.ts';
import { openSealedStore } from './platform/sealed-store.ts';
import { stateFile } from './platform/state-file.ts';
import { createTokenRegistry } from './platform/tokens.ts';
import { SlabPool } from './media/slab-pool.ts';
import { GapKeeper } from './recording/index.ts';
import { createRtmpServer, defaultRtmpLimits, PublishPoints } from './rtmp/index.ts';
import { masterStatus } from './relay/index.ts';
import { createRtspServer } from './rtsp-server/index.ts';
import {
  FootageLocks,
  IndexDamage,
  IndexHealth,
  LockFileContent,
  NewerDatabaseError,
  createGapLog,
  createSegmentStore,
  defaultStorageLimits,
  openFootageIndex,
  openLocalVolume,
  openLocalVolumeMarker,
  readTimeline,
} from './storage/index.ts';
import type { FootageIndex, FootageIndexOptions, StorageConfig } from './storage/index.ts';
import { storageConfig } from './storage-config.ts';

/** Running requests and downloads get this long when the engine stops. */
const HTTP_GRACE_MS = 1_000;
/** Whoever waits for the engine to be ready does not wait longer for a disk that hangs. */
const ENDPOINT_PATIENCE_MS = 2_000;
/** Beyond this, memory that cameras no longer need goes back to the system. */
const MAXIMUM_IDLE_SLAB_BYTES = 8 * 1024 ** 2;
const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';

export interface EngineOptions {
  /** The engine's directory; see `EngineLayout`. */
  readonly directory: string;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Recording halts below this much free space. */
  readonly reserveBytes: number;
  /** For the pictures that new viewers start with, of all streams together. */
  readonly gopCacheBytes: number;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Engine {
  readonly nodeId: string;
  readonly port: number;
  /** Ends viewers and cameras and finishes the footage being written. */
  stop(): Promise<void>;
  /** Resolves when only another start puts right what was found; it never may. */
  readonly restartWanted: Promise<void>;
  /** Operations that a disk has not answered. After `stop`: the process cannot end in an orderly way while there are any. */
  stuckOperations(): number;
}

/**
 * Starts an engine: everything it is made of, in order; stopping goes the same way back, and so does a start that fails.
 * Throws `EngineExit` for everything that a person can put right.
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { directory, version, log } = options;
  const clock = countTimers(options.clock);
  const layout = engineLayout(directory);
  const startedUtcMs = clock.utcMs();
  await using stack = new AsyncDisposableStack();

  makeDirectories(layout);
  stack.use(lockDirectory(layout));
  const nodeId = readOrMakeNodeId(layout);
  const certificate = readOrMakeCertificate(layout, clock.utcMs());
  const config = openConfigStore(layout, openSealedStore(layout), log);

  const tokens = createTokenRegistry(layout, clock, log);
  await tokens.start();
  stack.defer(() => tokens.stop());

  const sampler = createProcessSampler(clock);
  sampler.start();
  stack.defer(() => sampler.stop());

  const damage = new IndexDamage({ path: layout.index, clock, log });
  stack.use(damage);
  const health = new IndexHealth({
    path: layout.index,
    clock,
    log,
    onDamage: (code) => damage.found(code),
  });
  const index = await openIndex({ path: layout.index, clock, log, health, damage });
  stack.defer(() => index.close());
  const locks = new FootageLocks({
    file: stateFile({ path: layout.locks, formatVersion: 1, schema: LockFileContent }),
    index,
    clock,
    log,
  });
  await locks.start();
  await refuseDamaged(damage, layout);
  const storage = (wanted: EngineConfig): StorageConfig =>
    storageConfig(wanted, { path: layout.recordings, reserveBytes: options.reserveBytes });
  const bootId = readFileSync(BOOT_ID_FILE, 'utf8').trim();
  const store = createSegmentStore({
    config: storage(config.current()),
    nodeId,
    access: ({ path }) => ({ volume: openLocalVolume(path), marker: openLocalVolumeMarker(path) }),
    known: openKnownVolumes(layout),
    firstVolumePath: layout.recordings,
    index,
    clock,
    log,
    bootId,
    limits: defaultStorageLimits,
    locksAreFiled: () => locks.file(),
  });
  stack.defer(() => store.stop());
  await store.start();
  await refuseDamaged(damage, layout);

  const events = new EventFeed({ status: () => api.status(), clock });
  stack.defer(() => events.stop());
  const gapLog = announceGaps(
    createGapLog({ index, bootId, isIncomplete: () => store.owesComparison }),
    events,
  );
  const gaps = new GapKeeper({ gapLog, clock, log });
  const slabPool = new SlabPool({ maximumIdleBytes: MAXIMUM_IDLE_SLAB_BYTES });
  const { maxAccessUnitBytes } = defaultRtmpLimits;
  const publishPoints = new PublishPoints({ slabPool, maxAccessUnitBytes });
  const { gopCacheBytes } = options;
  const knownKeys = openKnownCameraKeys(layout, log);
  const ffmpeg = findFfmpeg(process.env['PATH'] ?? '');
  const cameras = createCameraSet({
    ffmpeg,
    store,
    gaps,
    slabPool,
    knownKeys,
    publishPoints,
    gopCacheBytes,
    clock,
    log,
  });
  cameras.apply(config.current());
  stack.defer(() => cameras.stop());

  const attempts = new Attempts(clock);
  const rtsp = createRtspServer({ streams: cameras, attempts, host: options.host, clock, log });
  stack.defer(() => rtsp.stop());
  await rtsp.apply(config.current().serve);

  const rtmp = createRtmpServer({
    points: publishPoints,
    attempts,
    openLive: (target, sink) => cameras.openLive(target, sink),
    host: options.host,
    clock,
    log,
  });
  stack.defer(() => rtmp.stop());
  await rtmp.apply(config.current());

  const hls = new HlsService({
    directory: cameras,
    settings: () => config.current().serve.hls,
    clock,
    log,
  });
  hls.start();
  stack.defer(() => hls.stop());

  const api: EngineApi = {
    health: () => healthOf(store.obstacle() !== undefined, health.state),
    status: () => ({
      nodeId,
      version,
      nowUtcMs: clock.utcMs(),
      startedUtcMs,
      configVersion: config.view().version,
      cpuCores: sampler.sample().cpuCores,
      residentBytes: sampler.sample().residentBytes,
      volumes: [...store.volumes()],
      index: health.state,
      cameras: [...cameras.status()],
      serve: { rtsp: rtsp.status(), rtmp: rtmp.status() },
      ...masterStatus(config.current().master, cameras),
    }),
    process: () => sampler.sample(),
    volumes: () => store.overview(),
    volumeMeters: () => store.meters(),
    indexMeter: () => index.meter(),
    config: () => config.view(),
    updateConfig(update) {
      const change = config.update(update);
      if (change.kind !== 'applied') return change;
      void store.configure(storage(change.config));
      cameras.apply(change.config);
      void rtsp.apply(change.config.serve);
      void rtmp.apply(change.config);
      return { kind: 'applied', config: config.view() };
    },
    segments: (cameraId, query) => store.segments(cameraId, query),
    segmentFile: (cameraId, segmentId) => store.segmentFile(cameraId, segmentId),
    timeline: (cameraId, query) => readTimeline(index, cameraId, query),
    locks,
    openLive: (target, sink) => cameras.openLive(target, sink),
    live: () => cameras.liveStatus(),
    hls,
    events,
    snapshots: new SnapshotService({
      ffmpeg,
      directory: cameras,
      findFootage: (cameraId, atUtcMs) => findFootage(store, cameraId, atUtcMs),
      clock,
    }),
  };
  const server = createEngineHttpServer({ engine: api, certificate, tokens, clock, log });
  const { port } = await server.start({ host: options.host, port: options.port });
  stack.defer(() => server.stop(HTTP_GRACE_MS));
  await noteEndpoint(layout, { host: options.host, port, processId: process.pid }, { clock, log });

  const running = stack.move();
  return {
    nodeId,
    port,
    stop: () => running.disposeAsync(),
    restartWanted: damage.restart,
    stuckOperations: () => store.stuckOperations() + (index.meter().isLeftBehind ? 1 : 0),
  };
}

/** Commands on this machine ask here where the engine is. It records and answers without that, too. */
async function noteEndpoint(
  layout: EngineLayout,
  endpoint: Endpoint,
  { clock, log }: Pick<EngineOptions, 'clock' | 'log'>,
): Promise<void> {
  const unwritten = (error: unknown): void =>
    log.error({ error, path: layout.endpoint }, 'Where the engine listens could not be written down.');
  const written = endpointFile(layout).store(endpoint).catch(unwritten);
  if ((await withPatience(clock, ENDPOINT_PATIENCE_MS, written)) === 'late')
    unwritten(new Error(`No answer for ${ENDPOINT_PATIENCE_MS / 1_000} s.`));
}

/** Whether footage is recorded, found and deleted as it should be. */
function healthOf(cannotRecord: boolean, index: IndexState): Health {
  if (cannotRecord) return { status: 'failing', obstacle: 'volumes' };
  return index.kind === 'ok' ? { status: 'ok' } : { status: 'failing', obstacle: 'index' };
}

/** Nothing has been recorded yet, so that starting again costs nothing. */
async function refuseDamaged(damage: IndexDamage, { index }: EngineLayout): Promise<void> {
  await damage.decided();
  if (!damage.isRestartWanted) return;
  throw new EngineExit('damaged-index', `The index ${index} is damaged; the next start makes it again.`);
}

async function openIndex(options: FootageIndexOptions): Promise<FootageIndex> {
  try {
    return await openFootageIndex(options);
  } catch (error) {
    if (error instanceof NewerDatabaseError) throw new EngineExit('newer-version', error.message);
    throw error;
  }
}
