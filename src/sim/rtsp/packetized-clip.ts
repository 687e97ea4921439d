/** A clip ready to send: every access unit already cut into packets. One may serve many cameras. */

import { samplesPerAccessUnit } from '../clip/adts.ts';
import type { Clip, StreamName, VideoTrack } from '../clip/clip.ts';
import { packetizeAac } from './aac-packetizer.ts';
import { packetizeH264 } from './h264-packetizer.ts';
import type { PacketizedUnit } from './packetized.ts';
import { audioPayloadType, videoPayloadType } from './sdp.ts';

export interface PacketizedVideo {
  readonly track: VideoTrack;
  readonly units: readonly PacketizedUnit[];
}

export interface PacketizedAudio {
  readonly sampleRateHz: number;
  readonly units: readonly PacketizedUnit[];
}

export interface PacketizedClip {
  readonly clip: Clip;
  readonly streams: Readonly<Record<StreamName, PacketizedVideo>>;
  readonly audio: PacketizedAudio | undefined;
}

export function packetizeClip(clip: Clip): PacketizedClip {
  return {
    clip,
    streams: { main: packetizeTrack(clip.streams.main), sub: packetizeTrack(clip.streams.sub) },
    audio: clip.audio && {
      sampleRateHz: clip.audio.sampleRateHz,
      units: clip.audio.accessUnits.map((unit) => packetizeAac(unit, audioPayloadType)),
    },
  };
}

function packetizeTrack(track: VideoTrack): PacketizedVideo {
  return { track, units: track.accessUnits.map((unit) => packetizeH264(unit, videoPayloadType)) };
}

/** Audio access units, counted from the broadcast's start, that are complete by frame `index` and were not by the frame before. */
export function audioUnitsOfFrame(
  audio: PacketizedAudio,
  index: number,
  framesPerSecond: number,
): { readonly first: number; readonly end: number } {
  const completeBy = (frame: number): number =>
    Math.floor((frame * audio.sampleRateHz) / (framesPerSecond * samplesPerAccessUnit)) + 1;
  return { first: completeBy(index - 1), end: completeBy(index) };
}
