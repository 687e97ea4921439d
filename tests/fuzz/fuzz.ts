/** Runs a target's parts in turn, each input made of the seed and its number alone, so that any can be had again. */
import { mulberry32 } from '../unit/engine/recording/synthetic-stream.ts';
import { below, cut, damaged, noise, pick, shuffled } from './mutate.ts';
import type { Random } from './mutate.ts';
import type { FuzzInput, FuzzPart } from './target.ts';

const LARGEST_GARBAGE_BYTES = 2_000;

export interface FuzzCase {
  readonly part: FuzzPart;
  readonly input: FuzzInput;
}

/** The input of one run. */
export function caseOf(parts: readonly FuzzPart[], seed: number, run: number): FuzzCase {
  const part = parts[run % parts.length];
  if (part === undefined) throw new Error('The target has no parts.');
  // 2^32 divided by the golden ratio: neighbouring runs get seeds far apart.
  const random = mulberry32((seed + Math.imul(run, 0x9e37_79b1)) | 0);
  return { part, input: inputFor(part, random) };
}

function inputFor({ shape, corpus }: FuzzPart, random: Random): FuzzInput {
  switch (shape) {
    case 'stream':
      return cut(damagedStream(corpus, random), random);
    case 'packets':
      return random() < 0.02
        ? Array.from({ length: below(20, random) }, () => noise(LARGEST_GARBAGE_BYTES, random))
        : shuffled(pick(corpus, random), random);
  }
}

function damagedStream(corpus: readonly FuzzInput[], random: Random): Buffer {
  if (random() < 0.02) return noise(LARGEST_GARBAGE_BYTES, random);
  // Two in a row: what the first leaves behind meets the second.
  const pieces = random() < 0.3 ? [pick(corpus, random), pick(corpus, random)] : [pick(corpus, random)];
  const stream = pieces.flat();
  return damaged(Buffer.concat(random() < 0.2 ? shuffled(stream, random) : stream), random);
}

export interface FuzzFailure {
  readonly part: string;
  readonly run: number;
  readonly error: unknown;
}

/** Feeds the inputs of `runs` runs from number `firstRun` on; stops at the first that breaks a promise. */
export function fuzz(
  parts: readonly FuzzPart[],
  {
    seed,
    runs,
    firstRun = 0,
    onRun,
  }: {
    readonly seed: number;
    readonly runs: number;
    readonly firstRun?: number;
    /** Before each run. */
    readonly onRun?: (run: number) => void;
  },
): FuzzFailure | undefined {
  for (let run = firstRun; run < firstRun + runs; run += 1) {
    onRun?.(run);
    const { part, input } = caseOf(parts, seed, run);
    try {
      part.run(input);
    } catch (error) {
      return { part: part.name, run, error };
    }
  }
  return undefined;
}
