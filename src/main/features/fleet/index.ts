import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import type { Camera, CameraHealth, NodeHealth, fleetContract } from '../../../shared/contract/index.ts';
import type { LiveSound, StreamName } from '../../../shared/engine-api/index.ts';
import { fail } from '../../failure.ts';
import type { ConnectEngine } from '../../platform/engine-client/index.ts';
import type { Clock, Database, EngineDirectory, LiveEngine, Log, Vault } from '../../platform/ports.ts';
import { ChangedKeys, watchChangedKeys } from '../delta-stream.ts';
import type { Feature } from '../feature.ts';
import type { Inventory, InventoryChange } from '../inventory/index.ts';
import { AppliedConfigStore } from './applied-config-store.ts';
import { cameraHealth } from './health.ts';
import { NodeWatcher } from './node-watcher.ts';

export interface FleetDependencies {
  readonly database: Database;
  readonly vault: Pick<Vault, 'onChange'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly inventory: Inventory;
  readonly connectEngine: ConnectEngine;
}

type Health = { readonly node: NodeHealth } | { readonly camera: CameraHealth };
type FleetEvent = z.input<typeof fleetContract.watch.output>;
type Key = `camera/${string}` | `node/${string}`;

/** The page hears of changes about this often. */
const announcePeriodMs = 500;

export function createFleetFeature(
  dependencies: FleetDependencies,
): Feature<typeof fleetContract> & EngineDirectory & { stop(): Promise<void> } {
  const fleet = new Fleet(dependencies);
  return {
    handlers: {
      watch: (_input, signal) => fleet.watch(signal),
      trustNewKeys: ({ cameraIds }, signal) => fleet.trustNewKeys(cameraIds, signal),
    },
    start: () => fleet.start(),
    stop: () => fleet.stop(),
    forCamera: (cameraId) => fleet.forCamera(cameraId),
    liveSound: (cameraId, stream) => fleet.liveSound(cameraId, stream),
  };
}

class Fleet {
  readonly #dependencies: FleetDependencies;
  readonly #applied: AppliedConfigStore;
  readonly #watchers = new Map<string, NodeWatcher>();
  readonly #health = new Map<Key, Health>();
  readonly #changed = new ChangedKeys<Key>();
  readonly #running = new AsyncDisposableStack();
  /** The inventory's cameras, kept so that a poll reads no database. */
  #cameras: ReadonlyMap<string, Camera> = new Map();
  #camerasByNode: ReadonlyMap<string | undefined, readonly Camera[]> = new Map();

  constructor(dependencies: FleetDependencies) {
    this.#dependencies = dependencies;
    this.#applied = new AppliedConfigStore(dependencies.database);
  }

  start(): void {
    const { inventory, vault } = this.#dependencies;
    this.#readCameras();
    for (const { id } of inventory.listNodes()) this.#addNode(id);
    for (const id of this.#cameras.keys()) this.#assessCamera(id);
    this.#running.use(inventory.onChange((change) => this.#onInventory(change)));
    this.#running.use(
      vault.onChange(() => {
        for (const watcher of this.#watchers.values()) watcher.wake();
      }),
    );
  }

  async stop(): Promise<void> {
    await this.#running.disposeAsync();
    await Promise.all(this.#watchers.values().map((watcher) => watcher.stop()));
    this.#watchers.clear();
  }

  async *watch(signal: AbortSignal): AsyncGenerator<FleetEvent, void> {
    const turns = watchChangedKeys(this.#changed, signal);
    yield this.#eventOf(this.#health.keys());
    for await (const keys of turns) {
      const event = this.#eventOf(keys);
      // Keys of what was removed have no health any more.
      if (event.nodes.length + event.cameras.length > 0) yield event;
      await pause(this.#dependencies.clock, announcePeriodMs, signal);
    }
  }

  forCamera(cameraId: string): LiveEngine {
    return this.#watcherOf(cameraId).client();
  }

  async trustNewKeys(cameraIds: readonly string[], signal: AbortSignal): Promise<void> {
    const byWatcher = Map.groupBy(cameraIds, (cameraId) => this.#watcherOf(cameraId));
    for (const [watcher, own] of byWatcher) await watcher.forgetKeys(own, signal);
  }

  #watcherOf(cameraId: string): NodeWatcher {
    const { nodeId, name } = this.#dependencies.inventory.camera(cameraId);
    if (nodeId === undefined) {
      throw fail('not-assigned', `Camera ${name} is on no node.`, 'Assign it to a node.');
    }
    const watcher = this.#watchers.get(nodeId);
    if (!watcher) throw fail('engine-unavailable', `Node ${nodeId} is not watched yet.`, 'Try again.');
    return watcher;
  }

  liveSound(cameraId: string, stream: StreamName): LiveSound {
    this.forCamera(cameraId);
    const { name, subUri, nodeId } = this.#dependencies.inventory.camera(cameraId);
    if (stream === 'sub' && subUri === undefined) {
      throw fail('not-found', `Camera ${name} has no sub stream.`, 'Show its main stream.');
    }
    const status = this.#watchers.get(nodeId ?? '')?.report.cameras.get(cameraId);
    return status?.[stream]?.liveSound ?? { kind: 'none' };
  }

  #onInventory({ cameraIds, nodeIds }: InventoryChange): void {
    this.#readCameras();
    const present = new Set(this.#dependencies.inventory.listNodes().map(({ id }) => id));
    const changed = new Set(nodeIds);
    for (const id of present) {
      const watcher = this.#watchers.get(id);
      if (watcher) watcher.refresh(changed.has(id));
      else this.#addNode(id);
      this.#assessNode(id);
    }
    for (const id of this.#watchers.keys()) if (!present.has(id)) this.#removeNode(id);
    for (const id of cameraIds) this.#assessCamera(id);
  }

  #readCameras(): void {
    const cameras = this.#dependencies.inventory.listCameras();
    this.#cameras = new Map(cameras.map((camera) => [camera.id, camera]));
    this.#camerasByNode = Map.groupBy(cameras, ({ nodeId }) => nodeId);
  }

  #addNode(nodeId: string): void {
    const { inventory, clock, log, connectEngine: connect } = this.#dependencies;
    const watcher = new NodeWatcher({
      nodeId,
      inventory,
      connect,
      clock,
      log,
      applied: this.#applied,
      onChange: () => {
        this.#assessNode(nodeId);
        for (const { id } of this.#camerasByNode.get(nodeId) ?? []) this.#assessCamera(id);
      },
    });
    this.#watchers.set(nodeId, watcher);
    this.#assessNode(nodeId);
    watcher.start();
  }

  #removeNode(nodeId: string): void {
    const watcher = this.#watchers.get(nodeId);
    this.#watchers.delete(nodeId);
    this.#health.delete(`node/${nodeId}`);
    void watcher?.stop();
  }

  #assessNode(nodeId: string): void {
    const watcher = this.#watchers.get(nodeId);
    if (!watcher) return;
    const node: NodeHealth = { nodeId, state: watcher.report.state, cameraCount: watcher.cameraCount };
    this.#keep(`node/${nodeId}`, { node });
  }

  #assessCamera(cameraId: string): void {
    const camera = this.#cameras.get(cameraId);
    if (!camera) {
      this.#health.delete(`camera/${cameraId}`);
      return;
    }
    const report = camera.nodeId === undefined ? undefined : this.#watchers.get(camera.nodeId)?.report;
    this.#keep(`camera/${cameraId}`, { camera: cameraHealth(camera, report) });
  }

  #keep(key: Key, health: Health): void {
    if (isDeepStrictEqual(this.#health.get(key), health)) return;
    this.#health.set(key, health);
    this.#changed.mark([key]);
  }

  #eventOf(keys: Iterable<Key>): FleetEvent {
    const nodes: NodeHealth[] = [];
    const cameras: CameraHealth[] = [];
    for (const key of keys) {
      const health = this.#health.get(key);
      if (health && 'node' in health) nodes.push(health.node);
      else if (health) cameras.push(health.camera);
    }
    return { atUtcMs: this.#dependencies.clock.utcMs(), nodes, cameras };
  }
}

function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = (): void => {
      timer[Symbol.dispose]();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.after(delayMs, finish);
    signal.addEventListener('abort', finish, { once: true });
  });
}
