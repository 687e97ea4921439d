import type { CameraConfig, EngineCameraStatus, EngineStatus } from '../../../shared/engine-api/index.ts';
import type { ConfigState } from '../../../shared/contract/index.ts';
import { DeskError, fail } from '../../failure.ts';
import type { ConnectEngine, EngineClient } from '../../platform/engine-client/index.ts';
import type { Clock, Log } from '../../platform/ports.ts';
import type { EngineAddress, Inventory } from '../inventory/index.ts';
import type { AppliedConfigStore } from './applied-config-store.ts';
import {
  desiredConfig,
  isInStep,
  nodeSettings,
  withNeighbours,
  type DesiredConfig,
  type NodeSettings,
} from './desired-config.ts';
import { upState, type NodeReport, type NodeState } from './health.ts';
import { pollDelayMs } from './poll-delay.ts';

export interface NodeWatcherOptions {
  readonly nodeId: string;
  readonly inventory: Inventory;
  readonly applied: AppliedConfigStore;
  readonly connect: ConnectEngine;
  readonly clock: Clock;
  readonly log: Log;
  /** After each change of `report`. */
  readonly onChange: () => void;
}

/** A node that is missed once may have been busy; the second time it is down. */
const failuresUntilDown = 2;

/** Asks one node's engine how it does, one request at a time, and brings it the cameras it should record. */
export class NodeWatcher {
  readonly #options: NodeWatcherOptions;
  readonly #lifetime = new AbortController();
  #done: Promise<void> = Promise.resolve();
  #report: NodeReport = { state: { kind: 'connecting' }, cameras: new Map() };
  #engine: { readonly address: EngineAddress; readonly client: EngineClient } | undefined;
  #desired: DesiredConfig;
  #failuresInARow = 0;
  /** By camera, as read last; a camera that leaves the engine's configuration for a moment finds its own again. */
  readonly #settings = new Map<string, NodeSettings>();
  /** Failures to bring the configuration, which wait longer and longer on their own. */
  #config: { failures: number; retryAtMonotonicMs: number } = { failures: 0, retryAtMonotonicMs: 0 };
  /** Ends the pause between two turns. */
  #wake: (() => void) | undefined;
  #isWoken = false;

  constructor(options: NodeWatcherOptions) {
    this.#options = options;
    this.#desired = this.#readDesired();
  }

  get report(): NodeReport {
    return this.#report;
  }

  get cameraCount(): number {
    return this.#desired.cameras.length;
  }

  start(): void {
    this.#done = this.#run(this.#lifetime.signal);
  }

  async stop(): Promise<void> {
    this.#lifetime.abort();
    this.wake();
    await this.#done;
    this.#disconnect();
  }

  /** Looks again at once, as after the vault was unlocked. */
  wake(): void {
    this.#isWoken = true;
    this.#wake?.();
  }

  /** Reads the inventory anew and looks again at once if anything changed for this node. */
  refresh(hasNodeChanged: boolean): void {
    const before = this.#desired.fingerprint;
    this.#desired = this.#readDesired();
    if (this.#desired.fingerprint === before && !hasNodeChanged) return;
    // A camera that was taken off comes back as a new one, and a new engine has no settings of the former.
    const remaining = new Set(hasNodeChanged ? [] : this.#desired.cameras.map(({ id }) => id));
    for (const id of this.#settings.keys()) if (!remaining.has(id)) this.#settings.delete(id);
    this.#config = { failures: 0, retryAtMonotonicMs: 0 };
    if (hasNodeChanged) {
      this.#disconnect();
      this.#failuresInARow = 0;
    }
    this.wake();
  }

  /** Throws `engine-unavailable`. */
  client(): EngineClient {
    const { state } = this.#report;
    if (this.#engine && state.kind !== 'down') return this.#engine.client;
    if (state.kind === 'down') throw fail('engine-unavailable', state.failure.message, state.failure.remedy);
    throw fail(
      'engine-unavailable',
      `Node ${this.#options.nodeId} has no engine that answers.`,
      'Deploy the engine to it, or wait until it is connected.',
    );
  }

  /**
   * Lets the engine trust the keys that these cameras show next: it forgets the key of a camera that leaves its
   * configuration, and the next turn brings the cameras back. Throws `engine-unavailable`, `vault-locked` or `conflict`.
   */
  async forgetKeys(cameraIds: readonly string[], signal: AbortSignal): Promise<void> {
    const client = this.client();
    const leaving = withNeighbours(this.#desired.cameras, cameraIds);
    // With all that brings them back, so that none of it can be missing afterwards.
    const version = await this.#noteSettings(client, signal);
    const cameras = this.#complete(this.#desired).filter(({ id }) => !leaving.has(id));
    await client.putConfig({ version, cameras }, signal);
    this.#options.log.info(
      { node: this.#options.nodeId, cameras: [...leaving] },
      'A node trusts the next keys of cameras',
    );
    this.#config = { failures: 0, retryAtMonotonicMs: 0 };
    this.wake();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#isWoken = false;
      await this.#turn(signal);
      if (this.#isWoken) continue;
      await this.#pause(pollDelayMs(this.#failuresInARow, Math.random()));
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(delayMs, resolve);
      this.#wake = () => {
        timer[Symbol.dispose]();
        resolve();
      };
    });
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { clock, log, nodeId } = this.#options;
    let client: EngineClient | undefined;
    try {
      client = this.#connected();
      if (!client) {
        this.#become({ kind: 'not-deployed' });
        return;
      }
      const sentUtcMs = clock.utcMs();
      const status = await client.status(signal);
      const exchange = { sentUtcMs, receivedUtcMs: clock.utcMs() };
      this.#failuresInARow = 0;
      const become = (config: ConfigState): void =>
        this.#become(upState(status, exchange, config), status.cameras);
      if (this.#isInStep(status)) become({ kind: 'in-step' });
      else await this.#bringConfig(client, { become, signal });
    } catch (error) {
      // A client that was replaced meanwhile says nothing about the engine.
      if (signal.aborted || this.#engine?.client !== client) return;
      if (!(error instanceof DeskError)) {
        log.error({ node: nodeId, error: String(error) }, 'Watching a node broke off and goes on');
      }
      this.#missed(
        error instanceof DeskError
          ? error
          : fail('internal', `Watching node ${nodeId} broke off. The log has the details.`),
      );
    }
  }

  #connected(): EngineClient | undefined {
    const { inventory, nodeId, connect } = this.#options;
    if (this.#engine) return this.#engine.client;
    const address = inventory.engineAddress(nodeId);
    if (!address) return undefined;
    const client = connect({ ...address, token: inventory.engineToken(nodeId) });
    this.#engine = { address, client };
    this.#become({ kind: 'connecting' });
    return client;
  }

  #disconnect(): void {
    this.#engine?.client.close();
    this.#engine = undefined;
  }

  #isInStep({ configVersion }: EngineStatus): boolean {
    return isInStep(this.#options.applied.get(this.#options.nodeId), configVersion, this.#desired);
  }

  async #bringConfig(
    client: EngineClient,
    { become, signal }: { readonly become: (config: ConfigState) => void; readonly signal: AbortSignal },
  ): Promise<void> {
    const { clock, nodeId, applied, log } = this.#options;
    if (clock.monotonicMs() < this.#config.retryAtMonotonicMs) {
      const { state } = this.#report;
      become(state.kind === 'up' ? state.config : { kind: 'pending' });
      return;
    }
    become({ kind: 'pending' });
    const desired = this.#desired;
    try {
      const version = await this.#noteSettings(client, signal);
      const cameras = this.#complete(desired);
      const view = await client.putConfig({ version, cameras }, signal);
      applied.put(nodeId, { engineVersion: view.version, fingerprint: desired.fingerprint });
      this.#config = { failures: 0, retryAtMonotonicMs: 0 };
      log.info({ node: nodeId, cameras: cameras.length, version: view.version }, 'A node has its cameras');
      become({ kind: 'in-step' });
    } catch (error) {
      if (!(error instanceof DeskError) || signal.aborted) throw error;
      const failures = this.#config.failures + 1;
      const retryAtMonotonicMs = clock.monotonicMs() + pollDelayMs(failures, Math.random());
      this.#config = { failures, retryAtMonotonicMs };
      log.warn({ node: nodeId, failure: error.failure }, 'A node could not be told its cameras');
      // Another desk was faster: the next turn reads the new version and repeats.
      become(
        error.failure.code === 'conflict' ? { kind: 'pending' } : { kind: 'failed', failure: error.failure },
      );
    }
  }

  /** Reads what was set at the node itself, which an update would take away otherwise. Resolves with the version read. */
  async #noteSettings(client: EngineClient, signal: AbortSignal): Promise<number> {
    const { version, cameras } = await client.config(signal);
    for (const camera of cameras) this.#settings.set(camera.id, nodeSettings(camera));
    return version;
  }

  #complete(desired: DesiredConfig): CameraConfig[] {
    const { inventory } = this.#options;
    return desired.cameras.map((camera) => {
      const credentials = inventory.cameraCredentials(inventory.camera(camera.id));
      return { ...this.#settings.get(camera.id), ...camera, ...(credentials && { credentials }) };
    });
  }

  #readDesired(): DesiredConfig {
    return desiredConfig(this.#options.inventory.camerasOfNode(this.#options.nodeId));
  }

  #missed({ failure }: DeskError): void {
    this.#failuresInARow += 1;
    const { state } = this.#report;
    const isPatient = failure.code === 'unreachable' || failure.code === 'timed-out';
    if (state.kind === 'up' && isPatient && this.#failuresInARow < failuresUntilDown) return;
    const sinceUtcMs = state.kind === 'down' ? state.sinceUtcMs : this.#options.clock.utcMs();
    this.#become({ kind: 'down', failure, sinceUtcMs });
  }

  #become(state: NodeState, cameras: readonly EngineCameraStatus[] = []): void {
    this.#report = { state, cameras: new Map(cameras.map((camera) => [camera.id, camera])) };
    this.#options.onChange();
  }
}
