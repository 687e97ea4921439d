import { describe, expect, it } from 'vitest';
import { scanFile, writeInit, writePart } from '../../../../../src/engine/media/fmp4/index.ts';
import { allocatePages } from '../../../../../src/engine/media/page-memory.ts';
import { syntheticDescription } from '../../recording/synthetic-stream.ts';
import { byteSource, hex, plain } from './byte-source.ts';

const picture = Uint8Array.from([0, 0, 0, 2, 0x65, 0x88]);
const next = Uint8Array.from([0, 0, 0, 1, 0x41]);
const sound = Uint8Array.from([0x21, 0x10]);

describe('writePart', () => {
  it('writes moof and mdat byte for byte, one traf a track', () => {
    const part = writePart(7, [
      {
        track: 'video',
        baseDecodeTime: 0x1_0000_0002,
        samples: [
          { data: picture, duration: 3600, compositionOffset: 7200, isSync: true },
          { data: next, duration: 3601, compositionOffset: -3600, isSync: false },
        ],
      },
      {
        track: 'audio',
        baseDecodeTime: 1024,
        samples: [{ data: sound, duration: 1024, compositionOffset: 0, isSync: true }],
      },
    ]);

    const [header = new Uint8Array()] = part.chunks;
    expect(hex(header)).toBe(
      plain(
        [
          '000000c4 6d6f6f66', // moof
          '00000010 6d666864 00000000 00000007', // mfhd: sequence 7
          '00000060 74726166', // traf
          '00000010 74666864 00020000 00000001', // tfhd: default-base-is-moof, track 1
          '00000014 74666474 01000000 00000001 00000002', // tfdt: 2^32 + 2
          '00000034 7472756e 01000f01 00000002 000000cc', // trun: two samples, first at 204
          '00000e10 00000006 02000000 00001c20',
          '00000e11 00000005 01010000 fffff1f0',
          '0000004c 74726166', // traf
          '00000010 74666864 00020000 00000002', // tfhd: track 2
          '00000014 74666474 01000000 00000000 00000400', // tfdt: 1024
          '00000020 7472756e 01000701 00000001 000000d7', // trun: one sample, at 215
          '00000400 00000002 02000000',
          '00000015 6d646174', // mdat: 13 bytes
        ].join(''),
      ),
    );
  });

  it('hands out the samples themselves, not copies', () => {
    const part = writePart(1, [
      {
        track: 'video',
        baseDecodeTime: 0,
        samples: [
          { data: picture, duration: 1, compositionOffset: 0, isSync: true },
          { data: next, duration: 1, compositionOffset: 0, isSync: false },
        ],
      },
      { track: 'audio', baseDecodeTime: 0, samples: [] },
    ]);

    expect(part.chunks[1]).toBe(picture);
    expect(part.chunks[2]).toBe(next);
    expect(part.chunks).toHaveLength(3);
    expect(part.byteLength).toBe(part.chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  });
});

describe('writePart, paged', () => {
  const memory = allocatePages(512 * 1024);
  const sampleAt = (start: number, byteLength: number, buffer: ArrayBuffer = memory) => ({
    data: new Uint8Array(buffer, start, byteLength).fill(start % 251),
    duration: 100,
    compositionOffset: 0,
    isSync: start === 0,
  });
  const few = { data: sound, duration: 1024, compositionOffset: 0, isSync: true };

  it('places neighbours in memory as far into a page as they lie, and hands them out as one chunk', async () => {
    const far = 300 * 1024 + 5;
    const samples = [sampleAt(777, 50_000), sampleAt(50_777, 30_000), sampleAt(far, 90_000)];
    const part = writePart(
      3,
      [
        { track: 'video', baseDecodeTime: 9, samples },
        { track: 'audio', baseDecodeTime: 0, samples: [few] },
      ],
      'paged',
    );
    const bytes = Buffer.concat(part.chunks);
    expect(part.chunks.map(({ byteLength }) => byteLength)).toEqual([
      part.chunks[0]?.byteLength,
      777 - (part.chunks[0]?.byteLength ?? 0),
      80_000,
      expect.any(Number),
      90_000,
      2,
    ]);
    const starts = part.chunks.map((_, index) =>
      part.chunks.slice(0, index).reduce((sum, { byteLength }) => sum + byteLength, 0),
    );
    expect([(starts[2] ?? 0) % 4096, (starts[4] ?? 0) % 4096]).toEqual([777, far % 4096]);
    expect(part.chunks[1]?.every((byte) => byte === 0)).toBe(true);
    expect(part.chunks[3]?.every((byte) => byte === 0)).toBe(true);

    const init = writeInit(syntheticDescription(true));
    const scanned = await scanFile(byteSource(Buffer.concat([init, bytes])));
    expect(scanned).toMatchObject({
      validByteLength: init.byteLength + part.byteLength,
      parts: [
        {
          byteLength: part.byteLength,
          tracks: [
            { trackId: 1, baseDecodeTime: 9, duration: 300, sampleCount: 3, startsWithSync: false },
            { trackId: 2, sampleCount: 1 },
          ],
        },
      ],
    });
    expect(scanned.damage).toBeUndefined();
  });

  it('is dense where the address of memory is not known, or the neighbours are few bytes', () => {
    const unknown = new ArrayBuffer(512 * 1024);
    for (const samples of [
      [sampleAt(777, 80_000, unknown), sampleAt(100_000, 80_000, unknown)],
      [sampleAt(777, 60_000), sampleAt(100_000, 20_000)],
    ]) {
      const tracks = [{ track: 'video', baseDecodeTime: 0, samples } as const];
      expect(Buffer.concat(writePart(1, tracks, 'paged').chunks)).toEqual(
        Buffer.concat(writePart(1, tracks).chunks),
      );
    }
  });
});
