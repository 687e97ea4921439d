import { avcDecoderConfiguration } from '../h264.ts';
import { hevcDecoderConfiguration } from '../h265.ts';
import type { AacTrack, AudioTrack, Sample, StreamDescription, VideoTrack } from '../sample.ts';
import { metadataPayload } from './metadata.ts';

/** Adobe Flash Video File Format Specification 10.1, Annex E; H.265 as in Enhanced RTMP v1 §"Enhanced Video Tag". */

/** One tag with the size that follows it, ready to be sent. `chunks` share the sample's memory: nothing is copied. */
export interface FlvTag {
  readonly chunks: readonly Uint8Array[];
  readonly byteLength: number;
}

/** TagType, §E.4.1. */
const tagTypes = { audio: 8, video: 9, script: 18 } as const;
const tagHeaderBytes = 11;
const previousTagSizeBytes = 4;
/** FrameType key or inter with CodecID AVC, §E.4.3.1. */
const keyFrameAvc = 0x17;
const interFrameAvc = 0x27;
/** SoundFormat AAC with the rate, size and channel bits that AAC always carries, §E.4.2.1. */
const aacSound = 0xaf;
/** AVCPacketType and AACPacketType. */
const packetTypes = { sequenceHeader: 0, payload: 1 } as const;
/** Enhanced RTMP: IsExHeader and FrameType; the PacketType is in the low four bits, the FourCC follows. */
const exKeyFrame = 0x90;
const exInterFrame = 0xa0;
/** With the composition time after the FourCC, and without it where that is 0: SequenceStart, CodedFrames, CodedFramesX. */
const exPacketTypes = { sequenceStart: 0, codedFrames: 1, codedFramesX: 3 } as const;
const hevcFourCc = [0x68, 0x76, 0x63, 0x31] as const; // hvc1
const videoPrefixBytes = 5;
const exVideoPrefixBytes = { codedFrames: 8, codedFramesX: 5 } as const;
const audioPrefixBytes = 2;

/** DataSize has 24 bits and counts the prefix too. */
export const maximumSampleBytes = 0xffffff - exVideoPrefixBytes.codedFrames;
/** Timestamps are signed 32-bit milliseconds, §E.4.1: 24.8 days. */
export const maximumTimestampMs = 0x7fffffff;

/** Milliseconds on a timeline that starts at `origin90k`. */
export function flvTimestampMs(dts90k: number, origin90k: number): number {
  return Math.round((dts90k - origin90k) / 90);
}

/** The sound that FLV carries. Other sound has no number in it that viewers understand. */
export function flvSound({ audio }: Pick<StreamDescription, 'audio'>): AacTrack | undefined {
  return audio?.codec === 'aac' ? audio : undefined;
}

/** Why viewers hear nothing although there is sound: a sentence for people; undefined when they hear it, or there is none. */
export function flvSoundObstacle({
  audio,
  audioIgnored,
}: Pick<StreamDescription, 'audio' | 'audioIgnored'>): string | undefined {
  if (audio === undefined) return audioIgnored;
  const names: Record<Exclude<AudioTrack['codec'], 'aac'>, string> = {
    pcmu: 'G.711 mu-law',
    pcma: 'G.711 A-law',
    opus: 'Opus',
  };
  return audio.codec === 'aac'
    ? undefined
    : `The camera sends ${names[audio.codec]} sound, which is recorded but cannot be heard live. Choose AAC in the camera's settings.`;
}

/** Whether FLV carries this sample of the stream; the other functions are for such samples only. */
export function flvCarries(description: StreamDescription, { track }: Pick<Sample, 'track'>): boolean {
  switch (track) {
    case 'video':
      return true;
    case 'audio':
      return flvSound(description) !== undefined;
    case 'metadata':
      return false;
  }
}

/** The file header with the size of the tag before the first, §E.2 and §E.3. */
export function writeFlvHeader(description: Pick<StreamDescription, 'audio'>): Uint8Array {
  const tracks = flvSound(description) === undefined ? 1 : 5;
  return Uint8Array.from([0x46, 0x4c, 0x56, 1, tracks, 0, 0, 0, 9, 0, 0, 0, 0]);
}

/**
 * `onMetaData` and the sequence headers of a description: what a decoder needs before its first frame. `greetingBytes`: see
 * `OwnMetadata`; their number does not change what is written in length.
 */
export function writeConfigurationTags(
  description: StreamDescription,
  timestampMs: number,
  greetingBytes?: number,
): FlvTag[] {
  const audio = flvSound(description);
  const soundObstacle = flvSoundObstacle(description);
  const metadata = metadataPayload(description, { soundObstacle, greetingBytes });
  const tags = [
    wholeTag(tagTypes.script, timestampMs, [metadata]),
    wholeTag(tagTypes.video, timestampMs, videoSequenceHeader(description.video)),
  ];
  if (audio !== undefined) {
    tags.push(
      wholeTag(tagTypes.audio, timestampMs, [
        Uint8Array.from([aacSound, packetTypes.sequenceHeader]),
        audio.audioSpecificConfig,
      ]),
    );
  }
  return tags;
}

function videoSequenceHeader(video: VideoTrack): readonly Uint8Array[] {
  switch (video.codec) {
    case 'h264':
      return [
        Uint8Array.from([keyFrameAvc, packetTypes.sequenceHeader, 0, 0, 0]),
        avcDecoderConfiguration(video),
      ];
    case 'h265':
      return [
        Uint8Array.from([exKeyFrame | exPacketTypes.sequenceStart, ...hevcFourCc]),
        hevcDecoderConfiguration(video),
      ];
  }
}

/** What `writeSampleTag` will make of the sample, in bytes. */
export function sampleTagBytes(
  sample: Pick<Sample, 'track' | 'data' | 'dts90k' | 'pts90k'>,
  videoCodec: VideoTrack['codec'],
): number {
  return tagHeaderBytes + prefixBytesOf(sample, videoCodec) + sample.data.byteLength + previousTagSizeBytes;
}

function prefixBytesOf(
  { track, dts90k, pts90k }: Pick<Sample, 'track' | 'dts90k' | 'pts90k'>,
  videoCodec: VideoTrack['codec'],
): number {
  if (track !== 'video') return audioPrefixBytes;
  switch (videoCodec) {
    case 'h264':
      return videoPrefixBytes;
    case 'h265':
      return dts90k === pts90k ? exVideoPrefixBytes.codedFramesX : exVideoPrefixBytes.codedFrames;
  }
}

/**
 * One sample as a tag: header, the sample's own bytes, and the tag's size.
 * @throws RangeError when the sample is larger than `maximumSampleBytes` or its time beyond `maximumTimestampMs`.
 */
export function writeSampleTag(sample: Sample, origin90k: number, videoCodec: VideoTrack['codec']): FlvTag {
  const timestampMs = flvTimestampMs(sample.dts90k, origin90k);
  const isVideo = sample.track === 'video';
  const prefixBytes = prefixBytesOf(sample, videoCodec);
  const frame = new Uint8Array(tagHeaderBytes + prefixBytes + previousTagSizeBytes);
  const head = frame.subarray(0, tagHeaderBytes + prefixBytes);
  const dataBytes = prefixBytes + sample.data.byteLength;
  writeTagHeader(head, { type: isVideo ? tagTypes.video : tagTypes.audio, dataBytes, timestampMs });
  const prefix = head.subarray(tagHeaderBytes);
  if (isVideo) {
    const compositionMs = flvTimestampMs(sample.pts90k, origin90k) - timestampMs;
    writeVideoPrefix(prefix, { isSync: sample.isSync, compositionMs, videoCodec });
  } else {
    prefix[0] = aacSound;
    prefix[1] = packetTypes.payload;
  }
  const tail = frame.subarray(head.byteLength);
  writePreviousTagSize(tail, dataBytes);
  return { chunks: [head, sample.data, tail], byteLength: frame.byteLength + sample.data.byteLength };
}

function writeVideoPrefix(
  prefix: Uint8Array,
  {
    isSync,
    compositionMs,
    videoCodec,
  }: { readonly isSync: boolean; readonly compositionMs: number; readonly videoCodec: VideoTrack['codec'] },
): void {
  switch (videoCodec) {
    case 'h264':
      prefix[0] = isSync ? keyFrameAvc : interFrameAvc;
      prefix[1] = packetTypes.payload;
      writeUint24(prefix, 2, compositionMs & 0xffffff);
      return;
    case 'h265': {
      const hasComposition = prefix.byteLength === exVideoPrefixBytes.codedFrames;
      const packetType = hasComposition ? exPacketTypes.codedFrames : exPacketTypes.codedFramesX;
      prefix[0] = (isSync ? exKeyFrame : exInterFrame) | packetType;
      prefix.set(hevcFourCc, 1);
      if (hasComposition) writeUint24(prefix, 5, compositionMs & 0xffffff);
    }
  }
}

/** A small tag in one piece. */
function wholeTag(type: number, timestampMs: number, payload: readonly Uint8Array[]): FlvTag {
  const dataBytes = payload.reduce((sum, piece) => sum + piece.byteLength, 0);
  const bytes = new Uint8Array(tagHeaderBytes + dataBytes + previousTagSizeBytes);
  writeTagHeader(bytes, { type, dataBytes, timestampMs });
  let offset = tagHeaderBytes;
  for (const piece of payload) {
    bytes.set(piece, offset);
    offset += piece.byteLength;
  }
  writePreviousTagSize(bytes.subarray(offset), dataBytes);
  return { chunks: [bytes], byteLength: bytes.byteLength };
}

interface TagHeader {
  readonly type: number;
  readonly dataBytes: number;
  readonly timestampMs: number;
}

/** §E.4.1: type, size, the time's low 24 bits, its high 8 bits, stream 0. */
function writeTagHeader(bytes: Uint8Array, { type, dataBytes, timestampMs }: TagHeader): void {
  if (dataBytes > 0xffffff)
    throw new RangeError(`An FLV tag holds at most 16777215 bytes, not ${dataBytes}.`);
  if (timestampMs < 0 || timestampMs > maximumTimestampMs)
    throw new RangeError(`An FLV timestamp is between 0 and ${maximumTimestampMs} ms, not ${timestampMs}.`);
  bytes[0] = type;
  writeUint24(bytes, 1, dataBytes);
  writeUint24(bytes, 4, timestampMs & 0xffffff);
  bytes[7] = timestampMs >>> 24;
  writeUint24(bytes, 8, 0);
}

function writePreviousTagSize(bytes: Uint8Array, dataBytes: number): void {
  new DataView(bytes.buffer, bytes.byteOffset, previousTagSizeBytes).setUint32(0, tagHeaderBytes + dataBytes);
}

function writeUint24(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 16;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value;
}
