import { describe, expect, it } from 'vitest';
import {
  h265CodecString,
  h265FrameRateOfVps,
  h265TrackFrom,
  hevcDecoderConfiguration,
  parseH265SequenceParameterSet,
} from '../../../../src/engine/media/h265.ts';
import { mulberry32 } from '../recording/synthetic-stream.ts';

/** Of a Dahua camera, which says 12 frames a second beside it. */
const CAMERA_VPS = Buffer.from('QAEMAf//AWAAAAMAsAAAAwAAAwBarAwAAAMABAAAAwAyqA==', 'base64');
const CAMERA_SPS = Buffer.from('QgEBAWAAAAMAsAAAAwAAAwBaoAWCAeFja5JFL83BQYFBAAADAAEAAAMADKE=', 'base64');
const CAMERA_PPS = Buffer.from('RAHA8saNA7NA', 'base64');

/** Written by x265; sizes, formats and rates are what ffprobe says of its streams. */
const sets = [
  {
    what: 'a size that is no multiple of a block',
    sps: '420101016000000300900000030000030078a003c08011075365ba4a4c2f016808000003000800000300c840',
    expected: { width: 1918, height: 1078, maxReorderPictures: 0, framesPerSecond: 25 },
    codec: 'hvc1.1.6.L120.90',
  },
  {
    what: 'ten bits in the high tier, with a rate that is no whole number',
    sps: '420101222000000300900000030000030078a005020171f2b6595992930bc05a02000007d20000ea6010',
    expected: { width: 640, height: 360, bitDepthLuma: 10, bitDepthChroma: 10, maxReorderPictures: 2 },
    codec: 'hvc1.2.4.H120.90',
  },
  {
    what: 'colour without subsampling, and scaling lists',
    sps: '4201010408000003009e0800000300003c9001510080e3e3f2cac8949c2f016808000003000800000300c840',
    expected: { width: 322, height: 242, chromaFormatIdc: 3, maxReorderPictures: 2, framesPerSecond: 25 },
    codec: 'hvc1.4.10.L60.9E.8',
  },
  {
    what: 'colour halved in width only, and a hypothetical decoder',
    sps: '4201010408000003009d0800000300003cb00b080485966654a4c2f0168080000003008000000cb00a4b370007a12000f42440',
    expected: { width: 352, height: 288, chromaFormatIdc: 2, maxReorderPictures: 2, framesPerSecond: 25 },
    codec: 'hvc1.4.10.L60.9D.8',
  },
  {
    what: 'everything that may stand before the timing',
    sps: '420101016000000300900000030000030078a003c0801107cb96e929385e09ea0204056c5b6e0000030002000003003210',
    expected: { width: 1920, height: 1080, maxReorderPictures: 0, framesPerSecond: 25 },
    codec: 'hvc1.1.6.L120.90',
  },
];

describe('parseH265SequenceParameterSet', () => {
  it('reads a camera’s', () => {
    expect(parseH265SequenceParameterSet(CAMERA_SPS)).toEqual({
      profileTierLevel: Uint8Array.from([1, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 90]),
      temporalLayers: 1,
      isTemporalIdNested: true,
      chromaFormatIdc: 1,
      bitDepthLuma: 8,
      bitDepthChroma: 8,
      width: 704,
      height: 480,
      maxReorderPictures: 0,
      framesPerSecond: 12,
    });
  });

  it.each(sets)('reads $what', ({ sps, expected, codec }) => {
    const nal = Buffer.from(sps, 'hex');
    expect(parseH265SequenceParameterSet(nal)).toMatchObject(expected);
    expect(h265CodecString(nal)).toBe(codec);
  });

  it('refuses what is cut off before the size is known, and keeps the size of what is cut off later', () => {
    const lengths = Array.from({ length: CAMERA_SPS.length }, (_, length) => length);
    const widths = lengths.map(
      (length) => parseH265SequenceParameterSet(CAMERA_SPS.subarray(0, length))?.width,
    );
    const first = widths.indexOf(704);
    expect(widths).toEqual(lengths.map((length) => (length < first ? undefined : 704)));
    expect(first).toBeGreaterThan(20);
  });

  const seed = Number(process.env['BELVEDERE_TEST_SEED'] ?? Date.now() % 2 ** 31);
  it(`reads damaged ones without an end or a size that no camera has (seed ${seed})`, () => {
    const random = mulberry32(seed);
    for (let round = 0; round < 5000; round += 1) {
      const damaged = Buffer.from(sets[round % sets.length]?.sps ?? '', 'hex');
      for (let change = 0; change < 4; change += 1) {
        damaged[2 + Math.floor(random() * (damaged.length - 2))] = Math.floor(random() * 256);
      }
      const parsed = parseH265SequenceParameterSet(damaged);
      const side = Math.max(parsed?.width ?? 1, parsed?.height ?? 1);
      expect(side).toBeLessThanOrEqual(16_384);
      expect(Math.min(parsed?.width ?? 1, parsed?.height ?? 1)).toBeGreaterThan(0);
      h265FrameRateOfVps(Buffer.concat([Buffer.from([0x40, 1]), damaged.subarray(2)]));
    }
  });
});

describe('h265TrackFrom', () => {
  it('takes the rate from the VPS where the SPS has none', () => {
    // Cut off in the VUI: what is left has its size still.
    const sps = CAMERA_SPS.subarray(0, CAMERA_SPS.length - 12);
    expect(parseH265SequenceParameterSet(sps)).not.toHaveProperty('framesPerSecond');
    expect(h265TrackFrom({ vps: CAMERA_VPS, sps, pps: CAMERA_PPS })).toEqual({
      kind: 'video',
      codec: 'h265',
      vps: CAMERA_VPS,
      sps,
      pps: CAMERA_PPS,
      width: 704,
      height: 480,
      nominalFramesPerSecond: 12,
    });
  });

  it('refuses junk in place of a parameter set', () => {
    const junk = Buffer.from('junk');
    expect(h265TrackFrom({ vps: CAMERA_VPS, sps: junk, pps: CAMERA_PPS })).toBeUndefined();
    expect(h265TrackFrom({ vps: Buffer.alloc(0), sps: CAMERA_SPS, pps: CAMERA_PPS })).toBeUndefined();
  });
});

/** An array of one parameter set, as the record has it. */
function sized(type: string, nal: Buffer): string {
  return `${type}0001${nal.length.toString(16).padStart(4, '0')}${nal.toString('hex')}`;
}

it('hevcDecoderConfiguration has profile, format and the complete parameter sets', () => {
  const record = hevcDecoderConfiguration({ vps: CAMERA_VPS, sps: CAMERA_SPS, pps: CAMERA_PPS });
  expect(Buffer.from(record).toString('hex')).toBe(
    [
      '01 01 60000000 b00000000000 5a', // version, profile, compatibility, constraints, level
      'f000 fc fd f8 f8 0000', // unknown segmentation and parallelism, 4:2:0, 8 bits, no rate
      '0f 03', // one temporal layer, nested, lengths of four bytes; three arrays
      sized('a0', CAMERA_VPS),
      sized('a1', CAMERA_SPS),
      sized('a2', CAMERA_PPS),
    ]
      .join('')
      .replaceAll(' ', ''),
  );
});
