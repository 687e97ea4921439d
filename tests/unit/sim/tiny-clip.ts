import { packetizeClip, type PacketizedClip } from '../../../src/sim/rtsp/packetized-clip.ts';
import type { VideoTrack } from '../../../src/sim/clip/clip.ts';

/** Frames of the tiny clip, in groups of five, ten a second. */
export const tinyFrameCount = 20;

const sps = Buffer.from('6764001facd9405005bb', 'hex');
const pps = Buffer.from('68ebe3cb22c0', 'hex');

function track(): VideoTrack {
  return {
    width: 16,
    height: 16,
    framesPerSecond: 10,
    framesPerGroup: 5,
    codec: 'h264',
    sps,
    pps,
    accessUnits: Array.from({ length: tinyFrameCount }, (_, index) =>
      index % 5 === 0
        ? { nalUnits: [sps, pps, Buffer.of(0x65, 0x88, index)], keyframe: true }
        : { nalUnits: [Buffer.of(0x41, 0x9a, index)], keyframe: false },
    ),
  };
}

/** A clip of two seconds with 8 kHz audio whose access units are numbered. */
export function tinyClip(): PacketizedClip {
  return packetizeClip({
    sceneId: 'tiny',
    streams: { main: track(), sub: track() },
    audio: {
      codec: 'aac',
      sampleRateHz: 8000,
      samplesPerUnit: 1024,
      channels: 1,
      config: Buffer.from('1588', 'hex'),
      accessUnits: Array.from({ length: 16 }, (_, index) => Buffer.of(index, index)),
    },
    snapshotJpeg: Buffer.from('jpeg'),
  });
}
