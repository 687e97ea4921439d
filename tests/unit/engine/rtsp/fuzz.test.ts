/**
 * Damaged input never throws but as the named failure, never yields what breaks a promise to those behind, and leaves nothing
 * behind. `npm run fuzz -- rtsp` does the same at length, and sees hangs and growth as well: tests/integration/fuzz.test.ts.
 */
import { expect, it } from 'vitest';
import { caseOf, fuzz } from '../../../fuzz/fuzz.ts';
import { rtspTarget } from '../../../fuzz/targets/rtsp.ts';
import { seededRandom } from '../../../integration/seeded-random.ts';

const RUNS = 3_000;

const parts = await rtspTarget.load();

it.each(parts)('$name: what is in order is understood', (part) => {
  expect(part.corpus.length).toBeGreaterThan(0);
  expect(part.corpus.map((input) => part.run(input) > 0)).toEqual(part.corpus.map(() => true));
});

it('damaged input breaks no promise', () => {
  const { seed } = seededRandom();
  expect({ seed, failure: fuzz(parts, { seed, runs: RUNS }) }).toEqual({ seed, failure: undefined });
});

function inputsOf(seed: number): readonly string[] {
  return parts.map((_, run) => Buffer.concat([...caseOf(parts, seed, run).input]).toString('hex'));
}

it('the same seed damages the same way', () => {
  expect(inputsOf(7)).toEqual(inputsOf(7));
  expect(inputsOf(7)).not.toEqual(inputsOf(8));
});

it('a broken promise is told with its part and its run', () => {
  const failure = fuzz(
    [
      { name: 'sound', shape: 'stream', corpus: [[Buffer.of(1)]], run: () => 1 },
      {
        name: 'broken',
        shape: 'packets',
        corpus: [[Buffer.of(1)]],
        run: () => {
          throw new RangeError('out of range');
        },
      },
    ],
    { seed: 1, runs: 10 },
  );
  expect(failure).toEqual({ part: 'broken', run: 1, error: new RangeError('out of range') });
});
