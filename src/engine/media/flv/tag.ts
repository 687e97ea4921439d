import type { Sample, StreamDescription } from '../sample.ts';
import { avcDecoderConfiguration } from '../h264.ts';
import { metadataPayload } from './metadata.ts';

/** Adobe Flash Video File Format Specification 10.1, Annex E. */

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
const videoPrefixBytes = 5;
const audioPrefixBytes = 2;

/** DataSize has 24 bits and counts the prefix too. */
export const maximumSampleBytes = 0xffffff - videoPrefixBytes;
/** Timestamps are signed 32-bit milliseconds, §E.4.1: 24.8 days. */
export const maximumTimestampMs = 0x7fffffff;

/** Milliseconds on a timeline that starts at `origin90k`. */
export function flvTimestampMs(dts90k: number, origin90k: number): number {
  return Math.round((dts90k - origin90k) / 90);
}

/** The file header with the size of the tag before the first, §E.2 and §E.3. */
export function writeFlvHeader({ audio }: Pick<StreamDescription, 'audio'>): Uint8Array {
  return Uint8Array.from([0x46, 0x4c, 0x56, 1, audio === undefined ? 1 : 5, 0, 0, 0, 9, 0, 0, 0, 0]);
}

/** `onMetaData` and the sequence headers of a description: what a decoder needs before its first frame. */
export function writeConfigurationTags(description: StreamDescription, timestampMs: number): FlvTag[] {
  const { video, audio } = description;
  const tags = [
    wholeTag(tagTypes.script, timestampMs, [metadataPayload(description)]),
    wholeTag(tagTypes.video, timestampMs, [
      Uint8Array.from([keyFrameAvc, packetTypes.sequenceHeader, 0, 0, 0]),
      avcDecoderConfiguration(video),
    ]),
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

/** What `writeSampleTag` will make of the sample, in bytes. */
export function sampleTagBytes({ track, data }: Pick<Sample, 'track' | 'data'>): number {
  const prefixBytes = track === 'video' ? videoPrefixBytes : audioPrefixBytes;
  return tagHeaderBytes + prefixBytes + data.byteLength + previousTagSizeBytes;
}

/**
 * One sample as a tag: header, the sample's own bytes, and the tag's size.
 * @throws RangeError when the sample is larger than `maximumSampleBytes` or its time beyond `maximumTimestampMs`.
 */
export function writeSampleTag(sample: Sample, origin90k: number): FlvTag {
  const timestampMs = flvTimestampMs(sample.dts90k, origin90k);
  const isVideo = sample.track === 'video';
  const prefixBytes = isVideo ? videoPrefixBytes : audioPrefixBytes;
  const frame = new Uint8Array(tagHeaderBytes + prefixBytes + previousTagSizeBytes);
  const head = frame.subarray(0, tagHeaderBytes + prefixBytes);
  const dataBytes = prefixBytes + sample.data.byteLength;
  writeTagHeader(head, { type: isVideo ? tagTypes.video : tagTypes.audio, dataBytes, timestampMs });
  if (isVideo) {
    const compositionMs = flvTimestampMs(sample.pts90k, origin90k) - timestampMs;
    head[11] = sample.isSync ? keyFrameAvc : interFrameAvc;
    head[12] = packetTypes.payload;
    writeUint24(head, 13, compositionMs & 0xffffff);
  } else {
    head[11] = aacSound;
    head[12] = packetTypes.payload;
  }
  const tail = frame.subarray(head.byteLength);
  writePreviousTagSize(tail, dataBytes);
  return { chunks: [head, sample.data, tail], byteLength: frame.byteLength + sample.data.byteLength };
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
