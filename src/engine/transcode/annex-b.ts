import type { VideoTrack } from '../media/sample.ts';

const startCode = Uint8Array.of(0, 0, 0, 1);

/**
 * A picture as an elementary stream: parameter sets and NAL units after start codes (ITU-T H.264 Annex B, H.265 Annex B).
 * `data` is a sample's, with a 4-byte length before each NAL unit; a length that leads beyond its end ends the picture.
 */
export function toAnnexB(track: VideoTrack, data: Uint8Array): Uint8Array {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const pieces = parameterSets(track).flatMap((nal) => [startCode, nal]);
  for (let offset = 0; offset + 4 <= data.byteLength;) {
    const begin = offset + 4;
    const end = begin + view.getUint32(offset);
    if (end > data.byteLength) break;
    pieces.push(startCode, data.subarray(begin, end));
    offset = end;
  }
  return Buffer.concat(pieces);
}

function parameterSets(track: VideoTrack): readonly Uint8Array[] {
  switch (track.codec) {
    case 'h264':
      return [track.sps, track.pps];
    case 'h265':
      return [track.vps, track.sps, track.pps];
  }
}
