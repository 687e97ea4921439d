/** The thread in which a target is fuzzed. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { fuzz } from './fuzz.ts';
import { targets } from './targets/index.ts';

const FuzzTaskSchema = z.object({
  target: z.string(),
  seed: z.number(),
  runs: z.number(),
  firstRun: z.number(),
  /** Shared; holds the number of the current run. */
  progress: z.custom<Int32Array<SharedArrayBuffer>>(
    (value) => value instanceof Int32Array && value.buffer instanceof SharedArrayBuffer,
  ),
});
export type FuzzTask = z.infer<typeof FuzzTaskSchema>;

export type FuzzReport =
  | { readonly kind: 'passed'; readonly grownMiB: number }
  | { readonly kind: 'broken'; readonly run: number; readonly error: string };

/** What a parser keeps between inputs is bounded by little; heaps differ by some as they please. */
const TOLERATED_GROWTH_MIB = 48;

/** After a full collection, so that what is in use is what is held. */
function usedMiB(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

async function work(): Promise<FuzzReport> {
  const { target: name, seed, runs, firstRun, progress } = FuzzTaskSchema.parse(workerData);
  const target = targets.find((candidate) => candidate.name === name);
  if (target === undefined) throw new RangeError(`There is no target ${name}.`);
  const parts = await target.load();
  const onRun = (run: number): void => {
    Atomics.store(progress, 0, run);
  };
  const warmUp = Math.ceil(runs / 5);
  const first = fuzz(parts, { seed, firstRun, runs: warmUp, onRun });
  const usedBeforeMiB = usedMiB();
  const failure = first ?? fuzz(parts, { seed, firstRun: firstRun + warmUp, runs: runs - warmUp, onRun });
  if (failure !== undefined) {
    const { error, run } = failure;
    return {
      kind: 'broken',
      run,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
  const grownMiB = usedMiB() - usedBeforeMiB;
  if (grownMiB > TOLERATED_GROWTH_MIB) {
    throw new Error(
      `${name} holds ${grownMiB.toFixed(1)} MiB more than after a fifth of the runs of seed ${seed}.`,
    );
  }
  return { kind: 'passed', grownMiB };
}

parentPort?.postMessage(await work(), []);
