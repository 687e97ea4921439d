/** MPEG-4 audio in the LATM multiplex (ISO/IEC 14496-3 §1.7.3), as RTP carries it: one program, one layer. */
import { aacTrackFrom } from './aac.ts';
import type { BitReader } from './bit-reader.ts';
import type { AacTrack } from './sample.ts';

/** StreamMuxConfig (ISO/IEC 14496-3 §1.7.3.1), as far as it says where the frames are. */
export interface LatmConfiguration {
  readonly track: AacTrack;
  /** In each AudioMuxElement. */
  readonly frames: number;
}

const EXPLICIT_SAMPLE_RATE = 15;
const ObjectType = { escape: 31, spectralBandReplication: 5, parametricStereo: 29 } as const;

/** Reads a StreamMuxConfig. Undefined for several programs or layers, frames of fixed length, and what is no AAC. */
export function readLatmConfiguration(reader: BitReader): LatmConfiguration | undefined {
  const version = reader.bit();
  if (version === 1 && reader.flag()) return undefined; // audioMuxVersionA: reserved
  if (version === 1) readLatmValue(reader); // taraBufferFullness
  reader.skip(1); // allStreamsSameTimeFraming
  const frames = reader.bits(6) + 1;
  const programs = reader.bits(4) + 1;
  const layers = reader.bits(3) + 1;
  if (programs > 1 || layers > 1) return undefined;
  const audioSpecificConfig = version === 1 ? readSizedConfiguration(reader) : readConfiguration(reader);
  if (reader.overrun) return undefined;
  // GStreamer ends its description here; what would follow is then 0, which is what reading beyond the end gives.
  const frameLengthType = reader.bits(3);
  if (frameLengthType !== 0) return undefined;
  reader.skip(8); // latmBufferFullness
  // Other data and a check follow the frames; nothing of them is needed.
  if (reader.flag()) skipOtherDataLength(reader, version);
  if (reader.flag()) reader.skip(8); // crcCheckSum
  const track = audioSpecificConfig && aacTrackFrom(audioSpecificConfig);
  return track === undefined ? undefined : { track, frames };
}

/** PayloadLengthInfo (§1.7.3.1): the bytes of the frame that follows. */
export function readLatmFrameBytes(reader: BitReader): number {
  let bytes = 0;
  for (;;) {
    const value = reader.bits(8);
    bytes += value;
    if (value !== 255 || reader.overrun) return bytes;
  }
}

/** §1.7.3.1, LatmGetValue(). */
function readLatmValue(reader: BitReader): number {
  const bytes = reader.bits(2) + 1;
  let value = 0;
  for (let read = 0; read < bytes; read += 1) value = value * 256 + reader.bits(8);
  return value;
}

function skipOtherDataLength(reader: BitReader, version: 0 | 1): void {
  if (version === 1) {
    readLatmValue(reader);
    return;
  }
  while (reader.flag() && !reader.overrun) reader.skip(8);
  reader.skip(8);
}

function readSizedConfiguration(reader: BitReader): Uint8Array | undefined {
  const bits = readLatmValue(reader);
  if (bits > reader.bitsLeft) return undefined;
  return copyBits(reader, bits);
}

/** An AudioSpecificConfig whose end only its content tells. */
function readConfiguration(reader: BitReader): Uint8Array {
  const lookahead = reader.clone();
  const before = lookahead.bitsLeft;
  skipConfiguration(lookahead);
  return copyBits(reader, before - lookahead.bitsLeft);
}

/** ISO/IEC 14496-3 §1.6.2.1 with a GASpecificConfig (§4.4.1). */
function skipConfiguration(reader: BitReader): void {
  let objectType = skipObjectType(reader);
  skipSampleRate(reader);
  reader.skip(4); // channelConfiguration
  if (objectType === ObjectType.spectralBandReplication || objectType === ObjectType.parametricStereo) {
    skipSampleRate(reader);
    objectType = skipObjectType(reader);
  }
  reader.skip(1); // frameLengthFlag
  if (reader.flag()) reader.skip(14); // coreCoderDelay
  reader.skip(1); // extensionFlag: nothing follows it in the types that `aacTrackFrom` takes
}

function skipObjectType(reader: BitReader): number {
  const type = reader.bits(5);
  return type === ObjectType.escape ? 32 + reader.bits(6) : type;
}

function skipSampleRate(reader: BitReader): void {
  if (reader.bits(4) === EXPLICIT_SAMPLE_RATE) reader.skip(24);
}

/** So many bits as bytes, filled up with zeros. */
function copyBits(reader: BitReader, bits: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits / 8));
  for (let index = 0; index < bytes.length; index += 1) {
    const count = Math.min(8, bits - 8 * index);
    bytes[index] = reader.bits(count) << (8 - count);
  }
  return bytes;
}
