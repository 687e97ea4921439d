/** A stream without a picture: as many bytes as a real camera sends, for load tests that never decode. */

import { randomBytes } from 'node:crypto';

import { h265NalType } from './annex-b-h265.ts';
import { nalType, type AccessUnit } from './annex-b.ts';
import type { VideoTrack } from './clip.ts';

/** How much larger a keyframe is than another frame. */
const keyframeWeight = 6;
/** Two groups are enough: nothing looks at the content. */
const groupCount = 2;
/** NAL unit headers of a slice in an IDR picture and in another (ITU-T H.264 §7.3.1, ITU-T H.265 §7.3.1.2). */
const sliceHeaders = {
  h264: { keyframe: [0x60 | nalType.idrSlice], other: [0x40 | nalType.slice] },
  h265: { keyframe: [h265NalType.idrWithoutLeading << 1, 1], other: [h265NalType.trailingReference << 1, 1] },
} as const;
/** first_mb_in_slice = 0, or first_slice_segment_in_pic_flag: every frame is one whole picture. */
const firstSliceByte = 0x80;

/** `base` with its parameter sets and timing, and random slices that add up to `bitrateBps`. It cannot be decoded. */
export function syntheticTrack(base: VideoTrack, bitrateBps: number): VideoTrack {
  const { framesPerGroup, framesPerSecond } = base;
  const headers = sliceHeaders[base.codec];
  const parameterSets = base.codec === 'h265' ? [base.vps, base.sps, base.pps] : [base.sps, base.pps];
  const groupBytes = (bitrateBps / 8) * (framesPerGroup / framesPerSecond);
  const frameBytes = Math.max(16, Math.round(groupBytes / (framesPerGroup - 1 + keyframeWeight)));
  const accessUnits = Array.from({ length: groupCount * framesPerGroup }, (_, index): AccessUnit => {
    const keyframe = index % framesPerGroup === 0;
    return keyframe
      ? { nalUnits: [...parameterSets, randomSlice(headers.keyframe, frameBytes * keyframeWeight)], keyframe }
      : { nalUnits: [randomSlice(headers.other, frameBytes)], keyframe };
  });
  return { ...base, accessUnits };
}

/** Random bytes without zeros, so that no start code or emulation prevention appears (ITU-T H.264 §7.4.1). */
function randomSlice(header: readonly number[], length: number): Buffer {
  const slice = randomBytes(length).map((byte) => (byte === 0 ? 1 : byte));
  const bytes = Buffer.from(slice.buffer, slice.byteOffset, slice.length);
  bytes.set(header);
  bytes[header.length] = firstSliceByte | ((bytes[header.length] ?? 0) & 0x7f);
  return bytes;
}
