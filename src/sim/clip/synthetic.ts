/** A stream without a picture: as many bytes as a real camera sends, for load tests that never decode. */

import { randomBytes } from 'node:crypto';

import { nalType, type AccessUnit } from './annex-b.ts';
import type { VideoTrack } from './clip.ts';

/** How much larger a keyframe is than another frame. */
const keyframeWeight = 6;
/** Two groups are enough: nothing looks at the content. */
const groupCount = 2;
const idrHeader = 0x60 | nalType.idrSlice;
const sliceHeader = 0x40 | nalType.slice;
/** first_mb_in_slice = 0, so that every frame is one whole picture. */
const firstSliceByte = 0x80;

/** `base` with its parameter sets and timing, and random slices that add up to `bitrateBps`. It cannot be decoded. */
export function syntheticTrack(base: VideoTrack, bitrateBps: number): VideoTrack {
  const { framesPerGroup, framesPerSecond, sps, pps } = base;
  const groupBytes = (bitrateBps / 8) * (framesPerGroup / framesPerSecond);
  const frameBytes = Math.max(16, Math.round(groupBytes / (framesPerGroup - 1 + keyframeWeight)));
  const accessUnits = Array.from({ length: groupCount * framesPerGroup }, (_, index): AccessUnit => {
    const keyframe = index % framesPerGroup === 0;
    return keyframe
      ? { nalUnits: [sps, pps, randomSlice(idrHeader, frameBytes * keyframeWeight)], keyframe }
      : { nalUnits: [randomSlice(sliceHeader, frameBytes)], keyframe };
  });
  return { ...base, accessUnits };
}

/** Random bytes without zeros, so that no start code or emulation prevention appears (ITU-T H.264 §7.4.1). */
function randomSlice(header: number, length: number): Buffer {
  const slice = randomBytes(length).map((byte) => (byte === 0 ? 1 : byte));
  const bytes = Buffer.from(slice.buffer, slice.byteOffset, slice.length);
  bytes[0] = header;
  bytes[1] = firstSliceByte | ((bytes[1] ?? 0) & 0x7f);
  return bytes;
}
