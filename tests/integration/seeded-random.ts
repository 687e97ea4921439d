import { randomInt } from 'node:crypto';
import { mulberry32 } from '../unit/engine/recording/synthetic-stream.ts';

export interface SeededRandom {
  readonly seed: number;
  /** From 0 to below 1. */
  next(): number;
}

/** Random numbers that can be had again: set `BELVEDERE_TEST_SEED` to the seed a failing test printed. */
export function seededRandom(): SeededRandom {
  const seed = Number(process.env['BELVEDERE_TEST_SEED'] ?? randomInt(2 ** 31));
  return { seed, next: mulberry32(seed) };
}
