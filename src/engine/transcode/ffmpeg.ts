import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { setPriority } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../../shared/domain/clock.ts';
import { errorCode } from '../platform/layout.ts';

/** Pictures and sound for people can wait; recording cannot. */
const NICENESS = 10;
/** Of what ffmpeg says about itself; the rest is thrown away. */
const MAXIMUM_COMPLAINT_BYTES = 2_000;

/** The path of the system's ffmpeg, or undefined where there is none. `searchPath` is the environment's PATH. */
export function findFfmpeg(searchPath: string): string | undefined {
  return searchPath
    .split(delimiter)
    .filter((directory) => isAbsolute(directory))
    .map((directory) => join(directory, 'ffmpeg'))
    .find(isExecutable);
}

export type FfmpegProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/** Starts ffmpeg with pipes only: no terminal, no network, no environment, little priority. */
export function startFfmpeg(program: string, args: readonly string[]): FfmpegProcess {
  const child = spawn(program, ['-nostdin', '-hide_banner', '-loglevel', 'error', '-threads', '1', ...args], {
    cwd: '/',
    env: { LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  if (child.pid !== undefined) lowerPriority(child.pid);
  return child;
}

export interface FfmpegRun {
  readonly program: string;
  readonly args: readonly string[];
  /** For its standard input. */
  readonly input?: Uint8Array;
  readonly timeoutMs: number;
  readonly maximumOutputBytes: number;
}

export type FfmpegOutcome =
  | { readonly kind: 'done'; readonly output: Buffer }
  | { readonly kind: 'failed'; readonly detail: string };

/** Runs ffmpeg once, to its end or that of its patience. */
export async function runFfmpeg(run: FfmpegRun, clock: Clock): Promise<FfmpegOutcome> {
  const child = startFfmpeg(run.program, run.args);
  const output: Buffer[] = [];
  const complaint = collectComplaint(child.stderr);
  const { promise: ended, resolve: end } = Promise.withResolvers<number | null>();
  let outputBytes = 0;
  let reason: string | undefined;
  // A process that a disk holds does not end with the signal, and is not waited for.
  const giveUp = (because: string): void => {
    reason ??= because;
    child.kill('SIGKILL');
    end(null);
  };
  child.once('error', (error) => giveUp(`ffmpeg cannot be started (${errorCode(error)}).`));
  child.once('close', end);
  child.stdout.on('data', (chunk: Buffer) => {
    outputBytes += chunk.byteLength;
    if (outputBytes > run.maximumOutputBytes)
      giveUp(`ffmpeg made more than ${run.maximumOutputBytes} bytes.`);
    else output.push(chunk);
  });
  // It may have enough before it has read everything.
  child.stdin.on('error', () => undefined);
  child.stdin.end(run.input ?? new Uint8Array());
  const patience = clock.after(run.timeoutMs, () =>
    giveUp(`ffmpeg took longer than ${run.timeoutMs / 1_000} s.`),
  );
  const exitCode = await ended;
  patience[Symbol.dispose]();
  if (reason !== undefined) return { kind: 'failed', detail: reason };
  if (exitCode !== 0 || outputBytes === 0) {
    return { kind: 'failed', detail: complaint() ?? `ffmpeg ended with ${exitCode ?? 'a signal'}.` };
  }
  return { kind: 'done', output: Buffer.concat(output, outputBytes) };
}

/** The first of what a process says on standard error; the rest is read, so that it is not held up, and forgotten. */
export function collectComplaint(stderr: Readable): () => string | undefined {
  let text = '';
  stderr.setEncoding('utf8');
  stderr.on('data', (chunk: string) => {
    if (text.length < MAXIMUM_COMPLAINT_BYTES) text += chunk.slice(0, MAXIMUM_COMPLAINT_BYTES - text.length);
  });
  return () => (text.trim() === '' ? undefined : text.trim().replaceAll(/\s+/g, ' '));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function lowerPriority(processId: number): void {
  try {
    setPriority(processId, NICENESS);
  } catch {
    // It has ended already.
  }
}
