import { describe, expect, it } from 'vitest';
import { scanFile } from '../../../../src/engine/media/fmp4/index.ts';
import { conditionOf } from '../../../../src/engine/storage/file-condition.ts';
import { segmentPieces } from '../../../integration/segment-bytes.ts';
import { byteSource } from '../media/fmp4/byte-source.ts';

/** An initialization segment and four parts of some 40 KB. */
const pieces = segmentPieces({
  cameraId: 'gate',
  startUtcMs: 1_700_000_000_000,
  parts: 4,
  pictureBytes: 1600,
});
const whole = Buffer.concat(pieces);
const startOf = (piece: number): number => Buffer.concat(pieces.slice(0, piece)).byteLength;
const megabytes = (count: number): Buffer => Buffer.alloc(count * 1024 ** 2, 0x5a);

/** The whole file with other bytes from a position on. */
function withBytes(position: number, bytes: string | Buffer): Buffer {
  const copy = Buffer.from(whole);
  Buffer.from(bytes).copy(copy, position);
  return copy;
}

/** Every byte of the block of 4096 that begins after a position is lost. */
function withoutBlockAfter(position: number): Buffer {
  const start = Math.ceil(position / 4096) * 4096;
  return withBytes(start, Buffer.alloc(4096));
}

describe('what a file is good for that nobody writes to', () => {
  it.each([
    { file: 'nothing missing', bytes: whole, condition: 'whole' },
    { file: 'a part that was never completed', bytes: whole.subarray(0, -1000), condition: 'cut-off' },
    { file: 'a box header that was cut off', bytes: whole.subarray(0, startOf(4) + 3), condition: 'cut-off' },
    { file: 'a part without its media', bytes: whole.subarray(0, startOf(3) + 700), condition: 'cut-off' },
    {
      file: 'something short that is no part',
      bytes: Buffer.concat([whole, megabytes(7)]),
      condition: 'cut-off',
    },
    {
      file: 'more after it than can be under way',
      bytes: Buffer.concat([whole, megabytes(9)]),
      condition: 'damaged',
    },
    {
      file: 'a damaged part before whole ones',
      bytes: withBytes(startOf(2) + 4, 'mooX'),
      condition: 'damaged',
    },
    { file: 'a damaged part at its end', bytes: withBytes(startOf(4) + 4, 'mooX'), condition: 'cut-off' },
    { file: 'an initialization segment only', bytes: whole.subarray(0, startOf(1)), condition: 'empty' },
    { file: 'less than one part', bytes: whole.subarray(0, startOf(1) + 20_000), condition: 'empty' },
    { file: 'less than an initialization segment', bytes: whole.subarray(0, 300), condition: 'empty' },
    { file: 'nothing', bytes: Buffer.alloc(0), condition: 'empty' },
    { file: 'only its first part damaged', bytes: withBytes(startOf(1) + 4, 'mooX'), condition: 'unusable' },
    { file: 'a damaged moov', bytes: withBytes(whole.indexOf('moov'), 'mooX'), condition: 'unusable' },
    { file: 'a beginning of nothing known', bytes: megabytes(1), condition: 'unusable' },
  ])('$file: $condition', async ({ bytes, condition }) => {
    const source = byteSource(bytes);

    expect(await conditionOf(source, await scanFile(source))).toBe(condition);
  });

  it('parts before a sector that cannot be read: damaged', async () => {
    const file = byteSource(whole.subarray(0, -1000));
    const badSector = startOf(4) + 8192;
    const source = {
      byteLength: file.byteLength,
      read: async (position: number, length: number) => {
        if (position <= badSector && position + length > badSector)
          throw Object.assign(new Error('EIO: injected'), { code: 'EIO' });
        return file.read(position, length);
      },
    };

    expect(await conditionOf(source, await scanFile(source))).toBe('damaged');
  });

  it('a block that was never written amid what was not synced: cut-off', async () => {
    // The part whose header lies in the block that is lost.
    const part = [2, 3, 4].find((piece) => {
      const lost = withoutBlockAfter(startOf(piece) - 4095);
      return lost.subarray(startOf(piece), startOf(piece) + 8).every((byte) => byte === 0);
    });
    if (part === undefined) throw new Error('No part begins within a block.');
    const source = byteSource(withoutBlockAfter(startOf(part) - 4095));
    const scanned = await scanFile(source);

    expect(scanned.parts).toHaveLength(part - 1);
    expect(await conditionOf(source, scanned)).toBe('cut-off');
  });
});
