import { mkdir, readFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { BlockList, isIPv6 } from 'node:net';
import { join, resolve } from 'node:path';
import { systemClock } from '../clock.ts';
import type { SimClock } from '../clock.ts';
import { Blackhole } from './blackhole.ts';
import type { CommandEnvironment } from './command.ts';
import { fillDisk, freeDisk, mountDisk, unmountDisk } from './disk.ts';
import { forgetHostKey, loadHostKey } from './host-key.ts';
import { killNodeProcesses, nodeMarkerVariable } from './processes.ts';
import { SimSshServer } from './ssh-server.ts';
import { bootCommands, installTools } from './tools.ts';

export interface SimNodeOptions {
  /** The node's host name. */
  readonly name: string;
  /** A loopback address; anything else is refused, because whoever signs in runs real commands. */
  readonly address: string;
  readonly port: number;
  /** Everything of the node is in here and stays there between starts. */
  readonly directory: string;
  readonly username: string;
  readonly password: string;
  /** Lines of an authorized_keys file. */
  readonly authorizedKeys?: readonly string[];
  /** Puts the home on a real file system of this size that is lost on stop; needs root. For `fillDisk`. */
  readonly diskBytes?: number;
  readonly clock?: SimClock;
}

/** What is wrong with the node as seen from the network. */
export type SimNodeFault =
  /** Nobody listens: connections are refused. */
  | { readonly kind: 'refuse' }
  /** Connection attempts get no answer. */
  | { readonly kind: 'blackhole' }
  /** Accepts connections and never says a word. */
  | { readonly kind: 'hang' }
  /** Takes this long before it greets, and again before each command. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Every credential is wrong. */
  | { readonly kind: 'wrong-password' };

type Presence =
  | { readonly kind: 'none' }
  | { readonly kind: 'server'; readonly server: SimSshServer }
  | { readonly kind: 'blackhole'; readonly blackhole: Blackhole };

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** A server of the simulated site: real SSH, real processes, one folder, and faults to switch on. */
export class SimNode {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly directory: string;
  readonly homeDirectory: string;
  readonly #options: SimNodeOptions;
  readonly #clock: SimClock;
  #fault: SimNodeFault | undefined;
  #presence: Presence = { kind: 'none' };
  #isRunning = false;

  constructor(options: SimNodeOptions) {
    if (!loopback.check(options.address, isIPv6(options.address) ? 'ipv6' : 'ipv4')) {
      throw new Error(
        `${options.address} is no loopback address; a simulated node must not be reachable from outside.`,
      );
    }
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.name = options.name;
    this.address = options.address;
    this.port = options.port;
    this.directory = resolve(options.directory);
    this.homeDirectory = join(this.directory, 'home');
  }

  /** Boots: what a crash left is killed, the SSH server listens, @reboot lines of the node's crontab run. */
  async start(): Promise<void> {
    if (this.#isRunning) throw new Error(`The simulated node ${this.name} runs already.`);
    await killNodeProcesses(this.directory);
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await installTools(join(this.directory, 'bin'));
    if (this.#options.diskBytes === undefined)
      await mkdir(this.homeDirectory, { recursive: true, mode: 0o700 });
    else await mountDisk(this.homeDirectory, this.#options.diskBytes);
    await this.#boot();
  }

  /** Nothing stays: no listener, no process that was started on the node, no mount. The folder remains. */
  async stop(): Promise<void> {
    await this.#powerOff();
    if (this.#options.diskBytes !== undefined) await unmountDisk(this.homeDirectory);
  }

  /** Kills everything as a power cut would, stays away for `downMs`, then boots. */
  async reboot(downMs: number): Promise<void> {
    await this.#powerOff();
    const { promise, resolve: wake } = Promise.withResolvers<void>();
    this.#clock.schedule(downMs, wake);
    await promise;
    await this.#boot();
  }

  /** Switches a fault on, or with none off. Open connections are cut when it concerns the network. */
  async setFault(fault?: SimNodeFault): Promise<void> {
    this.#fault = fault;
    if (this.#isRunning) await this.#appear();
  }

  /** The server shows another host key from now on, as after a reinstallation. */
  async changeHostKey(): Promise<void> {
    await forgetHostKey(this.#hostKeyPath);
    if (this.#isRunning) await this.#appear();
  }

  /** Leaves at most `leaveBytes` free on the node's disk; only with `diskBytes`. */
  async fillDisk(leaveBytes = 0): Promise<void> {
    if (this.#options.diskBytes === undefined)
      throw new Error(`The simulated node ${this.name} has no disk of its own.`);
    await fillDisk(this.homeDirectory, leaveBytes);
  }

  async freeDisk(): Promise<void> {
    await freeDisk(this.homeDirectory);
  }

  get #hostKeyPath(): string {
    return join(this.directory, 'ssh_host_ed25519_key');
  }

  get #environment(): CommandEnvironment {
    return {
      homeDirectory: this.homeDirectory,
      variables: {
        HOME: this.homeDirectory,
        USER: this.#options.username,
        LOGNAME: this.#options.username,
        SHELL: '/bin/sh',
        LANG: 'C.UTF-8',
        PATH: join(this.directory, 'bin'),
        BELVEDERE_NODE_HOST: 'supervised',
        [nodeMarkerVariable]: this.directory,
      },
    };
  }

  async #boot(): Promise<void> {
    this.#isRunning = true;
    await this.#appear();
    const crontab = await readFile(join(this.directory, 'crontab'), 'utf8').catch(() => '');
    for (const command of bootCommands(crontab)) {
      spawn('/bin/sh', ['-c', command], {
        cwd: this.homeDirectory,
        env: this.#environment.variables,
        stdio: 'ignore',
        detached: true,
      }).unref();
    }
  }

  async #powerOff(): Promise<void> {
    this.#isRunning = false;
    await this.#disappear();
    await killNodeProcesses(this.directory);
  }

  async #appear(): Promise<void> {
    await this.#disappear();
    switch (this.#fault?.kind) {
      case 'refuse':
        return;
      case 'blackhole':
        this.#presence = { kind: 'blackhole', blackhole: await Blackhole.open(this.address, this.port) };
        return;
      case 'hang':
      case 'slow':
      case 'wrong-password':
      case undefined: {
        const server = await this.#makeServer();
        await server.start();
        this.#presence = { kind: 'server', server };
      }
    }
  }

  async #disappear(): Promise<void> {
    const presence = this.#presence;
    this.#presence = { kind: 'none' };
    if (presence.kind === 'server') await presence.server.stop();
    if (presence.kind === 'blackhole') await presence.blackhole[Symbol.asyncDispose]();
  }

  async #makeServer(): Promise<SimSshServer> {
    const { address, port, username, password, authorizedKeys = [] } = this.#options;
    const proceedSlowly = (proceed: () => void): void => {
      if (this.#fault?.kind === 'slow') this.#clock.schedule(this.#fault.delayMs, proceed);
      else proceed();
    };
    return new SimSshServer({
      address,
      port,
      username,
      password,
      authorizedKeys,
      hostKey: await loadHostKey(this.#hostKeyPath),
      environment: this.#environment,
      admit: (proceed) => {
        if (this.#fault?.kind !== 'hang') proceedSlowly(proceed);
      },
      acceptsCredentials: () => this.#fault?.kind !== 'wrong-password',
      beforeCommand: proceedSlowly,
    });
  }
}

export function createSimNode(options: SimNodeOptions): SimNode {
  return new SimNode(options);
}
