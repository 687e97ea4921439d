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
import { BundleStore } from '../../src/main/platform/bundle/index.ts';
import { systemClock } from '../../src/main/platform/clock/index.ts';
import { migrations, openDatabase } from '../../src/main/platform/database/index.ts';
import { connectEngine } from '../../src/main/platform/engine-client/index.ts';
import { readEngineVersion } from '../../src/main/platform/engine-client/version-probe.ts';
import { loadNodeHostFiles } from '../../src/main/platform/node-host/index.ts';
import type { Database } from '../../src/main/platform/ports.ts';
import { createSsh } from '../../src/main/platform/ssh/index.ts';
import type { SshTarget } from '../../src/main/platform/ssh/index.ts';
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

/** What the site knows, in memory. */
export class MemoryInventory implements DeployInventory {
  readonly targets = new Map<string, SshTarget>();
  readonly engines = new Map<string, DeployedEngine>();

  sshTarget(nodeId: string): SshTarget {
    const target = this.targets.get(nodeId);
    if (target === undefined) throw new Error(`no node ${nodeId}`);
    return target;
  }

  deployedEngine(nodeId: string): DeployedEngine | undefined {
    return this.engines.get(nodeId);
  }

  markDeployed(nodeId: string, engine: DeployedEngine): void {
    this.engines.set(nodeId, engine);
  }
}

export interface DeskOptions extends Partial<DeployDependencies> {
  readonly trustedKeyLine: string;
  /** A file, to be opened again after a crash. */
  readonly databasePath?: string;
  /** Where the bundles are; the real one's folder unless told. */
  readonly bundleDirectory?: string;
}

/** A desk that can deploy: real journal, SSH, bundles, engine client; the inventory in memory. */
export class DeployDesk implements AsyncDisposable {
  readonly inventory = new MemoryInventory();
  readonly log = new MemoryLog();
  readonly database: Database;
  readonly runs: RunEngine;
  readonly feature: ReturnType<typeof createDeployFeature>;
  readonly #waiters = new Set<() => void>();

  static async open(options: DeskOptions): Promise<DeployDesk> {
    const nodeFiles = await loadNodeHostFiles(join(root, 'resources', 'node'));
    return new DeployDesk({ nodeFiles, ...options });
  }

  private constructor(options: DeskOptions & Pick<DeployDependencies, 'nodeFiles'>) {
    const {
      trustedKeyLine,
      databasePath,
      bundleDirectory: directory = bundleDirectory,
      ...overrides
    } = options;
    this.database = openDatabase({ path: databasePath ?? ':memory:', migrations });
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
