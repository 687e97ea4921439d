import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  type CameraConfig,
  ConfigView,
  EngineStatus,
  Enrolment,
  SegmentList,
  enginePaths,
} from '../../src/shared/engine-api/index.ts';

const root = join(import.meta.dirname, '..', '..');
const entry = join(root, 'src', 'engine', 'index.ts');

/** A real engine in a process of its own on loopback, spoken to over its API as an administrator. */
export interface EngineProcess extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  readonly token: string;
  readonly directory: string;
  status(): Promise<EngineStatus>;
  configure(cameras: readonly CameraConfig[]): Promise<ConfigView>;
  segments(cameraId: string): Promise<SegmentList>;
  /** Asks for the status again and again until it is as wanted. Throws with the last one when `timeoutMs` have passed. */
  until(wanted: (status: EngineStatus) => boolean, timeoutMs: number): Promise<EngineStatus>;
  /** Ends the process and waits for it; SIGTERM unless told. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** @param directory the engine's directory, made when it is not there */
export async function startEngineProcess(directory: string): Promise<EngineProcess> {
  const child = spawn(
    process.execPath,
    [entry, 'run', '--dir', directory, '--host', '127.0.0.1', '--port', '0'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const { pid } = child;
  if (pid === undefined) throw new Error('the engine did not start');
  await untilReady(child);
  const enrolment = Enrolment.parse(
    JSON.parse(await runOnce(['enrol', '--dir', directory, '--scope', 'admin'])),
  );
  const ask = (method: string, path: string, body?: object): Promise<unknown> =>
    askEngine({
      port: enrolment.port,
      token: enrolment.token,
      method,
      path,
      ...(body === undefined ? {} : { body }),
    });
  const status = async () => EngineStatus.parse(await ask('GET', enginePaths.status));
  const stop = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };

  return {
    pid,
    port: enrolment.port,
    token: enrolment.token,
    directory,
    status,
    async configure(cameras) {
      const { version } = ConfigView.parse(await ask('GET', enginePaths.config));
      return ConfigView.parse(await ask('PUT', enginePaths.config, { version, cameras }));
    },
    segments: async (cameraId) => SegmentList.parse(await ask('GET', enginePaths.segments(cameraId))),
    async until(wanted, timeoutMs) {
      const deadlineMs = performance.now() + timeoutMs;
      for (;;) {
        const present = await status();
        if (wanted(present)) return present;
        if (performance.now() > deadlineMs)
          throw new Error(`the engine stayed at ${JSON.stringify(present.cameras)}`);
        // The API has no event for this yet; each answer is a round trip, so this polls, and never waits blindly.
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}

/** The engine prints JSON lines; the one with `"ready":true` says that it listens. */
async function untilReady(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error('no standard output');
  const lines = createInterface({ input: child.stdout });
  const ready = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      if (line.includes('"ready":true')) resolve();
    });
  });
  const ended = once(child, 'exit').then(([code]): never => {
    throw new Error(`the engine ended with ${code} before it was ready`);
  });
  await Promise.race([ready, ended]);
  ended.catch(() => undefined);
}

async function runOnce(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`belvedere-engine ${args[0]} ended with ${code}`);
  return output;
}

function askEngine(options: {
  readonly port: number;
  readonly token: string;
  readonly method: string;
  readonly path: string;
  readonly body?: object;
}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port: options.port,
        method: options.method,
        path: options.path,
        // The pin has its own tests; here both ends are ours and on loopback.
        rejectUnauthorized: false,
        headers: { authorization: `Bearer ${options.token}`, 'content-type': 'application/json' },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          if (response.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`${options.method} ${options.path}: ${response.statusCode} ${text}`));
        });
      },
    );
    asked.on('error', reject);
    asked.end(options.body === undefined ? undefined : JSON.stringify(options.body));
  });
}
