import type { Enrolment } from '../../../shared/engine-api/index.ts';
import { fail } from '../../failure.ts';
import type { BundleStore, VerifiedBundle } from '../../platform/bundle/index.ts';
import { NodeReleases, archOf, createNodeHost, gatherFacts } from '../../platform/node-host/index.ts';
import type { EngineSettings, HostFacts, NodeHost, NodeHostFiles } from '../../platform/node-host/index.ts';
import type { Clock } from '../../platform/ports.ts';
import type { Ssh, SshConnection, SshTarget } from '../../platform/ssh/index.ts';
import type { RunRequest } from '../../runs/index.ts';
import type { DeployInventory, EngineVersionProbe } from './ports.ts';

export interface DeployDependencies {
  readonly inventory: DeployInventory;
  readonly bundles: BundleStore;
  readonly ssh: Ssh;
  readonly engineProbe: EngineVersionProbe;
  readonly nodeFiles: NodeHostFiles;
  readonly clock: Clock;
  /** Where engines listen. */
  readonly enginePort: number;
  /** Free space that engines leave beside their recordings. */
  readonly reserveBytes: number;
  /** How long a started engine may take to be healthy. */
  readonly healthTimeoutMs: number;
}

/** The node as one connection sees it. */
export interface ReachedNode {
  readonly connection: SshConnection;
  readonly facts: HostFacts;
  readonly host: NodeHost;
  readonly releases: NodeReleases;
}

/** What the steps of one deployment share. Nothing is reached for before a step asks for it. */
export class DeployContext implements AsyncDisposable {
  readonly dependencies: DeployDependencies;
  readonly nodeId: string;
  /** Masks a secret in the run's log. */
  readonly conceal: (secret: string) => void;
  /** The service was changed, so that the engine must start anew whatever runs. */
  needsRestart = false;
  /** Set by the step that enrols. */
  enrolment: Enrolment | undefined;
  #reached: ReachedNode | undefined;
  #bundle: VerifiedBundle | undefined;
  #isInstalled = false;

  constructor(request: Pick<RunRequest<unknown>, 'nodeId' | 'conceal'>, dependencies: DeployDependencies) {
    this.nodeId = request.nodeId;
    this.conceal = request.conceal;
    this.dependencies = dependencies;
  }

  get target(): SshTarget {
    return this.dependencies.inventory.sshTarget(this.nodeId);
  }

  get nodeName(): string {
    return this.target.nodeName ?? this.nodeId;
  }

  /**
   * A node on the loopback network shares this machine with others, each with an address of its own; a real one serves on
   * all of its networks.
   */
  get settings(): EngineSettings {
    const { address } = this.target;
    const isLoopback = address.startsWith('127.') || address === '::1';
    return { port: this.dependencies.enginePort, address: isLoopback ? address : '0.0.0.0' };
  }

  /** The open connection, or a new one: a step that follows a broken one, above all an undo, must get through. */
  async reach(signal: AbortSignal): Promise<ReachedNode> {
    if (this.#reached?.connection.isOpen === true) return this.#reached;
    await this.#letGo();
    const { target, nodeName } = this;
    if (target.authentication.kind === 'password') this.conceal(target.authentication.password);
    const connection = await this.dependencies.ssh.connect(target, signal);
    const facts = await gatherFacts(connection, nodeName, signal);
    const host = createNodeHost({ connection, nodeName, facts, files: this.dependencies.nodeFiles });
    this.#reached = { connection, facts, host, releases: new NodeReleases(host, connection, nodeName) };
    return this.#reached;
  }

  /** The bundle for the node's processor, verified once a run. */
  async bundle(signal: AbortSignal): Promise<VerifiedBundle> {
    if (this.#bundle !== undefined) return this.#bundle;
    const { facts } = await this.reach(signal);
    const arch = archOf(facts);
    if (arch === undefined) {
      throw fail(
        'unsupported-host',
        `There is no engine for the processor of node ${this.nodeName} (${facts.machine}).`,
      );
    }
    this.#bundle = await this.dependencies.bundles.verify(arch, signal);
    return this.#bundle;
  }

  /** True when the bundle's release is on the node and whole; reads it as a whole, so a yes is remembered. */
  async isInstalled(signal: AbortSignal): Promise<boolean> {
    if (this.#isInstalled) return true;
    const { releases } = await this.reach(signal);
    this.#isInstalled = await releases.isInstalled(await this.bundle(signal), signal);
    return this.#isInstalled;
  }

  /** Makes `isInstalled` look again. */
  forgetInstalled(): void {
    this.#isInstalled = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    const reached = this.#reached;
    this.#reached = undefined;
    await reached?.connection[Symbol.asyncDispose]();
  }
}
