import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

const clockTicksPerSecond = 100;

export type Helper = ChildProcessByStdio<Writable, Readable, null>;

/** Another process of the benchmark, from a file beside this one. It ends when its standard input does. */
export function startHelper(file: string, args: readonly string[]): Helper {
  return spawn(process.execPath, [join(import.meta.dirname, file), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/** Waits for what a helper prints next. Rejects when it ends before. */
export async function lineFrom(child: Helper): Promise<string> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a helper of the benchmark ended with ${String(code)}`);
  });
  const [data] = await Promise.race([once(child.stdout, 'data'), ended]);
  return String(data);
}

export interface ProcessCost {
  /** All threads, user and system, per minute: the median of the windows. */
  readonly cpuSecondsPer60s: number;
  readonly cpuOfWindows: readonly number[];
  /** Proportional set, summed over the processes: the median over the seconds, and the highest. */
  readonly pssMiB: number;
  readonly pssHighestMiB: number;
  readonly seconds: number;
}

/** Watches processes for `windows` times `seconds`; `afterEachWindow` looks at something else, at a cost that does not count. */
export async function measure(
  pids: readonly number[],
  plan: { readonly windows: number; readonly seconds: number },
  afterEachWindow: () => Promise<void> = async () => undefined,
): Promise<ProcessCost> {
  const cpuOfWindows: number[] = [];
  const sets: number[] = [];
  const startMs = performance.now();
  let elapsed = 0;
  for (let window = 0; window < plan.windows; window += 1) {
    const before = { cpu: await sumOf(pids, cpuSeconds), atMs: performance.now() };
    for (let second = 0; second < plan.seconds; second += 1) {
      elapsed += 1;
      await delay(Math.max(0, startMs + elapsed * 1000 - performance.now()));
      sets.push(await sumOf(pids, proportionalSetMiB));
    }
    const cpu = (await sumOf(pids, cpuSeconds)) - before.cpu;
    cpuOfWindows.push((cpu / (performance.now() - before.atMs)) * 60_000);
    await afterEachWindow();
  }
  return {
    cpuSecondsPer60s: round(median(cpuOfWindows), 2),
    cpuOfWindows: cpuOfWindows.map((cpu) => round(cpu, 2)),
    pssMiB: round(median(sets), 1),
    pssHighestMiB: round(Math.max(...sets), 1),
    seconds: round((performance.now() - startMs) / 1000, 1),
  };
}

async function sumOf(pids: readonly number[], figure: (pid: number) => Promise<number>): Promise<number> {
  const figures = await Promise.all(pids.map(figure));
  return figures.reduce((sum, one) => sum + one, 0);
}

/** User and system time of all threads, proc(5) /proc/PID/stat fields 14 and 15. */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond;
}

export async function proportionalSetMiB(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]) / 1024;
}

export function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
