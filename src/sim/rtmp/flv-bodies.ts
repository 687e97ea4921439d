/** A clip as the payloads of RTMP's audio and video messages (FLV tag bodies), made once for any number of publishers. */

import { nalType, nalTypeOf } from '../clip/annex-b.ts';
import type { VideoTrack } from '../clip/clip.ts';
import type { SoundTrack } from '../clip/sound.ts';

/** How H.265 is marked: the way cameras invented (codec id 12), or Enhanced RTMP's FourCC. */
export type HevcForm = 'legacy' | 'enhanced';

export interface FlvClip {
  readonly framesPerSecond: number;
  readonly framesPerGroup: number;
  readonly videoHeader: Buffer;
  readonly frames: readonly { readonly body: Buffer; readonly keyframe: boolean }[];
  readonly sound: FlvSound | undefined;
}

export interface FlvSound {
  /** SoundFormat in FLV's metadata. */
  readonly codecId: number;
  /** Absent where FLV has none: G.711. */
  readonly header: Buffer | undefined;
  readonly sampleRateHz: number;
  readonly samplesPerUnit: number;
  readonly units: readonly Buffer[];
}

export interface FlvClipOptions {
  /** Default enhanced. */
  readonly hevcForm?: HevcForm;
  /** Bytes of the lengths before NAL units: 2 or 4. Default 4. */
  readonly nalLengthBytes?: 2 | 4;
}

/** @throws for sound that no camera pushes */
export function flvClip(
  video: VideoTrack,
  sound: SoundTrack | undefined,
  options: FlvClipOptions = {},
): FlvClip {
  const { hevcForm = 'enhanced', nalLengthBytes = 4 } = options;
  const { framesPerSecond, framesPerGroup, accessUnits } = video;
  const frameMs = 1000 / framesPerSecond;
  // Nothing is shown before it is decoded: all pictures wait as long as the one that must.
  const delay = Math.max(0, ...accessUnits.map(({ presentationShift = 0 }) => -presentationShift));
  const record =
    video.codec === 'h265' ? hevcRecord(video, nalLengthBytes) : avcRecord(video, nalLengthBytes);
  return {
    framesPerSecond,
    framesPerGroup,
    videoHeader: Buffer.concat([
      videoPrefix(video.codec, hevcForm, { isHeader: true, keyframe: true, compositionMs: 0 }),
      record,
    ]),
    frames: accessUnits.map(({ nalUnits, keyframe, presentationShift = 0 }) => {
      const compositionMs = Math.round((presentationShift + delay) * frameMs);
      const pictures = nalUnits.filter((nalUnit) => !isParameterSet(video.codec, nalUnit));
      return {
        keyframe,
        body: Buffer.concat([
          videoPrefix(video.codec, hevcForm, { isHeader: false, keyframe, compositionMs }),
          ...pictures.flatMap((nalUnit) => [numberOf(nalUnit.length, nalLengthBytes), nalUnit]),
        ]),
      };
    }),
    sound: sound && flvSound(sound),
  };
}

function videoPrefix(
  codec: VideoTrack['codec'],
  hevcForm: HevcForm,
  {
    isHeader,
    keyframe,
    compositionMs,
  }: { readonly isHeader: boolean; readonly keyframe: boolean; readonly compositionMs: number },
): Buffer {
  const frameType = keyframe ? 0x10 : 0x20;
  const composition = numberOf(compositionMs, 3);
  if (codec === 'h265' && hevcForm === 'enhanced') {
    const fourCc = Buffer.from('hvc1', 'latin1');
    if (isHeader) return Buffer.concat([Buffer.of(0x80 | frameType), fourCc]);
    // CodedFramesX leaves a composition time of 0 out.
    return compositionMs === 0
      ? Buffer.concat([Buffer.of(0x83 | frameType), fourCc])
      : Buffer.concat([Buffer.of(0x81 | frameType), fourCc, composition]);
  }
  const codecId = codec === 'h265' ? 12 : 7;
  return Buffer.concat([Buffer.of(frameType | codecId, isHeader ? 0 : 1), composition]);
}

function isParameterSet(codec: VideoTrack['codec'], nalUnit: Buffer): boolean {
  if (codec === 'h264') return [nalType.sps, nalType.pps].some((type) => type === nalTypeOf(nalUnit));
  const type = (nalUnit.readUInt8(0) >> 1) & 0x3f;
  return type >= 32 && type <= 34;
}

/** ISO/IEC 14496-15 §5.3.3.1. */
function avcRecord(
  { sps, pps }: { readonly sps: Buffer; readonly pps: Buffer },
  lengthBytes: number,
): Buffer {
  return Buffer.concat([
    Buffer.of(1),
    sps.subarray(1, 4),
    Buffer.of(0xfc | (lengthBytes - 1), 0xe1),
    numberOf(sps.length, 2),
    sps,
    Buffer.of(1),
    numberOf(pps.length, 2),
    pps,
  ]);
}

/** ISO/IEC 14496-15 §8.3.3.1; what servers do not look at is left at 0. */
function hevcRecord(
  { vps, sps, pps }: { readonly vps: Buffer; readonly sps: Buffer; readonly pps: Buffer },
  lengthBytes: number,
): Buffer {
  return Buffer.concat([
    Buffer.of(1),
    Buffer.alloc(20),
    Buffer.of(lengthBytes - 1, 3),
    parameterSetArray(32, vps),
    parameterSetArray(33, sps),
    parameterSetArray(34, pps),
  ]);
}

function parameterSetArray(type: number, nalUnit: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0x80 | type, 0, 1), numberOf(nalUnit.length, 2), nalUnit]);
}

function flvSound(sound: SoundTrack): FlvSound {
  const { sampleRateHz, samplesPerUnit, channels, accessUnits } = sound;
  const rates = { sampleRateHz, samplesPerUnit };
  switch (sound.codec) {
    case 'aac':
      return {
        ...rates,
        codecId: 10,
        header: Buffer.concat([Buffer.of(0xaf, 0), sound.config]),
        units: accessUnits.map((unit) => Buffer.concat([Buffer.of(0xaf, 1), unit])),
      };
    case 'pcma':
    case 'pcmu': {
      const codecId = sound.codec === 'pcma' ? 7 : 8;
      const first = (codecId << 4) | 2 | (channels - 1);
      return {
        ...rates,
        codecId,
        header: undefined,
        units: accessUnits.map((unit) => Buffer.concat([Buffer.of(first), unit])),
      };
    }
    case 'latm':
    case 'opus':
      throw new Error(`The simulated publisher does not push ${sound.codec}.`);
  }
}

function numberOf(value: number, byteLength: number): Buffer {
  const bytes = Buffer.alloc(byteLength);
  bytes.writeUIntBE(value, 0, byteLength);
  return bytes;
}
