import { describe, expect, it } from 'vitest';
import {
  scanFile,
  writeInit,
  writePart,
  type PartTrack,
} from '../../../../../src/engine/media/fmp4/index.ts';
import { mulberry32, syntheticDescription } from '../../recording/synthetic-stream.ts';
import { byteSource } from './byte-source.ts';

function track(
  kind: 'video' | 'audio',
  { base, sizes }: { base: number; sizes: readonly number[] },
): PartTrack {
  return {
    track: kind,
    baseDecodeTime: base,
    samples: sizes.map((size, index) => ({
      data: new Uint8Array(size).fill(index + 1),
      duration: 100 + index,
      compositionOffset: 0,
      isSync: index === 0,
    })),
  };
}

const init = writeInit(syntheticDescription(true));
const parts = [
  writePart(1, [track('video', { base: 0, sizes: [50, 20] }), track('audio', { base: 0, sizes: [5] })]),
  writePart(2, [track('video', { base: 201, sizes: [60] })]),
  writePart(3, [track('audio', { base: 100, sizes: [7, 7] })]),
];
const file = Buffer.concat([init, ...parts.flatMap((part) => part.chunks)]);
/** Where each part ends, and before them the initialization segment. */
const ends = parts.reduce((list, part) => [...list, (list.at(-1) ?? 0) + part.byteLength], [init.byteLength]);

describe('scanFile', () => {
  it('finds every part with what it holds', async () => {
    const scanned = await scanFile(byteSource(file));

    expect(scanned.parts).toEqual([
      {
        position: ends[0],
        byteLength: parts[0]?.byteLength,
        sequenceNumber: 1,
        tracks: [
          { trackId: 1, baseDecodeTime: 0, duration: 201, sampleCount: 2, startsWithSync: true },
          { trackId: 2, baseDecodeTime: 0, duration: 100, sampleCount: 1, startsWithSync: true },
        ],
      },
      {
        position: ends[1],
        byteLength: parts[1]?.byteLength,
        sequenceNumber: 2,
        tracks: [{ trackId: 1, baseDecodeTime: 201, duration: 100, sampleCount: 1, startsWithSync: true }],
      },
      {
        position: ends[2],
        byteLength: parts[2]?.byteLength,
        sequenceNumber: 3,
        tracks: [{ trackId: 2, baseDecodeTime: 100, duration: 201, sampleCount: 2, startsWithSync: true }],
      },
    ]);
    expect(scanned.validByteLength).toBe(file.byteLength);
    expect(scanned).not.toHaveProperty('damage');
  });

  it('stops at the last whole part wherever the file is cut', async () => {
    for (let length = 0; length <= file.byteLength; length += 1) {
      const scanned = await scanFile(byteSource(file.subarray(0, length)));

      const wholeEnds = ends.filter((end) => end <= length);
      expect({ length, valid: scanned.validByteLength, parts: scanned.parts.length }).toEqual({
        length,
        valid: wholeEnds.at(-1) ?? 0,
        parts: Math.max(0, wholeEnds.length - 1),
      });
    }
  });

  it('counts padding to the part before it', async () => {
    const padding = Uint8Array.from([0, 0, 0, 12, 0x66, 0x72, 0x65, 0x65, 0, 0, 0, 0]);
    const [first, second] = parts;
    if (first === undefined || second === undefined) throw new Error('There are three parts.');
    const padded = Buffer.concat([init, ...first.chunks, padding, ...second.chunks]);

    const scanned = await scanFile(byteSource(padded));

    expect(scanned.parts.map(({ position, byteLength }) => ({ position, byteLength }))).toEqual([
      { position: ends[0], byteLength: first.byteLength + padding.byteLength },
      { position: init.byteLength + first.byteLength + padding.byteLength, byteLength: second.byteLength },
    ]);
    expect(scanned.validByteLength).toBe(padded.byteLength);
  });

  it('stops at a stretch of zeros, as a power cut leaves it', async () => {
    const scanned = await scanFile(byteSource(Buffer.concat([file, new Uint8Array(4096)])));

    expect(scanned.validByteLength).toBe(file.byteLength);
    expect(scanned.damage).toBe(`an impossible box size at ${file.byteLength}`);
  });

  const seed = Number(process.env['BELVEDERE_TEST_SEED'] ?? Date.now() % 2 ** 31);
  it(`neither throws nor reads beyond the file when bytes are changed (seed ${seed})`, async () => {
    const random = mulberry32(seed);
    for (let round = 0; round < 2000; round += 1) {
      const damaged = Buffer.from(file);
      for (let change = 0; change < 3; change += 1)
        damaged[Math.floor(random() * damaged.byteLength)] = Math.floor(random() * 256);

      const scanned = await scanFile(byteSource(damaged));

      expect(scanned.validByteLength).toBeLessThanOrEqual(damaged.byteLength);
      const contiguous = scanned.parts.every((part, index) => {
        const previous = scanned.parts[index - 1];
        return (
          part.position === (previous ? previous.position + previous.byteLength : scanned.initByteLength)
        );
      });
      expect(contiguous).toBe(true);
    }
  });
});
