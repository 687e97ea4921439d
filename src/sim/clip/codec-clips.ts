/** The clips in `resources/clips/codecs`: what cameras send besides plain H.264 and AAC. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { groupH265AccessUnits, h265NalType, h265NalTypeOf } from './annex-b-h265.ts';
import { groupAccessUnits, nalType, nalTypeOf, splitNalUnits, type AccessUnit } from './annex-b.ts';
import { clipsFolder, type VideoTrack } from './clip.ts';
import { parseOggOpus } from './ogg.ts';
import type { AacTrack, PacketSoundTrack } from './sound.ts';

/** Properties that all of them share; `scripts/make-clips-codecs.mjs` encodes them so. */
export const codecClipFormat = { framesPerSecond: 15, framesPerGroup: 15, frameCount: 60 } as const;

const videoClips = {
  /** H.264 with B-frames and four slices a picture. */
  'h264-reordered': { file: 'reordered.h264', width: 640, height: 360 },
  'h264-small': { file: 'small.h264', width: 320, height: 180 },
  /** H.264 with gradual refresh: no IDR picture but the first. */
  'h264-refreshed': { file: 'refreshed.h264', width: 320, height: 180 },
  /** H.265 with open groups: CRA pictures and leading pictures, two slices a picture. */
  'h265-open': { file: 'open.h265', width: 640, height: 360 },
  'h265-plain': { file: 'plain.h265', width: 640, height: 360 },
} as const;

export type VideoClipName = keyof typeof videoClips;

const soundClips = {
  pcmu: { file: 'tone.ulaw', sampleRateHz: 8000 },
  pcma: { file: 'tone.alaw', sampleRateHz: 8000 },
  opus: { file: 'tone.opus', sampleRateHz: 48_000 },
} as const;

/** 20 ms, as cameras and Opus have it. */
const packetsPerSecond = 50;

/** The file of a clip: an elementary stream that ffmpeg and GStreamer read too. */
export function videoClipFile(name: VideoClipName): string {
  return path.join(clipsFolder, 'codecs', videoClips[name].file);
}

export async function loadVideoClip(name: VideoClipName): Promise<VideoTrack> {
  const file = videoClipFile(name);
  const [stream, order] = await Promise.all([readFile(file), readFile(`${file}.json`, 'utf8')]);
  const nalUnits = splitNalUnits(stream);
  const presentation = parseOrder(order);
  const { width, height } = videoClips[name];
  const { framesPerSecond, framesPerGroup, frameCount } = codecClipFormat;
  const isH265 = name.startsWith('h265');
  const accessUnits = (isH265 ? groupH265AccessUnits : groupAccessUnits)(nalUnits).map(
    (unit, index): AccessUnit => ({ ...unit, presentationShift: (presentation[index] ?? index) - index }),
  );
  if (accessUnits.length !== frameCount || presentation.length !== frameCount) {
    throw new Error(`${file} has ${accessUnits.length} frames; ${frameCount} are needed.`);
  }
  const parameterSet = (matches: (nalUnit: Buffer) => boolean): Buffer => {
    const found = nalUnits.find(matches);
    if (found === undefined) throw new Error(`${file} lacks a parameter set.`);
    return found;
  };
  const ofH264 = (type: number): Buffer => parameterSet((nalUnit) => nalTypeOf(nalUnit) === type);
  const ofH265 = (type: number): Buffer => parameterSet((nalUnit) => h265NalTypeOf(nalUnit) === type);
  const properties = { width, height, framesPerSecond, framesPerGroup, accessUnits };
  return isH265
    ? {
        ...properties,
        codec: 'h265',
        vps: ofH265(h265NalType.vps),
        sps: ofH265(h265NalType.sps),
        pps: ofH265(h265NalType.pps),
      }
    : { ...properties, codec: 'h264', sps: ofH264(nalType.sps), pps: ofH264(nalType.pps) };
}

export async function loadSoundClip(codec: keyof typeof soundClips): Promise<PacketSoundTrack> {
  const { file, sampleRateHz } = soundClips[codec];
  const bytes = await readFile(path.join(clipsFolder, 'codecs', file));
  const samplesPerUnit = sampleRateHz / packetsPerSecond;
  const accessUnits = codec === 'opus' ? parseOggOpus(bytes) : cut(bytes, samplesPerUnit);
  return { codec, sampleRateHz, channels: 1, samplesPerUnit, accessUnits };
}

/** The same access units, to be sent as LATM. */
export function asLatm(track: AacTrack): AacTrack {
  return { ...track, codec: 'latm' };
}

/** One track after the other, as a camera whose resolution is changed. They have the same codec and rates. */
export function joinTracks(first: VideoTrack, second: VideoTrack): VideoTrack {
  return { ...first, accessUnits: [...first.accessUnits, ...second.accessUnits] };
}

function parseOrder(json: string): readonly number[] {
  const order: unknown = JSON.parse(json);
  if (typeof order === 'object' && order !== null && 'presentation' in order) {
    const { presentation } = order;
    if (Array.isArray(presentation) && presentation.every((place) => typeof place === 'number')) {
      return presentation;
    }
  }
  throw new Error('The presentation order of a clip is a list of numbers.');
}

/** Whole pieces only, so that the clip repeats without a short one. */
function cut(bytes: Buffer, length: number): Buffer[] {
  return Array.from({ length: Math.floor(bytes.length / length) }, (_, index) =>
    bytes.subarray(index * length, (index + 1) * length),
  );
}
