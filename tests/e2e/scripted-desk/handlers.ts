import { randomUUID } from 'node:crypto';
import type { ContractHandlers } from '../../../src/main/server/handlers.ts';
import type { OneTimeSecrets } from '../../../src/main/server/one-time-secrets.ts';
import type { LiveTarget } from '../../../src/main/server/relay.ts';
import { fail } from '../../../src/main/failure.ts';
import { deskPaths } from '../../../src/shared/contract/index.ts';
import type {
  Camera,
  DeskContract,
  DiscoveredCamera,
  Run,
  StepState,
} from '../../../src/shared/contract/index.ts';
import type { StateBox } from './state-box.ts';
import { fleetEvents, inventoryEvents, mapped } from './streams.ts';
import {
  deployed,
  discoveredCamera,
  discoveredNode,
  fingerprintOf,
  makeCamera,
  openAccess,
  recordingHealth,
  upHealth,
} from './world.ts';
import type { World } from './world.ts';

/** What a scripted desk takes and does; every value is fixed, so that screenshots are the same every time. */
export interface Script {
  readonly world: StateBox<World>;
  readonly tickets: OneTimeSecrets<LiveTarget>;
  /** How long the scripted outside world takes for one step, asked before each. */
  readonly stepMs: () => number;
}

export const scripted = {
  passphrase: 'correct horse battery',
  cameraUsername: 'operator',
  cameraPassword: 'demo-camera',
  nodePassword: 'demo-node',
  scanCameras: 12,
  scanNodes: 4,
} as const;

type Timer = ReturnType<typeof setTimeout>;

/** The contract, played. */
export class ScriptedHandlers {
  readonly #script: Script;
  readonly #timers = new Set<Timer>();

  constructor(script: Script) {
    this.#script = script;
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #change(change: (world: World) => World): void {
    this.#script.world.update(change);
  }

  #later(steps: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, steps * this.#script.stepMs());
    this.#timers.add(timer);
  }

  handlers(): ContractHandlers<DeskContract> {
    const { world, tickets } = this.#script;
    return {
      site: {
        watch: (_, signal) => mapped(world.watch(signal), ({ site }) => site),
        rename: ({ name }) => this.#change((state) => ({ ...state, site: { ...state.site, name } })),
        setColorScheme: ({ colorScheme }) =>
          this.#change((state) => ({ ...state, site: { ...state.site, colorScheme } })),
      },
      vault: {
        watch: (_, signal) => mapped(world.watch(signal), ({ vault }) => vault),
        create: () =>
          this.#change((state) => ({ ...state, vault: { kind: 'unlocked', protection: 'passphrase' } })),
        unlock: ({ passphrase }) => {
          if (passphrase !== scripted.passphrase)
            throw fail('wrong-passphrase', 'This is not the passphrase of this site.', 'Try again.');
          this.#change((state) => ({ ...state, vault: { kind: 'unlocked', protection: 'passphrase' } }));
        },
      },
      discovery: {
        interfaces: () => [
          { name: 'lo', address: '127.0.0.1', network: '127.0.0.0/8', isLoopback: true },
          { name: 'eth0', address: '10.20.0.5', network: '10.20.0.0/16', isLoopback: false },
          { name: 'eth1', address: '10.10.0.5', network: '10.10.0.0/24', isLoopback: false },
        ],
        scope: () => ({ interfaces: ['10.20.0.5'], nodeRanges: [{ cidr: '10.10.0.0/24', port: 22 }] }),
        setScope: () => undefined,
        watch: (_, signal) => mapped(world.watch(signal), ({ discovery }) => discovery),
        start: () => this.#scan(0),
        stop: () => this.#endScan(),
        tryCredentials: (trial) => this.#tryCredentials(trial),
      },
      inventory: this.#inventory(),
      runs: {
        watch: (_, signal) => mapped(world.watch(signal), ({ runs }) => ({ runs: [...runs] })),
        cancel: ({ runId }) =>
          this.#changeRun(runId, (run) => ({
            ...run,
            state: { kind: 'cancelled', finishedUtcMs: Date.now() },
            steps: run.steps.map((step) =>
              step.state.kind === 'running'
                ? { ...step, state: { kind: 'undone', finishedUtcMs: Date.now() } }
                : step,
            ),
          })),
        resume: ({ runId }) => {
          this.#changeRun(runId, (run) => ({ ...run, state: { kind: 'running' } }));
          this.#continueRun(runId, 0);
        },
      },
      deploy: {
        bundles: () => [{ version: '0.1.0', arch: 'x64', byteLength: 48_000_000 }],
        start: ({ nodeId }) => ({ runId: this.#startRun(nodeId) }),
      },
      fleet: {
        watch: (_, signal) => fleetEvents(world.watch(signal)),
        trustNewKeys: ({ cameraIds }) =>
          this.#change((state) => ({
            ...state,
            cameraHealth: state.cameras.flatMap((camera, index) => {
              const now = state.cameraHealth.find(({ cameraId }) => cameraId === camera.id);
              if (cameraIds.includes(camera.id)) return [recordingHealth(camera, index)];
              return now === undefined ? [] : [now];
            }),
          })),
      },
      wall: {
        layout: () => world.read().wall,
        setLayout: (wall) => this.#change((state) => ({ ...state, wall })),
        openLive: (target) => {
          const camera = world.read().cameras.find(({ id }) => id === target.cameraId);
          if (camera?.nodeId === undefined)
            throw fail('not-assigned', 'This camera is on no node.', 'Assign it to a node.');
          if (world.read().nodeHealth.find(({ nodeId }) => nodeId === camera.nodeId)?.state.kind === 'down')
            throw fail('engine-unavailable', `The node of ${camera.name} does not answer.`);
          const soundObstacle = world.read().soundObstacles[target.cameraId];
          return {
            path: `${deskPaths.liveMedia}?ticket=${tickets.issue(target)}`,
            hasAudio: false,
            ...(soundObstacle === undefined ? {} : { soundObstacle }),
          };
        },
      },
    };
  }

  #inventory(): ContractHandlers<DeskContract>['inventory'] {
    const { world } = this.#script;
    const changeCamera = (cameraId: string, change: (camera: Camera) => Camera): void => {
      this.#change((state) => ({
        ...state,
        cameras: state.cameras.map((camera) => (camera.id === cameraId ? change(camera) : camera)),
      }));
    };
    return {
      watch: (_, signal) => inventoryEvents(world.watch(signal)),
      addCameras: ({ deviceIds }) => this.#addCameras(deviceIds),
      renameCamera: ({ cameraId, name }) => changeCamera(cameraId, (camera) => ({ ...camera, name })),
      changeCameraCredentials: ({ cameraId, username, password }) => {
        if (password !== scripted.cameraPassword)
          throw fail(
            'credentials-refused',
            `The camera refused the password for ${username}.`,
            'The old password is kept. Check it on the camera’s own page and try again.',
          );
        changeCamera(cameraId, (camera) => ({ ...camera, username }));
      },
      removeCameras: ({ cameraIds }) =>
        this.#change((state) => ({
          ...state,
          cameras: state.cameras.filter(({ id }) => !cameraIds.includes(id)),
          cameraHealth: state.cameraHealth.filter(({ cameraId }) => !cameraIds.includes(cameraId)),
        })),
      assign: ({ cameraIds, nodeId }) => this.#assign(cameraIds, nodeId),
      readHostKey: ({ address, port }) => {
        if (address === '10.10.0.99')
          throw fail(
            'unreachable',
            `${address} does not answer on port ${port}.`,
            'Check the address and the port.',
          );
        return {
          fingerprint: fingerprintOf(Number(address.split('.').at(-1))),
          algorithm: 'ssh-ed25519',
          banner: 'SSH-2.0-OpenSSH_9.6p1 Debian-3',
        };
      },
      addNode: (node) => {
        if (node.authentication.kind === 'password' && node.authentication.password !== scripted.nodePassword)
          throw fail(
            'credentials-refused',
            `${node.address} refused the password for ${node.username}.`,
            'Go back and check it.',
          );
        const nodeId = `node-${world.read().nodes.length + 1}`;
        const { name, address, port, username, authentication, hostKeyFingerprint } = node;
        this.#change((state) => ({
          ...state,
          nodes: [
            ...state.nodes,
            {
              id: nodeId,
              name,
              address,
              port,
              username,
              authentication: authentication.kind,
              hostKeyFingerprint,
              engine: { kind: 'none' },
              addedUtcMs: Date.now(),
            },
          ],
          nodeHealth: [...state.nodeHealth, { nodeId, cameraCount: 0, state: { kind: 'not-deployed' } }],
          discovery: {
            ...state.discovery,
            nodes: state.discovery.nodes.map((found) =>
              found.address === address ? { ...found, nodeId } : found,
            ),
          },
        }));
        return { nodeId };
      },
      removeNode: ({ nodeId }) => {
        if (world.read().cameras.some((camera) => camera.nodeId === nodeId))
          throw fail('conflict', 'Cameras are assigned to this node.', 'Assign them to another node first.');
        this.#change((state) => ({ ...state, nodes: state.nodes.filter(({ id }) => id !== nodeId) }));
      },
    };
  }

  /** One more camera, and every third time a node, at each step. */
  #scan(step: number): void {
    const total = scripted.scanCameras + 1;
    this.#change((state) => ({
      ...state,
      discovery: {
        phase: {
          kind: 'scanning',
          startedUtcMs: Date.now(),
          addressesTried: Math.round((256 * step) / total),
          addressesTotal: 256,
        },
        cameras: Array.from(
          { length: Math.min(step, scripted.scanCameras) },
          (_, index) =>
            state.discovery.cameras[index] ?? discoveredCamera(index, { kind: 'needs-credentials' }),
        ),
        nodes: Array.from(
          { length: Math.min(Math.floor(step / 3), scripted.scanNodes) },
          (_, index) => state.discovery.nodes[index] ?? discoveredNode(index),
        ),
      },
    }));
    this.#later(1, () => {
      if (this.#script.world.read().discovery.phase.kind !== 'scanning') return;
      if (step < total) this.#scan(step + 1);
      else this.#endScan();
    });
  }

  #endScan(): void {
    this.#change((state) => ({
      ...state,
      discovery: { ...state.discovery, phase: { kind: 'idle', lastFinishedUtcMs: Date.now() } },
    }));
  }

  #setAccess(deviceIds: readonly string[], access: DiscoveredCamera['access']): void {
    this.#change((state) => ({
      ...state,
      discovery: {
        ...state.discovery,
        cameras: state.discovery.cameras.map((camera) =>
          deviceIds.includes(camera.id) ? { ...camera, access } : camera,
        ),
      },
    }));
  }

  #tryCredentials(trial: {
    readonly deviceIds: readonly string[];
    readonly username: string;
    readonly password: string;
  }): void {
    const { deviceIds, username, password } = trial;
    const fits = username === scripted.cameraUsername && password === scripted.cameraPassword;
    this.#setAccess(deviceIds, { kind: 'asking' });
    this.#later(2, () => this.#setAccess(deviceIds, fits ? openAccess : { kind: 'refused', username }));
  }

  #addCameras(deviceIds: readonly string[]): { cameraIds: string[] } {
    const cameras = deviceIds.map((id) => makeCamera(Number(id.split('-').at(-1)) - 1));
    this.#change((state) => ({
      ...state,
      cameras: [...state.cameras, ...cameras],
      cameraHealth: [
        ...state.cameraHealth,
        ...cameras.map(({ id }) => ({ cameraId: id, state: { kind: 'not-assigned' as const } })),
      ],
      discovery: {
        ...state.discovery,
        cameras: state.discovery.cameras.map((found) => {
          const camera = cameras.find(({ endpointReference }) => endpointReference === found.id);
          return camera === undefined ? found : { ...found, cameraId: camera.id };
        }),
      },
    }));
    return { cameraIds: cameras.map(({ id }) => id) };
  }

  #assign(cameraIds: readonly string[], nodeId: string | undefined): void {
    const moved = new Set(cameraIds);
    this.#change((state) => ({
      ...state,
      cameras: state.cameras.map((camera) => {
        if (!moved.has(camera.id)) return camera;
        const { nodeId: _, ...rest } = camera;
        return nodeId === undefined ? rest : { ...rest, nodeId };
      }),
    }));
    this.#later(2, () =>
      this.#change((state) => ({
        ...state,
        cameraHealth: state.cameras.map((camera, index) => {
          const old = state.cameraHealth[index];
          if (old !== undefined && !moved.has(camera.id)) return old;
          return camera.nodeId === undefined
            ? { cameraId: camera.id, state: { kind: 'not-assigned' } }
            : recordingHealth(camera, index);
        }),
      })),
    );
  }

  #startRun(nodeId: string): string {
    const node = this.#script.world.read().nodes.find(({ id }) => id === nodeId);
    if (node === undefined) throw fail('not-found', 'There is no such node.');
    const steps = [
      ['connect', `Sign in to ${node.name}`],
      ['preflight', 'Check the node'],
      ['upload', 'Upload the engine'],
      ['unpack', 'Unpack and verify'],
      ['start', 'Start the engine'],
      ['health', 'Wait until it is healthy'],
    ] as const;
    const run: Run = {
      id: randomUUID(),
      kind: 'deploy',
      nodeId,
      startedUtcMs: Date.now(),
      state: { kind: 'running' },
      steps: steps.map(([id, title]) => ({ id, title, state: { kind: 'waiting' } })),
      log: [],
    };
    this.#change((state) => ({
      ...state,
      runs: [...state.runs.filter((old) => old.nodeId !== nodeId), run],
    }));
    this.#continueRun(run.id, 0);
    return run.id;
  }

  #changeRun(runId: string, change: (run: Run) => Run): void {
    this.#change((state) => ({
      ...state,
      runs: state.runs.map((run) => (run.id === runId ? change(run) : run)),
    }));
  }

  /** Each step takes four ticks; the upload shows its progress. */
  #continueRun(runId: string, tick: number): void {
    const ticksPerStep = 4;
    const current = Math.floor(tick / ticksPerStep);
    const run = this.#script.world.read().runs.find(({ id }) => id === runId);
    if (run?.state.kind !== 'running') return;
    const nowMs = Date.now();
    if (current >= run.steps.length) {
      this.#changeRun(runId, (old) => ({
        ...old,
        state: { kind: 'succeeded', finishedUtcMs: nowMs },
        steps: old.steps.map((step) => ({
          ...step,
          state: { kind: 'done', startedUtcMs: nowMs - 1200, finishedUtcMs: nowMs },
        })),
      }));
      this.#change((state) => ({
        ...state,
        nodes: state.nodes.map((node) => (node.id === run.nodeId ? { ...node, engine: deployed } : node)),
        nodeHealth: state.nodeHealth.map((health, index) => {
          const node = state.nodes.find(({ id }) => id === run.nodeId);
          return health.nodeId === run.nodeId && node !== undefined ? upHealth(node, index, 0) : health;
        }),
      }));
      return;
    }
    this.#changeRun(runId, (old) => ({
      ...old,
      steps: old.steps.map((step, index) => ({
        ...step,
        state: stepState(index, current, tick % ticksPerStep),
      })),
      log: [
        ...old.log,
        {
          atUtcMs: nowMs,
          step: current,
          level: 'info',
          text: `${old.steps[current]?.title ?? ''}: part ${(tick % 4) + 1}.`,
        },
      ],
    }));
    this.#later(1, () => this.#continueRun(runId, tick + 1));
  }
}

function stepState(index: number, current: number, part: number): StepState {
  const nowMs = Date.now();
  if (index < current) return { kind: 'done', startedUtcMs: nowMs - 1200, finishedUtcMs: nowMs };
  if (index > current) return { kind: 'waiting' };
  return { kind: 'running', startedUtcMs: nowMs, ...(index === 2 ? { progress: part / 4 } : {}) };
}
