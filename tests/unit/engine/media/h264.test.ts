import { describe, expect, it } from 'vitest';
import {
  avcDecoderConfiguration,
  h264CodecString,
  h264TrackFrom,
  parseSequenceParameterSet,
} from '../../../../src/engine/media/h264.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

/** Sizes and rates are ffmpeg's (`trace_headers`) for the same bytes. */
const CAMERAS = [
  {
    camera: 'Dahua, high profile',
    sps: 'Z2QAHqwsaoLA9puCgIKgAAADACAAAAMD0IAA',
    expected: {
      profileIdc: 100,
      profileCompatibility: 0,
      levelIdc: 30,
      chromaFormatIdc: 1,
      bitDepthLuma: 8,
      bitDepthChroma: 8,
      width: 704,
      height: 480,
      framesPerSecond: 15,
    },
    codec: 'avc1.64001e',
  },
  {
    camera: 'Foscam, without VUI',
    sps: 'Z00AH5WoFAFuQA==',
    expected: {
      profileIdc: 77,
      profileCompatibility: 0,
      levelIdc: 31,
      chromaFormatIdc: 1,
      bitDepthLuma: 8,
      bitDepthChroma: 8,
      width: 1280,
      height: 720,
    },
    codec: 'avc1.4d001f',
  },
  {
    camera: 'GeoVision, cropped to 1520 lines',
    sps: 'Z01AMpWgCoAwfiZuAgICgAAB9AAAdTBC',
    expected: {
      profileIdc: 77,
      profileCompatibility: 64,
      levelIdc: 50,
      chromaFormatIdc: 1,
      bitDepthLuma: 8,
      bitDepthChroma: 8,
      width: 2688,
      height: 1520,
      framesPerSecond: 30,
    },
    codec: 'avc1.4d4032',
  },
  {
    camera: 'Hikvision, cropped to 1080 lines',
    sps: 'Z00AKZpkA8ARPyzUBAQFAAADA+gAAOpgBA==',
    expected: {
      profileIdc: 77,
      profileCompatibility: 0,
      levelIdc: 41,
      chromaFormatIdc: 1,
      bitDepthLuma: 8,
      bitDepthChroma: 8,
      width: 1920,
      height: 1080,
      framesPerSecond: 30,
    },
    codec: 'avc1.4d0029',
  },
] as const;

describe('parseSequenceParameterSet', () => {
  it.each(CAMERAS)('reads the one of a $camera', ({ sps, expected }) => {
    expect(parseSequenceParameterSet(fromBase64(sps))).toEqual(expected);
  });

  it('refuses another NAL unit', () => {
    expect(parseSequenceParameterSet(fromBase64('aO48gA=='))).toBeUndefined();
  });

  it('refuses one that is cut off before the picture size is complete', () => {
    const whole = fromBase64('Z00AH5WoFAFuQA==');
    const outcomes = Array.from({ length: 8 }, (_, length) =>
      parseSequenceParameterSet(whole.subarray(0, length)),
    );
    expect(outcomes).toEqual(Array.from({ length: 8 }, () => undefined));
  });

  it('leaves out the timing of a VUI that is cut off', () => {
    const whole = fromBase64('Z2QAHqwsaoLA9puCgIKgAAADACAAAAMD0IAA');
    expect(parseSequenceParameterSet(whole.subarray(0, 17))).toEqual({
      profileIdc: 100,
      profileCompatibility: 0,
      levelIdc: 30,
      chromaFormatIdc: 1,
      bitDepthLuma: 8,
      bitDepthChroma: 8,
      width: 704,
      height: 480,
    });
  });
});

describe('what containers need', () => {
  it.each(CAMERAS)('gives the codec string of a $camera', ({ sps, codec }) => {
    expect(h264CodecString(fromBase64(sps))).toBe(codec);
  });

  it('describes a track', () => {
    const sps = fromBase64('Z00AKZpkA8ARPyzUBAQFAAADA+gAAOpgBA==');
    const pps = fromBase64('aO48gA==');
    expect(h264TrackFrom(sps, pps)).toEqual({
      kind: 'video',
      codec: 'h264',
      sps,
      pps,
      width: 1920,
      height: 1080,
      nominalFramesPerSecond: 30,
    });
    expect(h264TrackFrom(pps, sps)).toBeUndefined();
  });

  it('writes the decoder configuration, for the high profile with chroma format and bit depths', () => {
    const main = { sps: fromBase64('Z00AH5WoFAFuQA=='), pps: fromBase64('aO48gA==') };
    const high = { sps: fromBase64('Z2QAM6zoAoALWQ=='), pps: fromBase64('aO48MA==') };
    expect(hex(avcDecoderConfiguration(main))).toBe(`014d001fffe1000a${hex(main.sps)}010004${hex(main.pps)}`);
    expect(hex(avcDecoderConfiguration(high))).toBe(
      `01640033ffe1000a${hex(high.sps)}010004${hex(high.pps)}fdf8f800`,
    );
  });
});
