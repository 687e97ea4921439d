/**
 * `npm run fuzz` over all its targets, each in a process of its own: unlike the unit tests, which feed the same damage in
 * process, it sees parsers that never end and memory that grows. `BELVEDERE_TEST_SEED` repeats a run.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { targets } from '../fuzz/targets/index.ts';
import { runsWhole } from '../support/sampling.ts';
import { seededRandom } from './seeded-random.ts';

const RUNS_A_PART = runsWhole ? 100_000 : 400;
const LONGEST_MS = runsWhole ? 1_200_000 : 60_000;

const run = promisify(execFile);

it.each(targets)(
  'nothing that $name reads is broken, hung or grown by damage',
  { timeout: LONGEST_MS },
  async (target) => {
    const parts = await target.load();
    const { seed } = seededRandom();
    const runs = RUNS_A_PART * parts.length;
    const args = ['tests/fuzz/main.ts', target.name, '--runs', String(runs), '--seed', String(seed)];
    // A code other than 0 rejects, with all that was said: what broke, and how to have it again.
    const { stdout } = await run(process.execPath, args, { timeout: LONGEST_MS });
    expect(stdout).toContain(`fuzz ${target.name}: nothing broken`);
  },
);
