/** The part of H.265's sequence parameter set after profile and level (ITU-T H.265 §7.3.2.2 and Annex E). */
import type { BitReader } from './bit-reader.ts';

export interface H265PictureFormat {
  readonly chromaFormatIdc: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Displayed size in pixels, after the conformance window. */
  readonly width: number;
  readonly height: number;
  /** How many pictures may precede another in decoding order and follow it in output order. */
  readonly maxReorderPictures: number;
  readonly framesPerSecond?: number;
}

const LARGEST_SIDE_PX = 16_384;
const DEEPEST_BITS = 16;
const MOST_REORDERED = 15;
/** ITU-T H.265 §7.4.3.2.1 */
const MOST_SHORT_TERM_SETS = 64;
const MOST_LONG_TERM_PICTURES = 32;
const MOST_PICTURES_A_SET = 16;

/**
 * Reads on from `sps_seq_parameter_set_id`. Undefined when it is cut off or no camera's. What stands after a nonsensical
 * reference picture set is not read: the picture size stands without it.
 */
export function readPictureFormat(reader: BitReader, furtherLayers: number): H265PictureFormat | undefined {
  reader.unsignedGolomb(); // sps_seq_parameter_set_id
  const chromaFormatIdc = reader.unsignedGolomb();
  const separateColourPlanes = chromaFormatIdc === 3 && reader.flag();
  const size = readSize(reader, separateColourPlanes ? 0 : chromaFormatIdc);
  const bitDepthLuma = 8 + reader.unsignedGolomb();
  const bitDepthChroma = 8 + reader.unsignedGolomb();
  const orderCountBits = 4 + reader.unsignedGolomb();
  const orderings = reader.flag() ? furtherLayers + 1 : 1;
  let maxReorderPictures = 0;
  for (let layer = 0; layer < orderings; layer += 1) {
    reader.unsignedGolomb(); // sps_max_dec_pic_buffering_minus1
    maxReorderPictures = reader.unsignedGolomb(); // the highest layer's holds
    reader.unsignedGolomb(); // sps_max_latency_increase_plus1
  }
  const isSensible =
    !reader.overrun &&
    chromaFormatIdc <= 3 &&
    Math.max(bitDepthLuma, bitDepthChroma, orderCountBits) <= DEEPEST_BITS &&
    maxReorderPictures <= MOST_REORDERED;
  if (size === undefined || !isSensible) return undefined;
  const framesPerSecond = readFramesPerSecond(reader, chromaFormatIdc, orderCountBits);
  return {
    chromaFormatIdc,
    bitDepthLuma,
    bitDepthChroma,
    ...size,
    maxReorderPictures,
    ...(framesPerSecond === undefined ? {} : { framesPerSecond }),
  };
}

function readSize(
  reader: BitReader,
  chromaArrayType: number,
): { readonly width: number; readonly height: number } | undefined {
  const codedWidth = reader.unsignedGolomb();
  const codedHeight = reader.unsignedGolomb();
  let horizontal = 0;
  let vertical = 0;
  if (reader.flag()) {
    horizontal = reader.unsignedGolomb() + reader.unsignedGolomb();
    vertical = reader.unsignedGolomb() + reader.unsignedGolomb();
  }
  // ITU-T H.265 Table 6-1: the window counts chroma samples.
  const unitX = chromaArrayType === 1 || chromaArrayType === 2 ? 2 : 1;
  const unitY = chromaArrayType === 1 ? 2 : 1;
  const width = codedWidth - unitX * horizontal;
  const height = codedHeight - unitY * vertical;
  const isSensible = width > 0 && height > 0 && width <= LARGEST_SIDE_PX && height <= LARGEST_SIDE_PX;
  return isSensible ? { width, height } : undefined;
}

/** From `log2_min_luma_coding_block_size_minus3` on to the timing in the VUI. */
function readFramesPerSecond(
  reader: BitReader,
  chromaFormatIdc: number,
  orderCountBits: number,
): number | undefined {
  for (let field = 0; field < 6; field += 1) reader.unsignedGolomb(); // block sizes and depths
  if (reader.flag() && reader.flag()) skipScalingLists(reader, chromaFormatIdc);
  reader.skip(2); // amp_enabled_flag, sample_adaptive_offset_enabled_flag
  if (reader.flag()) {
    reader.skip(8); // PCM bit depths
    reader.unsignedGolomb();
    reader.unsignedGolomb();
    reader.skip(1);
  }
  if (!skipShortTermSets(reader)) return undefined;
  if (reader.flag()) {
    const pictures = reader.unsignedGolomb();
    if (pictures > MOST_LONG_TERM_PICTURES) return undefined;
    reader.skip(pictures * (orderCountBits + 1));
  }
  reader.skip(2); // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
  return reader.flag() ? readUsabilityTiming(reader) : undefined;
}

/** ITU-T H.265 §7.3.4. */
function skipScalingLists(reader: BitReader, chromaFormatIdc: number): void {
  for (let size = 0; size < 4; size += 1) {
    const step = size === 3 && chromaFormatIdc !== 3 ? 3 : 1;
    for (let matrix = 0; matrix < 6; matrix += step) {
      if (!reader.flag()) {
        reader.unsignedGolomb(); // scaling_list_pred_matrix_id_delta
        continue;
      }
      if (size > 1) reader.signedGolomb(); // scaling_list_dc_coef_minus8
      const coefficients = Math.min(64, 1 << (4 + (size << 1)));
      for (let index = 0; index < coefficients; index += 1) reader.signedGolomb();
    }
  }
}

/** ITU-T H.265 §7.3.7. False when the sets make no sense. */
function skipShortTermSets(reader: BitReader): boolean {
  const sets = reader.unsignedGolomb();
  if (sets > MOST_SHORT_TERM_SETS) return false;
  let pictures = 0;
  for (let set = 0; set < sets && !reader.overrun; set += 1) {
    const isPredicted = set > 0 && reader.flag();
    pictures = isPredicted ? skipPredictedSet(reader, pictures) : skipExplicitSet(reader);
    if (pictures > MOST_PICTURES_A_SET) return false;
  }
  return !reader.overrun;
}

/** How many pictures the set has: those of the set before that are used or kept, and itself. */
function skipPredictedSet(reader: BitReader, picturesBefore: number): number {
  reader.skip(1); // delta_rps_sign
  reader.unsignedGolomb(); // abs_delta_rps_minus1
  let pictures = 0;
  for (let picture = 0; picture <= picturesBefore; picture += 1) {
    const isUsed = reader.flag();
    if (isUsed || reader.flag()) pictures += 1;
  }
  return pictures;
}

function skipExplicitSet(reader: BitReader): number {
  const pictures = reader.unsignedGolomb() + reader.unsignedGolomb();
  if (pictures > MOST_PICTURES_A_SET) return pictures;
  for (let picture = 0; picture < pictures; picture += 1) {
    reader.unsignedGolomb(); // delta_poc_minus1
    reader.skip(1); // used_by_curr_pic_flag
  }
  return pictures;
}

/** ITU-T H.265 §E.2.1. */
function readUsabilityTiming(reader: BitReader): number | undefined {
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
  reader.skip(3); // neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag
  if (reader.flag()) for (let edge = 0; edge < 4; edge += 1) reader.unsignedGolomb(); // default display window
  if (!reader.flag()) return undefined;
  const unitsInTick = reader.bits(32);
  const rate = reader.bits(32) / unitsInTick;
  return !reader.overrun && rate > 0 && rate <= 1000 ? rate : undefined;
}
