/** H.264 bitstream facts: NAL unit types, the sequence parameter set, and what containers need of it. */
import { BitReader } from './bit-reader.ts';
import { withoutEmulationPrevention } from './raw-bytes.ts';
import type { H264Track } from './sample.ts';

/** ITU-T H.264 Table 7-1. */
export const NalType = {
  slice: 1,
  sliceDataPartitionA: 2,
  idrSlice: 5,
  supplementalEnhancementInformation: 6,
  sequenceParameterSet: 7,
  pictureParameterSet: 8,
  accessUnitDelimiter: 9,
  endOfSequence: 10,
  endOfStream: 11,
  fillerData: 12,
} as const;

export interface SequenceParameterSet {
  readonly profileIdc: number;
  /** The byte with constraint_set0_flag to constraint_set5_flag. */
  readonly profileCompatibility: number;
  readonly levelIdc: number;
  readonly chromaFormatIdc: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Displayed size in pixels, after cropping. */
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond?: number;
  /** How many pictures may precede another in decoding order and follow it in output order; absent when not stated. */
  readonly maxReorderFrames?: number;
}

const LARGEST_SIDE_PX = 16_384;
const MOST_REFERENCE_FRAMES = 16;

/** Profiles whose parameter set carries the chroma format and scaling lists: ITU-T H.264 §7.3.2.1.1. */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/**
 * Parses a sequence parameter set NAL unit (ITU-T H.264 §7.3.2.1.1, Annex E), header byte included, start code not.
 * Returns undefined for anything else, and for sizes no camera has.
 */
export function parseSequenceParameterSet(nal: Uint8Array): SequenceParameterSet | undefined {
  if (nal.length < 4 || ((nal[0] ?? 0) & 0x1f) !== NalType.sequenceParameterSet) return undefined;
  const reader = new BitReader(withoutEmulationPrevention(nal.subarray(1)));
  const profileIdc = reader.bits(8);
  const profileCompatibility = reader.bits(8);
  const levelIdc = reader.bits(8);
  reader.unsignedGolomb(); // seq_parameter_set_id
  const format = readChromaFormat(reader, profileIdc);
  reader.unsignedGolomb(); // log2_max_frame_num_minus4
  skipPictureOrderCount(reader);
  const maxReferenceFrames = reader.unsignedGolomb();
  reader.skip(1); // gaps_in_frame_num_value_allowed_flag
  const size = readPictureSize(reader, format);
  if (reader.overrun || size === undefined || maxReferenceFrames > MOST_REFERENCE_FRAMES) return undefined;
  const usability = reader.flag() ? readVideoUsability(reader) : {};
  return {
    profileIdc,
    profileCompatibility,
    levelIdc,
    chromaFormatIdc: format.chromaFormatIdc,
    bitDepthLuma: format.bitDepthLuma,
    bitDepthChroma: format.bitDepthChroma,
    ...size,
    ...usability,
  };
}

/** Describes a video track by its parameter sets; undefined when the sequence parameter set makes no sense. */
export function h264TrackFrom(sps: Uint8Array, pps: Uint8Array): H264Track | undefined {
  const parsed = parseSequenceParameterSet(sps);
  if (parsed === undefined || pps.length < 2) return undefined;
  const { width, height, framesPerSecond } = parsed;
  return {
    kind: 'video',
    codec: 'h264',
    sps,
    pps,
    width,
    height,
    ...(framesPerSecond === undefined ? {} : { nominalFramesPerSecond: framesPerSecond }),
  };
}

/** RFC 6381 §3.3, such as `avc1.640028`. Takes the sequence parameter set NAL unit. */
export function h264CodecString(sps: Uint8Array): string {
  return `avc1.${Buffer.from(sps.subarray(1, 4)).toString('hex')}`;
}

/** AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1.2) with NAL lengths of four bytes: `avcC`, FLV's sequence header. */
export function avcDecoderConfiguration({ sps, pps }: Pick<H264Track, 'sps' | 'pps'>): Uint8Array {
  const parsed = parseSequenceParameterSet(sps);
  const profileIdc = sps[1] ?? 0;
  const head = [1, profileIdc, sps[2] ?? 0, sps[3] ?? 0, 0xfc | 3, 0xe0 | 1];
  const tail =
    parsed !== undefined && [100, 110, 122, 144].includes(profileIdc)
      ? [
          0xfc | parsed.chromaFormatIdc,
          0xf8 | (parsed.bitDepthLuma - 8),
          0xf8 | (parsed.bitDepthChroma - 8),
          0,
        ]
      : [];
  return Uint8Array.from([
    ...head,
    sps.length >> 8,
    sps.length & 0xff,
    ...sps,
    1,
    pps.length >> 8,
    pps.length & 0xff,
    ...pps,
    ...tail,
  ]);
}

interface ChromaFormat {
  readonly chromaFormatIdc: number;
  readonly separateColourPlanes: boolean;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
}

function readChromaFormat(reader: BitReader, profileIdc: number): ChromaFormat {
  if (!HIGH_PROFILES.has(profileIdc)) {
    return { chromaFormatIdc: 1, separateColourPlanes: false, bitDepthLuma: 8, bitDepthChroma: 8 };
  }
  const chromaFormatIdc = reader.unsignedGolomb();
  const separateColourPlanes = chromaFormatIdc === 3 && reader.flag();
  const bitDepthLuma = 8 + reader.unsignedGolomb();
  const bitDepthChroma = 8 + reader.unsignedGolomb();
  reader.skip(1); // qpprime_y_zero_transform_bypass_flag
  if (reader.flag()) {
    const lists = chromaFormatIdc === 3 ? 12 : 8;
    for (let list = 0; list < lists; list += 1) {
      if (reader.flag()) skipScalingList(reader, list < 6 ? 16 : 64);
    }
  }
  return { chromaFormatIdc, separateColourPlanes, bitDepthLuma, bitDepthChroma };
}

/** ITU-T H.264 §7.3.2.1.1.1. */
function skipScalingList(reader: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let index = 0; index < size && !reader.overrun; index += 1) {
    if (next !== 0) next = (last + reader.signedGolomb() + 256) % 256;
    if (next !== 0) last = next;
  }
}

function skipPictureOrderCount(reader: BitReader): void {
  const type = reader.unsignedGolomb();
  if (type === 0) {
    reader.unsignedGolomb(); // log2_max_pic_order_cnt_lsb_minus4
    return;
  }
  if (type !== 1) return;
  reader.skip(1); // delta_pic_order_always_zero_flag
  reader.signedGolomb(); // offset_for_non_ref_pic
  reader.signedGolomb(); // offset_for_top_to_bottom_field
  const cycle = reader.unsignedGolomb();
  for (let index = 0; index < cycle && !reader.overrun; index += 1) reader.signedGolomb();
}

function readPictureSize(
  reader: BitReader,
  format: ChromaFormat,
): { readonly width: number; readonly height: number } | undefined {
  const codedWidth = 16 * (reader.unsignedGolomb() + 1);
  const mapUnits = reader.unsignedGolomb() + 1;
  const framesOnly = reader.bit();
  if (framesOnly === 0) reader.skip(1); // mb_adaptive_frame_field_flag
  reader.skip(1); // direct_8x8_inference_flag
  const codedHeight = 16 * mapUnits * (2 - framesOnly);
  let horizontal = 0;
  let vertical = 0;
  if (reader.flag()) {
    horizontal = reader.unsignedGolomb() + reader.unsignedGolomb();
    vertical = reader.unsignedGolomb() + reader.unsignedGolomb();
  }
  // ITU-T H.264 equations 7-19 to 7-22: cropping counts chroma samples.
  const chroma = format.separateColourPlanes ? 0 : format.chromaFormatIdc;
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = (chroma === 1 ? 2 : 1) * (2 - framesOnly);
  const width = codedWidth - unitX * horizontal;
  const height = codedHeight - unitY * vertical;
  const sensible = width > 0 && height > 0 && width <= LARGEST_SIDE_PX && height <= LARGEST_SIDE_PX;
  return sensible ? { width, height } : undefined;
}

/** ITU-T H.264 §E.1.1. What a cut-off or nonsensical VUI says is left out; the picture size stands without it. */
function readVideoUsability(
  reader: BitReader,
): Pick<SequenceParameterSet, 'framesPerSecond' | 'maxReorderFrames'> {
  const extendedSampleAspectRatio = 255;
  if (reader.flag() && reader.bits(8) === extendedSampleAspectRatio) reader.skip(32);
  if (reader.flag()) reader.skip(1); // overscan
  if (reader.flag()) {
    reader.skip(4); // video_format, video_full_range_flag
    if (reader.flag()) reader.skip(24); // colour description
  }
  if (reader.flag()) {
    reader.unsignedGolomb(); // chroma_sample_loc_type_top_field
    reader.unsignedGolomb();
  }
  const framesPerSecond = reader.flag() ? readFrameRate(reader) : undefined;
  const nalParameters = reader.flag();
  if (nalParameters) skipHypotheticalDecoder(reader);
  const vclParameters = reader.flag();
  if (vclParameters) skipHypotheticalDecoder(reader);
  if (nalParameters || vclParameters) reader.skip(1); // low_delay_hrd_flag
  reader.skip(1); // pic_struct_present_flag
  const maxReorderFrames = reader.flag() ? readReorderFrames(reader) : undefined;
  const reorderKnown =
    maxReorderFrames !== undefined && !reader.overrun && maxReorderFrames <= MOST_REFERENCE_FRAMES;
  return {
    ...(framesPerSecond === undefined ? {} : { framesPerSecond }),
    ...(reorderKnown ? { maxReorderFrames } : {}),
  };
}

function readFrameRate(reader: BitReader): number | undefined {
  const unitsInTick = reader.bits(32);
  const timeScale = reader.bits(32);
  reader.skip(1); // fixed_frame_rate_flag
  if (reader.overrun || unitsInTick === 0) return undefined;
  // Two ticks a frame: a tick is a field (ITU-T H.264 §E.2.1).
  const rate = timeScale / unitsInTick / 2;
  return rate > 0 && rate <= 1000 ? rate : undefined;
}

/** ITU-T H.264 §E.1.2. */
function skipHypotheticalDecoder(reader: BitReader): void {
  const counts = reader.unsignedGolomb() + 1;
  reader.skip(8); // bit_rate_scale, cpb_size_scale
  for (let index = 0; index < counts && !reader.overrun; index += 1) {
    reader.unsignedGolomb();
    reader.unsignedGolomb();
    reader.skip(1);
  }
  reader.skip(20);
}

function readReorderFrames(reader: BitReader): number {
  reader.skip(1); // motion_vectors_over_pic_boundaries_flag
  for (let field = 0; field < 4; field += 1) reader.unsignedGolomb();
  return reader.unsignedGolomb();
}
