/** A clip ready to send: every access unit already cut into packets. One may serve many cameras. */

import type { Clip, StreamName, VideoTrack } from '../clip/clip.ts';
import type { SoundTrack } from '../clip/sound.ts';
import { packetizeAac } from './aac-packetizer.ts';
import { packetizeH264 } from './h264-packetizer.ts';
import { packetizeH265 } from './h265-packetizer.ts';
import { packetizeLatm } from './latm-packetizer.ts';
import { packetizeMetadata } from './metadata-packetizer.ts';
import { frameUnit, type PacketizedUnit } from './packetized.ts';
import { audioPayloadType, metadataPayloadType, videoPayloadType } from './sdp.ts';

export interface PacketizedVideo {
  readonly track: VideoTrack;
  readonly units: readonly PacketizedUnit[];
}

export interface PacketizedAudio {
  readonly sampleRateHz: number;
  readonly samplesPerUnit: number;
  readonly units: readonly PacketizedUnit[];
}

export interface PacketizedClip {
  readonly clip: Clip;
  readonly streams: Readonly<Record<StreamName, PacketizedVideo>>;
  readonly audio: PacketizedAudio | undefined;
  /** None when the camera has no metadata. */
  readonly metadata: readonly PacketizedUnit[];
}

export function packetizeClip(clip: Clip): PacketizedClip {
  return {
    clip,
    streams: { main: packetizeTrack(clip.streams.main), sub: packetizeTrack(clip.streams.sub) },
    audio: clip.audio && {
      sampleRateHz: clip.audio.sampleRateHz,
      samplesPerUnit: clip.audio.samplesPerUnit,
      units: packetizeSound(clip.audio),
    },
    metadata: (clip.metadata ?? []).map((document) => packetizeMetadata(document, metadataPayloadType)),
  };
}

function packetizeTrack(track: VideoTrack): PacketizedVideo {
  const packetize = { h264: packetizeH264, h265: packetizeH265 }[track.codec];
  return { track, units: track.accessUnits.map((unit) => packetize(unit, videoPayloadType)) };
}

function packetizeSound(track: SoundTrack): PacketizedUnit[] {
  const payloadType = audioPayloadType(track.codec);
  switch (track.codec) {
    case 'aac':
      return track.accessUnits.map((unit) => packetizeAac(unit, payloadType));
    case 'latm':
      return track.accessUnits.map((unit) => packetizeLatm(unit, payloadType));
    case 'pcmu':
    case 'pcma':
    case 'opus':
      // RFC 3551 §4.5.14 and RFC 7587 §4.2: a packet is an access unit, nothing around it.
      return track.accessUnits.map((unit) => frameUnit([[unit]], payloadType));
  }
}

/** Audio access units, counted from the broadcast's start, that are complete by frame `index` and were not by the frame before. */
export function audioUnitsOfFrame(
  audio: PacketizedAudio,
  index: number,
  framesPerSecond: number,
): { readonly first: number; readonly end: number } {
  const completeBy = (frame: number): number =>
    Math.floor((frame * audio.sampleRateHz) / (framesPerSecond * audio.samplesPerUnit)) + 1;
  return { first: completeBy(index - 1), end: completeBy(index) };
}
