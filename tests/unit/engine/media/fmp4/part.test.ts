import { describe, expect, it } from 'vitest';
import { writePart } from '../../../../../src/engine/media/fmp4/index.ts';
import { hex, plain } from './byte-source.ts';

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
