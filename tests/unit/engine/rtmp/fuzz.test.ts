/**
 * Damaged RTMP, AMF and FLV break no promise. `npm run fuzz -- rtmp amf flv` does the same at length, and sees hangs and growth
 * as well: tests/integration/fuzz.test.ts.
 */
import { describe, expect, it } from 'vitest';
import { fuzz } from '../../../fuzz/fuzz.ts';
import { amfTarget } from '../../../fuzz/targets/amf.ts';
import { flvTarget } from '../../../fuzz/targets/flv.ts';
import { rtmpTarget } from '../../../fuzz/targets/rtmp.ts';
import { seededRandom } from '../../../integration/seeded-random.ts';

const RUNS = 1_500;

describe.each([rtmpTarget, amfTarget, flvTarget])('$name', (target) => {
  it('in order is understood, and damaged breaks no promise', async () => {
    const parts = await target.load();
    for (const part of parts)
      expect(part.corpus.map((input) => part.run(input) > 0)).toEqual(part.corpus.map(() => true));
    const { seed } = seededRandom();
    expect({ seed, failure: fuzz(parts, { seed, runs: RUNS }) }).toEqual({ seed, failure: undefined });
  });
});
