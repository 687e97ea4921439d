/**
 * `npm run fuzz -- rtsp --runs 100000 [--seed S] [--first-run N]` feeds damaged input to the parsers of the named targets (all
 * of them without a name) and says what broke a promise. The same seed does the same again. `--replay FILE` feeds the input
 * that a failed run has written down.
 */
import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { caseOf } from './fuzz.ts';
import type { FuzzInput, FuzzPart, FuzzTarget } from './target.ts';
import { targets } from './targets/index.ts';
import type { FuzzReport, FuzzTask } from './worker.ts';

const OUTPUT_FOLDER = path.join('out', 'fuzz');
/** One input takes well below a millisecond: this is a hang, also on a busy machine. */
const HANG_MS = 15_000;

const ReproducingFile = z.object({
  target: z.string(),
  part: z.string(),
  error: z.string(),
  /** Base64. */
  pieces: z.array(z.string()),
});

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    'first-run': { type: 'string', default: '0' },
    replay: { type: 'string' },
  },
});

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function numberOption(name: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new RangeError(`--${name} takes a whole number, not ${text}.`);
  return Number(text);
}

function targetNamed(name: string): FuzzTarget {
  const target = targets.find((candidate) => candidate.name === name);
  if (target !== undefined) return target;
  throw new RangeError(
    `There is no target ${name}; there are: ${targets.map((known) => known.name).join(', ')}.`,
  );
}

async function replay(file: string): Promise<number> {
  const recorded = ReproducingFile.parse(JSON.parse(readFileSync(file, 'utf8')));
  const parts = await targetNamed(recorded.target).load();
  const part = parts.find(({ name }) => name === recorded.part);
  if (part === undefined) throw new RangeError(`${recorded.target} has no part ${recorded.part} any more.`);
  part.run(recorded.pieces.map((piece) => Buffer.from(piece, 'base64')));
  print(`${recorded.target}/${recorded.part}: this input breaks nothing any more.`);
  return 0;
}

/** Runs in a thread of its own, which is watched: a parser that never ends cannot say so itself. */
async function run(target: FuzzTarget, task: Omit<FuzzTask, 'target' | 'progress'>): Promise<number> {
  const { seed, runs } = task;
  print(`fuzz ${target.name}: ${runs} runs, seed ${seed}`);
  const progress = new Int32Array(new SharedArrayBuffer(4));
  progress.fill(-1);
  const startedMs = performance.now();
  const report = await watch(target, { ...task, target: target.name, progress }, progress);
  const seconds = (performance.now() - startedMs) / 1_000;
  if (report.kind === 'passed') {
    const pace = Math.round(runs / seconds);
    print(
      `fuzz ${target.name}: nothing broken in ${seconds.toFixed(1)} s, ${pace} runs a second, ${report.grownMiB.toFixed(1)} MiB more in use than after a fifth of them`,
    );
    return 0;
  }
  const { part, input } = caseOf(await target.load(), seed, report.run);
  const file = writeReproducingFile({ target, part, input, error: report.error });
  print(`fuzz ${target.name}: run ${report.run} of seed ${seed} broke ${part.name}: ${report.error}`);
  print(`fuzz ${target.name}: npm run fuzz -- --replay ${file}`);
  return 1;
}

async function watch(
  target: FuzzTarget,
  task: FuzzTask,
  progress: FuzzTask['progress'],
): Promise<FuzzReport> {
  const { promise, resolve, reject } = Promise.withResolvers<FuzzReport>();
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: task });
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', (code) => {
    reject(new Error(`The thread that fuzzes ${target.name} ended with code ${code}.`));
  });
  let seen = -1;
  const watchdog = setInterval(() => {
    const current = Atomics.load(progress, 0);
    if (current === seen && current >= 0) {
      resolve({ kind: 'broken', run: current, error: `it did not end within ${HANG_MS / 1_000} s` });
    }
    seen = current;
  }, HANG_MS);
  try {
    return await promise;
  } finally {
    clearInterval(watchdog);
    await worker.terminate();
  }
}

function writeReproducingFile({
  target,
  part,
  input,
  error,
}: {
  readonly target: FuzzTarget;
  readonly part: FuzzPart;
  readonly input: FuzzInput;
  readonly error: string;
}): string {
  mkdirSync(OUTPUT_FOLDER, { recursive: true });
  const file = path.join(OUTPUT_FOLDER, `${target.name}-${part.name}.json`);
  const content: z.infer<typeof ReproducingFile> = {
    target: target.name,
    part: part.name,
    error,
    pieces: input.map((piece) => piece.toString('base64')),
  };
  writeFileSync(file, `${JSON.stringify(content, undefined, 1)}\n`);
  return file;
}

async function main(): Promise<number> {
  if (values.replay !== undefined) return replay(values.replay);
  const seed = values.seed === undefined ? randomInt(2 ** 31) : numberOption('seed', values.seed);
  const runs = numberOption('runs', values.runs);
  const firstRun = numberOption('first-run', values['first-run']);
  let broken = 0;
  for (const target of positionals.length === 0 ? targets : positionals.map(targetNamed)) {
    broken += await run(target, { seed, runs, firstRun });
  }
  return broken === 0 ? 0 : 1;
}

process.exitCode = await main();
