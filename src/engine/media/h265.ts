/** H.265 bitstream facts: NAL unit types, what containers and the timeline need of the parameter sets. */
import { BitReader } from './bit-reader.ts';
import { readPictureFormat, type H265PictureFormat } from './h265-sps.ts';
import { withoutEmulationPrevention } from './raw-bytes.ts';
import type { H265Track } from './sample.ts';

/** ITU-T H.265 Table 7-1. */
export const H265NalType = {
  /** Random access skipped leading pictures: they refer to pictures before the one that decoding began with. */
  skippedLeading: 8,
  skippedLeadingReference: 9,
  firstRandomAccess: 16,
  lastRandomAccess: 23,
  lastPicture: 31,
  videoParameterSet: 32,
  sequenceParameterSet: 33,
  pictureParameterSet: 34,
  accessUnitDelimiter: 35,
  endOfSequence: 36,
  endOfBitstream: 37,
  fillerData: 38,
  prefixMessage: 39,
  suffixMessage: 40,
} as const;

/** ITU-T H.265 §7.3.1.2: the six bits after the first. */
export function h265NalType(firstByte: number): number {
  return (firstByte >> 1) & 0x3f;
}

export interface H265SequenceParameterSet extends H265PictureFormat {
  /** profile_tier_level() up to and with general_level_idc: 12 bytes (ITU-T H.265 §7.3.3). */
  readonly profileTierLevel: Uint8Array;
  readonly temporalLayers: number;
  readonly isTemporalIdNested: boolean;
}

const HEADER_BYTES = 2;
const PROFILE_TIER_LEVEL_BYTES = 12;

/**
 * Parses a sequence parameter set NAL unit (ITU-T H.265 §7.3.2.2), header included, start code not. Returns undefined for
 * anything else, and for sizes no camera has.
 */
export function parseH265SequenceParameterSet(nal: Uint8Array): H265SequenceParameterSet | undefined {
  if (nal.length < HEADER_BYTES || h265NalType(nal[0] ?? 0) !== H265NalType.sequenceParameterSet) {
    return undefined;
  }
  const bytes = withoutEmulationPrevention(nal.subarray(HEADER_BYTES));
  const reader = new BitReader(bytes);
  reader.skip(4); // sps_video_parameter_set_id
  const furtherLayers = reader.bits(3);
  const isTemporalIdNested = reader.flag();
  const profileTierLevel = bytes.slice(1, 1 + PROFILE_TIER_LEVEL_BYTES);
  skipProfileTierLevel(reader, furtherLayers);
  const format = readPictureFormat(reader, furtherLayers);
  if (format === undefined || furtherLayers > 6) return undefined;
  return { profileTierLevel, temporalLayers: furtherLayers + 1, isTemporalIdNested, ...format };
}

/** The frame rate in a video parameter set (ITU-T H.265 §7.3.2.1), which many cameras give there instead of in the VUI. */
export function h265FrameRateOfVps(nal: Uint8Array): number | undefined {
  if (h265NalType(nal[0] ?? 0) !== H265NalType.videoParameterSet) return undefined;
  const reader = new BitReader(withoutEmulationPrevention(nal.subarray(HEADER_BYTES)));
  reader.skip(4 + 2 + 6); // identity, base layer flags, layers
  const furtherLayers = reader.bits(3);
  reader.skip(1 + 16); // nesting, reserved
  skipProfileTierLevel(reader, furtherLayers);
  const orderings = reader.flag() ? furtherLayers + 1 : 1;
  for (let value = 0; value < 3 * orderings; value += 1) reader.unsignedGolomb();
  const largestLayerId = reader.bits(6);
  const layerSets = reader.unsignedGolomb();
  if (reader.overrun || layerSets > 1023) return undefined;
  reader.skip(layerSets * (largestLayerId + 1));
  if (!reader.flag()) return undefined;
  const unitsInTick = reader.bits(32);
  const rate = reader.bits(32) / unitsInTick;
  return !reader.overrun && rate > 0 && rate <= 1000 ? rate : undefined;
}

/** Describes a video track by its parameter sets; undefined when the sequence parameter set makes no sense. */
export function h265TrackFrom({
  vps,
  sps,
  pps,
}: Pick<H265Track, 'vps' | 'sps' | 'pps'>): H265Track | undefined {
  const parsed = parseH265SequenceParameterSet(sps);
  if (parsed === undefined || vps.length < 3 || pps.length < 3) return undefined;
  const framesPerSecond = parsed.framesPerSecond ?? h265FrameRateOfVps(vps);
  return {
    kind: 'video',
    codec: 'h265',
    vps,
    sps,
    pps,
    width: parsed.width,
    height: parsed.height,
    ...(framesPerSecond === undefined ? {} : { nominalFramesPerSecond: framesPerSecond }),
  };
}

/** ISO/IEC 14496-15 §E.3, such as `hvc1.1.6.L93.B0`. Takes a sequence parameter set that parses. */
export function h265CodecString(sps: Uint8Array): string {
  const [first = 0, ...rest] = parseH265SequenceParameterSet(sps)?.profileTierLevel ?? [];
  const space = ['', 'A', 'B', 'C'][first >> 6] ?? '';
  const tier = (first & 0x20) === 0 ? 'L' : 'H';
  const compatibility = rest.slice(0, 4).reduce((value, byte) => value * 256 + byte, 0);
  const constraints = rest.slice(4, 10);
  while (constraints.at(-1) === 0) constraints.pop();
  return [
    'hvc1',
    `${space}${first & 0x1f}`,
    reversedBits(compatibility).toString(16).toUpperCase(),
    `${tier}${rest[10] ?? 0}`,
    ...constraints.map((byte) => byte.toString(16).toUpperCase()),
  ].join('.');
}

/**
 * HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 §8.3.3.1.2) with NAL lengths of four bytes: `hvcC`, FLV's sequence
 * header. The arrays are complete, as `hvc1` asks for.
 */
export function hevcDecoderConfiguration({
  vps,
  sps,
  pps,
}: Pick<H265Track, 'vps' | 'sps' | 'pps'>): Uint8Array {
  const parsed = parseH265SequenceParameterSet(sps);
  const lengthSizeMinusOne = 3;
  return Buffer.concat([
    Uint8Array.of(1),
    parsed?.profileTierLevel ?? new Uint8Array(PROFILE_TIER_LEVEL_BYTES),
    Uint8Array.of(
      0xf0, // min_spatial_segmentation_idc: unknown
      0x00,
      0xfc, // parallelismType: unknown
      0xfc | (parsed?.chromaFormatIdc ?? 1),
      0xf8 | ((parsed?.bitDepthLuma ?? 8) - 8),
      0xf8 | ((parsed?.bitDepthChroma ?? 8) - 8),
      0x00, // avgFrameRate: unspecified
      0x00,
      ((parsed?.temporalLayers ?? 1) << 3) |
        (parsed?.isTemporalIdNested === true ? 4 : 0) |
        lengthSizeMinusOne,
      3,
    ),
    parameterSetArray(H265NalType.videoParameterSet, vps),
    parameterSetArray(H265NalType.sequenceParameterSet, sps),
    parameterSetArray(H265NalType.pictureParameterSet, pps),
  ]);
}

function parameterSetArray(type: number, nal: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(0x80 | type, 0, 1, nal.length >> 8, nal.length & 0xff), nal]);
}

/** ITU-T H.265 §7.3.3, from its first bit on. */
function skipProfileTierLevel(reader: BitReader, furtherLayers: number): void {
  reader.skip(8 * PROFILE_TIER_LEVEL_BYTES);
  const present = Array.from({ length: furtherLayers }, () => ({
    hasProfile: reader.flag(),
    hasLevel: reader.flag(),
  }));
  if (furtherLayers > 0) reader.skip(2 * (8 - furtherLayers));
  for (const { hasProfile, hasLevel } of present) reader.skip((hasProfile ? 88 : 0) + (hasLevel ? 8 : 0));
}

function reversedBits(value: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 32; bit += 1) {
    if ((value & (2 ** bit)) !== 0) reversed += 2 ** (31 - bit);
  }
  return reversed;
}
