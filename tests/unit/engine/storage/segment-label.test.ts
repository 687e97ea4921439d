import { describe, expect, it } from 'vitest';
import { scanFile, writeInit } from '../../../../src/engine/media/fmp4/index.ts';
import { readSegmentLabel, writeSegmentLabel } from '../../../../src/engine/storage/segment-label.ts';
import { byteSource } from '../media/fmp4/byte-source.ts';
import { syntheticDescription } from '../recording/synthetic-stream.ts';

const label = {
  cameraId: 'gate-north',
  startUtcMs: 1_700_000_000_000.5,
  startMonotonicMs: 12_345.25,
  bootId: '7f0c7f1e-9a4b-4a57-8f53-0f3f9d3c2b11',
  clockOffsetMs: -3.5,
  mediaStart90k: 1800,
};

async function throughFile(box: Uint8Array): Promise<ReturnType<typeof readSegmentLabel>> {
  const { extensions } = await scanFile(byteSource(writeInit(syntheticDescription(false), [box])));
  return readSegmentLabel(extensions);
}

describe('the label in a segment', () => {
  it('says again what was known at the start', async () => {
    const { clockOffsetMs: _, ...withoutOffset } = label;

    expect(await throughFile(writeSegmentLabel(label))).toEqual(label);
    expect(await throughFile(writeSegmentLabel(withoutOffset))).toEqual(withoutOffset);
  });

  it('is nothing when it is damaged or somebody else’s', async () => {
    const damaged = writeSegmentLabel(label);
    damaged[30] = 0;
    const foreign = writeSegmentLabel(label);
    foreign[8] = 0;

    expect(await throughFile(damaged)).toBeUndefined();
    expect(await throughFile(foreign)).toBeUndefined();
    expect(readSegmentLabel([])).toBeUndefined();
  });
});
