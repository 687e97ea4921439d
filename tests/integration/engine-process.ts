import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TLSSocket } from 'node:tls';
import { certificatePin } from '../../src/engine/platform/certificate.ts';
import { Enrolment } from '../../src/shared/engine-api/index.ts';
import type { TokenScope } from '../../src/shared/engine-api/index.ts';
import { askEngine, engineRequest } from './ask-engine.ts';
import type { Answer, AskOptions } from './ask-engine.ts';

export type { Answer, AskOptions } from './ask-engine.ts';

/** Real engines in processes of their own, on loopback. */

const sourceEntry = fileURLToPath(new URL('../../src/engine/index.ts', import.meta.url));

const compileCache = fileURLToPath(new URL('../../.cache/node-compile', import.meta.url));

/** How to start an engine's command: from source, or from an unpacked bundle. */
export interface EngineCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

export const engineFromSource: EngineCommand = {
  file: process.execPath,
  args: [sourceEntry],
  // The engine is started dozens of times: its types are stripped once.
  environment: { ...process.env, NODE_COMPILE_CACHE: compileCache },
};

export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of the engine's commands to its end. */
export function runEngineCommand(args: readonly string[], command = engineFromSource): CommandResult {
  const result = spawnSync(command.file, [...command.args, ...args], {
    env: command.environment,
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { exitCode: result.status, stdout: result.stdout, stderr: result.stderr };
}

interface StartOptions {
  readonly command?: EngineCommand;
  /** Further arguments of `run`. */
  readonly args?: readonly string[];
}

/** A running engine. Disposing kills it. */
export class EngineProcess implements AsyncDisposable {
  readonly directory: string;
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #lines: readonly string[];
  readonly #command: EngineCommand;

  private constructor(fields: {
    readonly directory: string;
    readonly port: number;
    readonly child: ChildProcess;
    readonly lines: readonly string[];
    readonly command: EngineCommand;
  }) {
    this.directory = fields.directory;
    this.port = fields.port;
    this.#child = fields.child;
    this.#lines = fields.lines;
    this.#command = fields.command;
  }

  /** Starts an engine and waits until it says that it is ready. Rejects with what it said when it ends instead. */
  static async start(
    directory: string,
    { command = engineFromSource, args: more = [] }: StartOptions = {},
  ): Promise<EngineProcess> {
    const args = ['run', '--dir', directory, '--host', '127.0.0.1', '--port', '0', ...more];
    const child = spawn(command.file, [...command.args, ...args], {
      env: command.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines: string[] = [];
    const port = await new Promise<number>((resolve, reject) => {
      createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
      createInterface({ input: child.stdout }).on('line', (line) => {
        lines.push(line);
        const found = /"ready":true.*"port":(\d+)/.exec(line)?.[1];
        if (found !== undefined) resolve(Number(found));
      });
      child.once('close', (code) => reject(new Error(`The engine ended with ${code}:\n${lines.join('\n')}`)));
      child.once('error', reject);
    });
    return new EngineProcess({ directory, port, child, lines, command });
  }

  /** Everything the engine has written. */
  get log(): string {
    return this.#lines.join('\n');
  }

  get processId(): number {
    if (this.#child.pid === undefined) throw new Error('The engine was never started.');
    return this.#child.pid;
  }

  enrol(scope: TokenScope): Enrolment {
    const result = runEngineCommand(['enrol', '--dir', this.directory, '--scope', scope], this.#command);
    return Enrolment.parse(JSON.parse(result.stdout));
  }

  /** One request on a connection of its own. */
  ask(path: string, options: AskOptions = {}): Promise<Answer> {
    return askEngine(this.port, path, options);
  }

  /** The pin of the certificate that the engine presents. */
  presentedPin(): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const asked = request(engineRequest(this.port, '/health'), (response) => {
      response.resume();
      if (!(response.socket instanceof TLSSocket)) throw new TypeError('Not a TLS connection.');
      resolve(certificatePin(new X509Certificate(response.socket.getPeerCertificate().raw)));
    });
    asked.on('error', reject);
    asked.end();
    return promise;
  }

  /** Sends a signal and waits for the end. */
  async end(
    signal: NodeJS.Signals,
  ): Promise<{ readonly code: number | null; readonly signal: string | null }> {
    const ended = once(this.#child, 'close');
    this.#child.kill(signal);
    await ended;
    return { code: this.#child.exitCode, signal: this.#child.signalCode };
  }

  /** Waits for an end that nobody asks for. */
  async ended(): Promise<{ readonly code: number | null; readonly signal: string | null }> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'close');
    return { code: this.#child.exitCode, signal: this.#child.signalCode };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.end('SIGKILL');
  }
}

/** An empty directory that is removed with everything in it. */
export async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'belvedere-engine-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
