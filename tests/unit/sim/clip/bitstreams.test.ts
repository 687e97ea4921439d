import { describe, expect, it } from 'vitest';

import { parseAdts } from '../../../../src/sim/clip/adts.ts';
import { groupAccessUnits, splitNalUnits } from '../../../../src/sim/clip/annex-b.ts';

const sps = Buffer.from('6742c01e', 'hex');
const pps = Buffer.from('68ce3c80', 'hex');
const idr = Buffer.from('65888400', 'hex');
/** A second slice of the same picture: first_mb_in_slice is not 0. */
const idrContinued = Buffer.from('6540aa11', 'hex');
const slice = Buffer.from('419a2233', 'hex');
const delimiter = Buffer.from('0910', 'hex');

const short = Buffer.from('000001', 'hex');
const long = Buffer.from('00000001', 'hex');

describe('Annex B', () => {
  it('splits at short and long start codes and drops trailing zeros', () => {
    const stream = Buffer.concat([
      long,
      sps,
      short,
      pps,
      long,
      idr.subarray(0, 3),
      Buffer.alloc(3),
      short,
      slice,
    ]);
    expect(splitNalUnits(stream)).toEqual([sps, pps, idr.subarray(0, 3), slice]);
  });

  it('finds nothing before the first start code', () => {
    expect(splitNalUnits(Buffer.from('aabbcc', 'hex'))).toEqual([]);
  });

  it('keeps the slices of a picture together and drops delimiters', () => {
    expect(groupAccessUnits([delimiter, sps, pps, idr, idrContinued, delimiter, slice, slice])).toEqual([
      { nalUnits: [sps, pps, idr, idrContinued], keyframe: true },
      { nalUnits: [slice], keyframe: false },
      { nalUnits: [slice], keyframe: false },
    ]);
  });
});

/** An ADTS frame of AAC-LC, 32 kHz, mono, without a check. */
function adtsFrame(payload: Buffer): Buffer {
  const length = payload.length + 7;
  const header = Buffer.of(
    0xff,
    0xf1,
    0x54,
    0x40 | (length >> 11),
    (length >> 3) & 0xff,
    ((length & 7) << 5) | 0x1f,
    0xfc,
  );
  return Buffer.concat([header, payload]);
}

describe('ADTS', () => {
  const [first, second] = [Buffer.from('010203', 'hex'), Buffer.alloc(300, 7)];

  it('takes the frames out and builds the AudioSpecificConfig', () => {
    expect(parseAdts(Buffer.concat([adtsFrame(first), adtsFrame(second)]))).toEqual({
      codec: 'aac',
      sampleRateHz: 32_000,
      channels: 1,
      samplesPerUnit: 1024,
      config: Buffer.from('1288', 'hex'),
      accessUnits: [first, second],
    });
  });

  it('says where the file is damaged', () => {
    const whole = Buffer.concat([adtsFrame(first), adtsFrame(second)]);
    expect(() => parseAdts(whole.subarray(0, -1))).toThrow(
      'The ADTS frame at byte 10 has the impossible length 307.',
    );
    expect(() => parseAdts(Buffer.from('not audio at all'))).toThrow('No ADTS sync word at byte 0.');
    expect(() => parseAdts(Buffer.alloc(0))).toThrow('The ADTS file has no audio.');
  });
});
