import type {
  Camera,
  CameraHealth,
  Failure,
  NodeHealth,
  Run,
  SiteNode,
} from '../../../src/shared/contract/index.ts';
import type { IndexState } from '../../../src/shared/engine-api/index-state.ts';
import type { LiveSound } from '../../../src/shared/engine-api/status.ts';
import type { VolumeStatus } from '../../../src/shared/engine-api/volumes.ts';
import {
  deployed,
  makeCamera,
  makeNode,
  recordingHealth,
  reported,
  streaming,
  upHealth,
  waiting,
  worldTimeUtcMs,
} from './world.ts';
import type { World } from './world.ts';

/** A site with nothing in it. */
function emptyWorld(): World {
  return {
    site: { name: 'Harbour Terminal 4', colorScheme: 'auto', version: '0.1.0', shell: 'web' },
    vault: { kind: 'unlocked', protection: 'keyring' },
    cameras: [],
    nodes: [],
    nodeHealth: [],
    cameraHealth: [],
    discovery: { phase: { kind: 'idle' }, cameras: [], nodes: [] },
    runs: [],
    wall: { tileCount: 9, cameraIds: [] },
    soundObstacles: {},
  };
}

/** Everything records. */
function healthyWorld(cameraCount: number, nodeCount: number): World {
  const nodes = Array.from({ length: nodeCount }, (_, index) => makeNode(index, deployed));
  const cameras = Array.from({ length: cameraCount }, (_, index) =>
    makeCamera(index, `node-${(index % nodeCount) + 1}`),
  );
  return {
    ...emptyWorld(),
    nodes,
    cameras,
    nodeHealth: nodes.map((node, index) => upHealth(node, index, Math.ceil(cameraCount / nodeCount))),
    cameraHealth: cameras.map(recordingHealth),
    wall: { tileCount: 9, cameraIds: cameras.slice(0, 9).map(({ id }) => id) },
  };
}

const demo = {
  cameraUsername: 'operator',
  cameraPassword: 'demo-camera',
  nodeUsername: 'engineer',
  nodePassword: 'demo-node',
};

const nodeDown: Failure = {
  code: 'unreachable',
  message: 'Recorder 3 at 10.10.0.12 does not answer on port 7443.',
  remedy: 'Check its power and network; the cameras it records have no footage until it is back.',
};

function replaced<T>(items: readonly T[], changes: Readonly<Record<number, (item: T) => T>>): readonly T[] {
  return items.map((item, index) => changes[index]?.(item) ?? item);
}

const down = (health: NodeHealth): NodeHealth => ({
  ...health,
  state: { kind: 'down', failure: nodeDown, sinceUtcMs: worldTimeUtcMs - 780_000 },
});
const full = (health: NodeHealth): NodeHealth =>
  health.state.kind === 'up'
    ? {
        ...health,
        state: {
          ...health.state,
          volumes: health.state.volumes.map((volume) => ({
            ...volume,
            freeBytes: 39.4e9,
            state: {
              kind: 'full' as const,
              sinceUtcMs: worldTimeUtcMs - 780_000,
              detail: 'The volume /var/lib/belvedere has 37575 MiB free; 38147 MiB are needed.',
              remedy: 'Free space, or lower the retention.',
            },
          })),
        },
      }
    : health;

/** One of everything that goes wrong. */
function troubledWorld(): World {
  const world = healthyWorld(12, 4);
  const cameras: readonly Camera[] = world.cameras.map((camera, index) => {
    if (index !== 8) return camera;
    const { nodeId: _, ...unassigned } = camera;
    return unassigned;
  });
  const nodes: readonly SiteNode[] = [...world.nodes, makeNode(4, { kind: 'none' })];
  const cameraHealth = cameras.map((camera, index): CameraHealth => {
    const { nodeId } = camera;
    if (nodeId === undefined) return { cameraId: camera.id, state: { kind: 'not-assigned' } };
    if (nodeId === 'node-3')
      return { cameraId: camera.id, nodeId, state: { kind: 'unknown', reason: 'node-down' } };
    if (nodeId === 'node-2')
      return reported(
        camera,
        { kind: 'halted', reason: 'disk-full', detail: '', sinceUtcMs: worldTimeUtcMs - 60_000 },
        streaming(index),
      );
    if (index === 0 || index === 4)
      return reported(camera, { kind: 'waiting-for-stream' }, waiting('refused-credentials'));
    if (index === 7) return reported(camera, { kind: 'waiting-for-stream' }, waiting('unreachable'));
    if (index === 3)
      return reported(
        camera,
        { kind: 'recording', sinceUtcMs: worldTimeUtcMs, segmentId: 9 },
        { ...streaming(index), framesPerSecond: 0, bitrateBps: 0, lastFrameAgeMs: 14_200 },
      );
    return recordingHealth(camera, index);
  });
  const failedRun: Run = {
    id: '6f1c0a52-97b1-4d5e-9a55-0a55f9a5f5a1',
    kind: 'deploy',
    nodeId: 'node-5',
    startedUtcMs: worldTimeUtcMs - 90_000,
    state: {
      kind: 'failed',
      finishedUtcMs: worldTimeUtcMs - 48_000,
      failure: {
        code: 'no-space',
        message: 'Recorder 5 has 0.3 GB free at /opt; 1 GB is needed.',
        remedy: 'Free space there, then try again.',
      },
    },
    steps: [
      {
        id: 'connect',
        title: 'Sign in to Recorder 5',
        state: {
          kind: 'done',
          startedUtcMs: worldTimeUtcMs - 90_000,
          finishedUtcMs: worldTimeUtcMs - 89_200,
        },
      },
      {
        id: 'preflight',
        title: 'Check the node',
        state: {
          kind: 'failed',
          startedUtcMs: worldTimeUtcMs - 89_200,
          finishedUtcMs: worldTimeUtcMs - 48_000,
          failure: { code: 'no-space', message: 'Recorder 5 has 0.3 GB free at /opt; 1 GB is needed.' },
        },
      },
      { id: 'upload', title: 'Upload the engine', state: { kind: 'waiting' } },
      { id: 'start', title: 'Start the engine', state: { kind: 'waiting' } },
    ],
    log: [
      {
        atUtcMs: worldTimeUtcMs - 90_000,
        step: 0,
        level: 'info',
        text: 'Signed in as engineer; host key matches.',
      },
      { atUtcMs: worldTimeUtcMs - 89_000, step: 1, level: 'info', text: 'Debian 12, x64, systemd 252.' },
      {
        atUtcMs: worldTimeUtcMs - 48_000,
        step: 1,
        level: 'error',
        text: '/opt has 0.3 GB free, 1 GB is needed.',
      },
    ],
  };
  return {
    ...world,
    cameras,
    nodes,
    nodeHealth: [
      ...replaced(world.nodeHealth, { 1: full, 2: down }),
      { nodeId: 'node-5', cameraCount: 0, state: { kind: 'not-deployed' } },
    ],
    cameraHealth,
    runs: [failedRun],
  };
}

type VolumeChange = Partial<VolumeStatus> & Pick<VolumeStatus, 'name' | 'state'>;

function withVolumes(health: NodeHealth, changes: readonly VolumeChange[]): NodeHealth {
  if (health.state.kind !== 'up') return health;
  const [volume] = health.state.volumes;
  if (volume === undefined) return health;
  const volumes = changes.map((change) => ({ ...volume, path: `/mnt/${change.name}`, ...change }));
  return { ...health, state: { ...health.state, volumes } };
}

function withIndex(health: NodeHealth, index: IndexState): NodeHealth {
  return health.state.kind === 'up' ? { ...health, state: { ...health.state, index } } : health;
}

const noSound =
  "The camera sends G.711 mu-law sound, which is recorded but cannot be heard live. Choose AAC in the camera's settings.";

export function withSound(health: CameraHealth, liveSound: LiveSound): CameraHealth {
  const { state } = health;
  return state.kind === 'reported'
    ? { ...health, state: { ...state, main: { ...state.main, liveSound } } }
    : health;
}

const since = (minutes: number) => ({ sinceUtcMs: worldTimeUtcMs - minutes * 60_000 });

/** Every state that a recording volume has, a camera whose key has changed, one that is being tried again, and no sound. */
function diskWorld(): World {
  const world = healthyWorld(12, 4);
  const ok = { kind: 'ok', sinceUtcMs: worldTimeUtcMs - 90_000_000 } as const;
  const nodeHealth = replaced(world.nodeHealth, {
    0: (health) =>
      withVolumes(health, [
        { name: 'bay-1', state: ok },
        {
          name: 'bay-2',
          totalBytes: 0,
          freeBytes: 0,
          storedBytes: 0,
          state: {
            kind: 'missing',
            ...since(312),
            detail:
              'The volume bay-2 is missing: what is at /mnt/bay-2 is not its disk, perhaps the empty mount point.',
            remedy: 'Mount its disk; if that was replaced by a new one, give the new one a new name.',
          },
        },
        { name: 'bay-3', state: { kind: 'opening', ...since(1) } },
      ]),
    1: (health) =>
      withVolumes(health, [
        {
          name: 'recordings',
          state: {
            kind: 'read-only',
            ...since(13),
            detail: 'The volume /mnt/recordings is mounted read-only.',
            remedy: 'Look at the kernel’s log for errors of the disk, then mount it for writing.',
          },
        },
      ]),
    2: (health) =>
      withVolumes(health, [
        {
          name: 'bay-1',
          state: {
            kind: 'hung',
            ...since(2),
            detail: 'The volume /mnt/bay-1 has not answered for 5 s.',
            remedy: 'Check the disk and its connection.',
          },
        },
        {
          name: 'bay-2',
          freeBytes: 39.4e9,
          state: {
            kind: 'full',
            ...since(48),
            detail: 'The volume /mnt/bay-2 has 37575 MiB free; 38147 MiB are needed.',
            remedy:
              'Nothing on it may be deleted: all footage is locked or being written. Unlock some, or free space.',
          },
        },
      ]),
    3: (health) =>
      withIndex(
        withVolumes(health, [
          { name: 'recordings', freeBytes: 40.3e9, storedBytes: 7.9e12, maximumDays: 30, state: ok },
        ]),
        {
          kind: 'hung',
          ...since(7),
          detail:
            'The index has not answered for 10 s; recording goes on, but new footage cannot be found yet and old footage is not deleted.',
          remedy: "Check the disk of the engine's directory.",
        },
      ),
  });
  const cameraHealth = replaced(world.cameraHealth, {
    ...Object.fromEntries(
      [1, 2, 5, 6, 9, 10].map((index) => [
        index,
        haltedOf(
          world.cameras[index],
          index % 4 === 1
            ? 'The volume /mnt/recordings is mounted read-only.'
            : 'The volume /mnt/bay-1 has not answered for 5 s.',
        ),
      ]),
    ),
    3: (health) => withSound(health, { kind: 'unavailable', detail: noSound }),
    7: (health) => withSound(health, { kind: 'direct' }),
    0: () =>
      reported(
        makeCamera(0, 'node-1'),
        { kind: 'waiting-for-stream' },
        waiting('changed-identity', 18_720_000),
      ),
    4: () =>
      reported(
        makeCamera(4, 'node-1'),
        { kind: 'waiting-for-stream' },
        {
          ...waiting('refused'),
          state: {
            kind: 'connecting',
            sinceUtcMs: worldTimeUtcMs - 2000,
            outage: { ...since(190), reason: 'refused', detail: 'It takes no connection.' },
          },
        },
      ),
  });
  return {
    ...world,
    nodeHealth,
    cameraHealth,
    soundObstacles: { 'camera-4': noSound },
  };
}

const haltedOf = (camera: Camera | undefined, detail: string) => (health: CameraHealth) =>
  camera === undefined
    ? health
    : reported(
        camera,
        {
          kind: 'halted',
          reason: 'disk-error',
          detail,
          sinceUtcMs: worldTimeUtcMs - 780_000,
        },
        streaming(0),
      );

/** Named beginnings for a scripted desk. */
export const scenarios = {
  empty: emptyWorld,
  demo: (): World => {
    const world = emptyWorld();
    return { ...world, site: { ...world.site, name: 'Demo site', demo } };
  },
  healthy: (): World => healthyWorld(12, 4),
  trouble: troubledWorld,
  disks: diskWorld,
  many: (): World => healthyWorld(1000, 30),
  locked: (): World => ({ ...healthyWorld(12, 4), vault: { kind: 'locked' } }),
  'needs-passphrase': (): World => ({ ...emptyWorld(), vault: { kind: 'needs-passphrase' } }),
} as const satisfies Readonly<Record<string, () => World>>;
export type ScenarioName = keyof typeof scenarios;
