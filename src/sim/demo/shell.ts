import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

/** What the demo tells the shell through its standard input. */
export interface ShellSettings {
  readonly passphrase: string;
  readonly demo?: {
    readonly cameraUsername: string;
    readonly cameraPassword: string;
    readonly nodeUsername: string;
    readonly nodePassword: string;
  };
  readonly discoveryScope: {
    readonly interfaces: readonly string[];
    readonly nodeRanges: readonly { readonly cidr: string; readonly port: number }[];
  };
}

export interface RunningShell {
  /** A fresh link to the desk; works once, within a minute. */
  link(): Promise<string>;
  /** With the exit code, null after a signal. */
  readonly ended: Promise<number | null>;
  stop(): void;
}

const linkPattern = /http:\/\/127\.0\.0\.1:\d+\/#code=\S+/;

/**
 * Starts the app as a person would, through `scripts/start.mjs`.
 *
 * @param print gets every line of the shell that is not an answer to `link()`
 */
export function startShell(options: {
  readonly args: readonly string[];
  readonly settings: ShellSettings;
  readonly print: (line: string) => void;
}): RunningShell {
  const start = join(import.meta.dirname, '..', '..', '..', 'scripts', 'start.mjs');
  const child = spawn(process.execPath, [start, ...options.args, '--settings-stdin'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => resolve(code));
    child.once('error', () => resolve(1));
  });
  const waiting: ((link: string) => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const link = linkPattern.exec(line)?.[0];
    const taker = link === undefined ? undefined : waiting.shift();
    if (link !== undefined && taker !== undefined) taker(link);
    else options.print(line);
  });
  // The shell may end first; `ended` tells.
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify(options.settings)}\n`);

  return {
    link: () =>
      Promise.race([
        new Promise<string>((resolve) => {
          waiting.push(resolve);
          child.stdin.write('\n');
        }),
        ended.then((code): never => {
          throw new Error(`the app ended before it was ready (exit code ${code ?? 'none'})`);
        }),
      ]),
    ended,
    stop: () => void child.kill('SIGTERM'),
  };
}
