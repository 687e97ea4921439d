import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createDeployFeature, defineDeploy } from '../../src/main/features/deploy/index.ts';
import type {
  DeployDependencies,
  DeployInventory,
  DeployedEngine,
} from '../../src/main/features/deploy/index.ts';
import { EngineStore } from '../../src/main/features/inventory/engine-store.ts';
import { Engines } from '../../src/main/features/inventory/engines.ts';
import { NodeStore } from '../../src/main/features/inventory/node-store.ts';
import type { StoredNode } from '../../src/main/features/inventory/node-store.ts';
import { SiteSecrets } from '../../src/main/features/inventory/site-secrets.ts';
import { BundleStore } from '../../src/main/platform/bundle/index.ts';
import { systemClock } from '../../src/main/platform/clock/index.ts';
import { migrations, openDatabase } from '../../src/main/platform/database/index.ts';
import { connectEngine } from '../../src/main/platform/engine-client/index.ts';
import { readEngineVersion } from '../../src/main/platform/engine-client/version-probe.ts';
import { loadNodeHostFiles } from '../../src/main/platform/node-host/index.ts';
import type { NodeHostFiles } from '../../src/main/platform/node-host/index.ts';
import type { Database } from '../../src/main/platform/ports.ts';
import { createSsh } from '../../src/main/platform/ssh/index.ts';
import type { SshTarget } from '../../src/main/platform/ssh/index.ts';
import { openVault } from '../../src/main/platform/vault/index.ts';
import { RunEngine, createSqliteJournal } from '../../src/main/runs/index.ts';
import type { Run } from '../../src/shared/contract/index.ts';
import { defaultReserveBytes } from '../../src/shared/engine-api/index.ts';
import { MemoryLog } from './memory-log.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const bundleDirectory = join(root, 'out', 'engine');

/** Builds the real bundle once; nothing is done when it is up to date. Gives the key that signed it. */
export async function buildBundle(): Promise<string> {
  await promisify(execFile)(process.execPath, [join(root, 'build', 'engine-bundle.mjs')], { cwd: root });
  return readFile(join(bundleDirectory, `linux-${process.arch}`, 'signing-key.pub'), 'utf8');
}

const passphrase = 'a passphrase for tests';

/** What the site knows: the inventory's own registration of engines over a database and a vault; how to sign in, in memory. */
export class SiteInventory extends Engines implements DeployInventory {
  readonly targets = new Map<string, SshTarget>();
  readonly #nodes: NodeStore;
  readonly #store: EngineStore;

  static async open(database: Database, log: MemoryLog): Promise<SiteInventory> {
    const vault = await openVault({ database, log, scryptCost: 1024 });
    if (vault.state().kind === 'needs-passphrase') await vault.create(passphrase);
    else await vault.unlock(passphrase);
    return new SiteInventory(database, new SiteSecrets(vault));
  }

  private constructor(database: Database, secrets: SiteSecrets) {
    const nodes = new NodeStore(database);
    const store = new EngineStore(database);
    const node = (nodeId: string): StoredNode => {
      const found = nodes.get(nodeId);
      if (found === undefined) throw new Error(`no node ${nodeId}`);
      return found;
    };
    super({ database, store, secrets, clock: systemClock, node, onChange: () => undefined });
    this.#nodes = nodes;
    this.#store = store;
  }

  /** By node. */
  get engines(): ReadonlyMap<string, DeployedEngine> {
    return new Map(
      this.#nodes.list().flatMap(({ node: { id } }) => {
        const engine = this.deployedEngine(id);
        return engine === undefined ? [] : [[id, engine] as const];
      }),
    );
  }

  sshTarget(nodeId: string): SshTarget {
    const target = this.targets.get(nodeId);
    if (target === undefined) throw new Error(`no node ${nodeId}`);
    return target;
  }

  noteToken(nodeId: string, tokenId: string): void {
    this.#store.addToken(nodeId, tokenId);
  }

  beginRevoking(nodeId: string, tokenId: string): void {
    this.#store.markRevoking(nodeId, tokenId);
  }

  forgetToken(nodeId: string, tokenId: string): void {
    this.#store.removeToken(nodeId, tokenId);
  }
}

export interface DeskOptions extends Partial<Omit<DeployDependencies, 'inventory'>> {
  readonly trustedKeyLine: string;
  /** A file, to be opened again after a crash. */
  readonly databasePath?: string;
  /** Where the bundles are; the real one's folder unless told. */
  readonly bundleDirectory?: string;
}

interface OpenedDesk extends Omit<DeskOptions, 'databasePath' | 'nodeFiles'> {
  readonly nodeFiles: NodeHostFiles;
  readonly database: Database;
  readonly log: MemoryLog;
  readonly inventory: SiteInventory;
}

/** A desk that can deploy: real journal, registration, SSH, bundles, engine client. */
export class DeployDesk implements AsyncDisposable {
  readonly inventory: SiteInventory;
  readonly log: MemoryLog;
  readonly database: Database;
  readonly runs: RunEngine;
  readonly feature: ReturnType<typeof createDeployFeature>;
  readonly #waiters = new Set<() => void>();

  static async open({ databasePath = ':memory:', ...options }: DeskOptions): Promise<DeployDesk> {
    const nodeFiles = await loadNodeHostFiles(join(root, 'resources', 'node'));
    const database = openDatabase({ path: databasePath, migrations });
    const log = new MemoryLog();
    const inventory = await SiteInventory.open(database, log);
    return new DeployDesk({ database, log, inventory, nodeFiles, ...options });
  }

  private constructor(options: OpenedDesk) {
    const {
      database,
      log,
      inventory,
      trustedKeyLine,
      bundleDirectory: directory = bundleDirectory,
      ...overrides
    } = options;
    this.database = database;
    this.log = log;
    this.inventory = inventory;
    const dependencies: DeployDependencies = {
      inventory: this.inventory,
      bundles: new BundleStore({ directory, trustedKeyLine }),
      ssh: createSsh({ connectMs: 2_000, handshakeMs: 5_000 }),
      engineProbe: {
        readVersion: (endpoint, signal) => readEngineVersion(connectEngine, endpoint, signal),
      },
      clock: systemClock,
      enginePort: 8443,
      reserveBytes: defaultReserveBytes,
      healthTimeoutMs: 30_000,
      ...overrides,
    };
    this.runs = new RunEngine({
      journal: createSqliteJournal(this.database),
      clock: systemClock,
      log: this.log,
      definitions: [defineDeploy(dependencies)],
      onChange: () => {
        for (const wake of this.#waiters) wake();
      },
    });
    this.feature = createDeployFeature(dependencies, this.runs);
  }

  addNode(target: SshTarget): void {
    this.inventory.targets.set('rec-1', target);
    this.database
      .prepare(
        `INSERT OR IGNORE INTO node (id, name, address, port, username, authentication, host_key_fingerprint, added_utc_ms)
         VALUES ('rec-1', 'rec-1', ?, ?, ?, 'password', ?, 0)`,
      )
      .run(target.address, target.port, target.username, target.hostKeyFingerprint);
  }

  async deploy(): Promise<Run> {
    const { runId } = await this.feature.handlers.start({ nodeId: 'rec-1' }, new AbortController().signal);
    await this.runs.ended(runId);
    return this.runs.get(runId);
  }

  /** Starts a deployment and calls back when a step is running. */
  async begin(stepId: string): Promise<string> {
    const { runId } = await this.feature.handlers.start({ nodeId: 'rec-1' }, new AbortController().signal);
    await this.until(() => stepState(this.runs.get(runId), stepId) === 'running');
    return runId;
  }

  /** Waits for a change after which `condition` holds. */
  async until(condition: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = (): void => {
      if (condition()) resolve();
    };
    this.#waiters.add(check);
    check();
    await promise;
    this.#waiters.delete(check);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runs.stop();
    this.database.close();
  }
}

export function stepState(run: Run, stepId: string): string {
  return run.steps.find((step) => step.id === stepId)?.state.kind ?? 'no such step';
}

/** Step by step, what became of a run. */
export function outline(run: Run): Record<string, string> {
  return Object.fromEntries(run.steps.map((step) => [step.id, step.state.kind]));
}
