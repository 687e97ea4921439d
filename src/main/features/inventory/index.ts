import type { InventoryEvent, inventoryContract } from '../../../shared/contract/index.ts';
import type { CameraInterviewer } from '../../platform/onvif/camera-client.ts';
import type { Clock, Database, Log, Vault } from '../../platform/ports.ts';
import type { Ssh } from '../../platform/ssh/ports.ts';
import { ChangedKeys, watchChangedKeys } from '../delta-stream.ts';
import type { Discovery } from '../discovery/index.ts';
import type { Feature } from '../feature.ts';
import { CameraStore } from './camera-store.ts';
import { Cameras } from './cameras.ts';
import { EngineStore } from './engine-store.ts';
import { Engines } from './engines.ts';
import type { Inventory, InventoryChange } from './inventory.ts';
import { NodeStore } from './node-store.ts';
import { Nodes } from './nodes.ts';
import { SiteSecrets } from './site-secrets.ts';

export type { StoredCamera } from './camera-store.ts';
export type { EngineAddress, Inventory, InventoryChange } from './inventory.ts';

export interface InventoryDependencies {
  readonly database: Database;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Log;
  readonly ssh: Ssh;
  readonly interviewer: CameraInterviewer;
  readonly discovery: Discovery;
}

type Key = `camera/${string}` | `node/${string}`;

export function createInventoryFeature(
  dependencies: InventoryDependencies,
): Feature<typeof inventoryContract> & Inventory {
  const { database, discovery, clock, log, ssh, interviewer } = dependencies;
  const secrets = new SiteSecrets(dependencies.vault);
  const cameraStore = new CameraStore(database);
  const nodeStore = new NodeStore(database);
  const engineStore = new EngineStore(database);
  const changed = new ChangedKeys<Key>();
  const listeners = new Set<(change: InventoryChange) => void>();
  const announce = (change: InventoryChange): void => {
    changed.mark([
      ...change.cameraIds.map((id): Key => `camera/${id}`),
      ...change.nodeIds.map((id): Key => `node/${id}`),
    ]);
    for (const listener of listeners) listener(change);
    recognise();
  };
  const recognise = (): void => {
    const cameraIds = new Map(cameraStore.list().map(({ camera }) => [camera.endpointReference, camera.id]));
    const nodeIds = new Map(nodeStore.list().map(({ node }) => [`${node.address}:${node.port}`, node.id]));
    discovery.recognise({
      cameraIdOf: (endpointReference) => cameraIds.get(endpointReference),
      nodeIdAt: (address, port) => nodeIds.get(`${address}:${port}`),
    });
  };
  const cameras = new Cameras({
    database,
    store: cameraStore,
    secrets,
    discovery,
    interviewer,
    clock,
    log,
    onChange: (cameraIds) => announce({ cameraIds, nodeIds: [] }),
  });
  const nodes = new Nodes({
    database,
    store: nodeStore,
    cameras: cameraStore,
    secrets,
    ssh,
    clock,
    onChange: (nodeIds) => announce({ cameraIds: [], nodeIds }),
  });
  const engines = new Engines({
    database,
    store: engineStore,
    secrets,
    clock,
    node: (nodeId) => nodes.get(nodeId),
    onChange: (nodeIds) => announce({ cameraIds: [], nodeIds }),
  });
  const running = new DisposableStack();

  const snapshot = (): InventoryEvent => ({
    kind: 'snapshot',
    cameras: cameraStore.list().map(({ camera }) => camera),
    nodes: nodeStore.list().map(({ node }) => node),
  });

  return {
    start: () => {
      running.use(discovery.onSighting((sighting) => void cameras.follow(sighting)));
      recognise();
    },
    stop: () => {
      cameras.close();
      running.dispose();
    },
    handlers: {
      watch: (_input, signal) => watchInventory({ snapshot, changed, cameraStore, nodeStore }, signal),
      addCameras: ({ deviceIds }) => ({ cameraIds: [...cameras.add(deviceIds)] }),
      renameCamera: ({ cameraId, name }) => cameras.rename(cameraId, name),
      changeCameraCredentials: ({ cameraId, username, password }, signal) =>
        cameras.changeCredentials(cameraId, { username, password }, signal),
      removeCameras: ({ cameraIds }) => cameras.remove(cameraIds),
      assign: ({ cameraIds, nodeId }) => {
        if (nodeId !== undefined) nodes.get(nodeId);
        cameras.assign(cameraIds, nodeId);
      },
      readHostKey: ({ address, port }, signal) => ssh.readHostKey({ address, port }, signal),
      addNode: async (newNode, signal) => ({ nodeId: await nodes.add(newNode, signal) }),
      removeNode: ({ nodeId }) => nodes.remove(nodeId),
    },
    listNodes: () => nodeStore.list().map(({ node }) => node),
    node: (nodeId) => nodes.get(nodeId).node,
    listCameras: () => cameraStore.list().map(({ camera }) => camera),
    camera: (cameraId) => cameras.get(cameraId).camera,
    camerasOfNode: (nodeId) => cameraStore.ofNode(nodeId),
    cameraCredentials: ({ id, username }) => secrets.ofCamera(id, username),
    sshTarget: (nodeId) => secrets.sshTarget(nodes.get(nodeId).node),
    engineAddress: (nodeId) => {
      const { node, engine } = nodes.get(nodeId);
      if (engine === undefined) return undefined;
      const { port, certificatePin } = engine;
      return { nodeName: node.name, address: node.address, port, certificatePin };
    },
    engineToken: (nodeId) => secrets.engineToken(nodeId),
    deployedEngine: (nodeId) => engines.deployedEngine(nodeId),
    markDeployed: (nodeId, engine) => engines.markDeployed(nodeId, engine),
    restoreDeployed: (nodeId) => engines.restoreDeployed(nodeId),
    settleDeployed: (nodeId) => engines.settleDeployed(nodeId),
    noteToken: (nodeId, tokenId) => engineStore.addToken(nodeId, tokenId),
    supersededTokens: (nodeId) => engines.supersededTokens(nodeId),
    beginRevoking: (nodeId, tokenId) => engineStore.markRevoking(nodeId, tokenId),
    forgetToken: (nodeId, tokenId) => engineStore.removeToken(nodeId, tokenId),
    onChange: (listener) => {
      const entry = (change: InventoryChange): void => listener(change);
      listeners.add(entry);
      return { [Symbol.dispose]: () => void listeners.delete(entry) };
    },
  };
}

interface WatchSources {
  readonly snapshot: () => InventoryEvent;
  readonly changed: ChangedKeys<Key>;
  readonly cameraStore: CameraStore;
  readonly nodeStore: NodeStore;
}

/** Everything, then what changed since the last event. A slow page gets fewer and larger events, never an old state. */
async function* watchInventory(
  sources: WatchSources,
  signal: AbortSignal,
): AsyncGenerator<InventoryEvent, void> {
  const turns = watchChangedKeys(sources.changed, signal);
  yield sources.snapshot();
  for await (const keys of turns) {
    const cameraIds = [...keys].filter((key) => key.startsWith('camera/')).map(idOf);
    const nodeIds = [...keys].filter((key) => key.startsWith('node/')).map(idOf);
    const cameras = cameraIds.flatMap((id) => sources.cameraStore.get(id)?.camera ?? []);
    const nodes = nodeIds.flatMap((id) => sources.nodeStore.get(id)?.node ?? []);
    // Nodes first: a camera may name a new one.
    if (nodes.length > 0) yield { kind: 'nodes', nodes };
    if (cameras.length > 0) yield { kind: 'cameras', cameras };
    const removedCameras = missing(cameraIds, cameras);
    const removedNodes = missing(nodeIds, nodes);
    if (removedCameras.length > 0) yield { kind: 'cameras-removed', ids: removedCameras };
    if (removedNodes.length > 0) yield { kind: 'nodes-removed', ids: removedNodes };
  }
}

function idOf(key: Key): string {
  return key.slice(key.indexOf('/') + 1);
}

function missing(ids: readonly string[], present: readonly { readonly id: string }[]): string[] {
  const there = new Set(present.map(({ id }) => id));
  return ids.filter((id) => !there.has(id));
}
