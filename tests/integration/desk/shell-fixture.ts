import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

const webShellPath = join(import.meta.dirname, '..', '..', '..', 'src', 'main', 'web.ts');

export interface RunningShell extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Everything it printed so far, both streams. */
  output(): string;
  /** The first line that matches, also one that was printed already. */
  line(pattern: RegExp): Promise<string>;
  send(line: string): void;
  readonly exited: Promise<number | null>;
}

/** The web shell as a process of its own, straight from the sources. */
export function runShell(words: readonly string[], environment: NodeJS.ProcessEnv = {}): RunningShell {
  const child = spawn(process.execPath, [webShellPath, ...words], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, DISPLAY: '', WAYLAND_DISPLAY: '', ...environment },
  });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const look of waiting) look();
    });
  const exited = once(child, 'close').then(([code]: (number | null)[]) => code ?? null);
  return {
    child,
    exited,
    output: () => lines.join('\n'),
    send: (line) => void child.stdin.write(`${line}\n`),
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.find((line) => pattern.test(line));
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
        void exited.then(() => reject(new Error(`It ended without ${pattern}:\n${lines.join('\n')}`)));
      }),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

const linkPattern = /http:\/\/127\.0\.0\.1:(\d+)\/#code=([\w-]{43})/;

export async function printedLink(
  shell: RunningShell,
): Promise<{ readonly port: number; readonly code: string }> {
  const [, port, code] = linkPattern.exec(await shell.line(linkPattern)) ?? [];
  if (port === undefined || code === undefined) throw new Error('There is no link.');
  return { port: Number(port), code };
}
