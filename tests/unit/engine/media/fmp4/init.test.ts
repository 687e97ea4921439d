import { describe, expect, it } from 'vitest';
import { scanFile, writeInit } from '../../../../../src/engine/media/fmp4/index.ts';
import { syntheticDescription } from '../../recording/synthetic-stream.ts';
import { byteSource, hex, plain } from './byte-source.ts';

function boxesNamed(bytes: Uint8Array, type: string): string[] {
  const buffer = Buffer.from(bytes);
  const found: string[] = [];
  for (let at = buffer.indexOf(type); at >= 0; at = buffer.indexOf(type, at + 4))
    found.push(hex(buffer.subarray(at - 4, at - 4 + buffer.readUInt32BE(at - 4))));
  return found;
}

describe('writeInit', () => {
  it('begins with the brands', () => {
    const init = writeInit(syntheticDescription(false));

    expect(Buffer.from(init.subarray(0, 32)).toString('latin1')).toBe(
      '\0\0\0\x20ftypiso6\0\0\0\x01iso5iso6avc1mp41',
    );
  });

  it('describes AVC with its parameter sets', () => {
    const init = writeInit(syntheticDescription(false));

    expect(boxesNamed(init, 'avcC')).toEqual([
      plain('00000022 61766343 0142c01effe1 000a6742c01ed900a02ff961 01 000568cb83cb20'),
    ]);
  });

  it('describes AAC with its configuration', () => {
    const init = writeInit(syntheticDescription(true));

    expect(boxesNamed(init, 'esds')).toEqual([
      plain(
        '00000033 65736473 00000000 03 80808022 0000 00 04 80808014 40 15 000000 00000000 00000000 05 80808002 1188 06 80808001 02',
      ),
    ]);
  });

  it('is read back with its tracks and time scales', async () => {
    const extension = Uint8Array.from([0, 0, 0, 26, 0x75, 0x75, 0x69, 0x64, ...Array(16).fill(7), 1, 2]);
    const init = writeInit(syntheticDescription(true), [extension]);

    expect(await scanFile(byteSource(init))).toEqual({
      initByteLength: init.byteLength,
      extensions: [Uint8Array.from([...Array(16).fill(7), 1, 2])],
      tracks: [
        { trackId: 1, kind: 'video', timescale: 90_000 },
        { trackId: 2, kind: 'audio', timescale: 48_000 },
      ],
      parts: [],
      validByteLength: init.byteLength,
    });
  });
});
