import type { AacTrack, H264Track, StreamDescription } from '../sample.ts';
import { avcDecoderConfiguration } from '../h264.ts';
import { box, fourCharacters, fullBox, uint16, uint32, uint8, zeros } from './box.ts';

export const videoTrackId = 1;
export const audioTrackId = 2;
/** Video counts in the stream's own ticks. */
export const videoTimescale = 90_000;

const plain = { version: 0, flags: 0 } as const;
/** "und", three 5-bit letters (§8.4.2.3). */
const undefinedLanguage = 0x55c4;
/** Identity transformation (§6.2.2). */
const unityMatrix = uint32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/** What `writeInit` needs of a description. */
export type InitTracks = Pick<StreamDescription, 'video' | 'audio'>;

/**
 * The initialization segment: `ftyp`, then any extra top-level boxes, then `moov` with one track for video and, where there
 * is audio, one for that (ISO/IEC 14496-12 §8.2, movie fragments §8.8). Audio counts in samples, so AAC is exact.
 */
export function writeInit(tracks: InitTracks, extraBoxes: readonly Uint8Array[] = []): Uint8Array {
  const { video, audio } = tracks;
  const traks = [videoTrak(video)];
  const trexs = [trex(videoTrackId)];
  if (audio !== undefined) {
    traks.push(audioTrak(audio));
    trexs.push(trex(audioTrackId));
  }
  const moov = box('moov', mvhd(), ...traks, box('mvex', ...trexs));
  return Buffer.concat([ftyp(), ...extraBoxes, moov]);
}

/** File type, §4.3. `iso6` stands for movie fragments with `tfdt` and offsets from the `moof`. */
function ftyp(): Uint8Array {
  return box(
    'ftyp',
    fourCharacters('iso6'),
    uint32(1),
    ...['iso5', 'iso6', 'avc1', 'mp41'].map((brand) => fourCharacters(brand)),
  );
}

/** Movie header, §8.2.2. Duration 0: the fragments have it. */
function mvhd(): Uint8Array {
  return fullBox(
    'mvhd',
    plain,
    uint32(0, 0, 1000, 0, 0x10000),
    uint16(0x100, 0),
    zeros(8),
    unityMatrix,
    zeros(24),
    uint32(audioTrackId + 1),
  );
}

interface TrackShape {
  readonly trackId: number;
  readonly timescale: number;
  readonly handler: 'vide' | 'soun';
  readonly handlerName: string;
  readonly widthPixels: number;
  readonly heightPixels: number;
  readonly mediaHeader: Uint8Array;
  readonly sampleEntry: Uint8Array;
}

function videoTrak(video: H264Track): Uint8Array {
  return trak({
    trackId: videoTrackId,
    timescale: videoTimescale,
    handler: 'vide',
    handlerName: 'Video',
    widthPixels: video.width,
    heightPixels: video.height,
    mediaHeader: fullBox('vmhd', { version: 0, flags: 1 }, zeros(8)), // §12.1.2
    sampleEntry: avc1(video),
  });
}

function audioTrak(audio: AacTrack): Uint8Array {
  return trak({
    trackId: audioTrackId,
    timescale: audio.sampleRate,
    handler: 'soun',
    handlerName: 'Audio',
    widthPixels: 0,
    heightPixels: 0,
    mediaHeader: fullBox('smhd', plain, zeros(4)), // §12.2.2
    sampleEntry: mp4a(audio),
  });
}

/** Track, §8.3.1. The sample table stays empty: every sample is in a fragment. */
function trak(track: TrackShape): Uint8Array {
  const stbl = box(
    'stbl', // §8.5.1
    fullBox('stsd', plain, uint32(1), track.sampleEntry), // §8.5.2
    fullBox('stts', plain, uint32(0)), // §8.6.1.2
    fullBox('stsc', plain, uint32(0)), // §8.7.4
    fullBox('stsz', plain, uint32(0, 0)), // §8.7.3
    fullBox('stco', plain, uint32(0)), // §8.7.5
  );
  const selfContained = fullBox('url ', { version: 0, flags: 1 }); // §8.7.2
  const dinf = box('dinf', fullBox('dref', plain, uint32(1), selfContained)); // §8.7.1
  const minf = box('minf', track.mediaHeader, dinf, stbl); // §8.4.4
  return box('trak', tkhd(track), box('mdia', mdhd(track.timescale), hdlr(track), minf)); // §8.4.1
}

/** Track header, §8.3.2. Flags: enabled, in the movie. */
function tkhd({ trackId, handler, widthPixels, heightPixels }: TrackShape): Uint8Array {
  return fullBox(
    'tkhd',
    { version: 0, flags: 3 },
    uint32(0, 0, trackId, 0, 0),
    zeros(8),
    uint16(0, 0, handler === 'soun' ? 0x100 : 0, 0),
    unityMatrix,
    uint32(widthPixels * 0x10000, heightPixels * 0x10000),
  );
}

/** Media header, §8.4.2. */
function mdhd(timescale: number): Uint8Array {
  return fullBox('mdhd', plain, uint32(0, 0, timescale, 0), uint16(undefinedLanguage, 0));
}

/** Handler reference, §8.4.3. */
function hdlr({ handler, handlerName }: TrackShape): Uint8Array {
  return fullBox(
    'hdlr',
    plain,
    uint32(0),
    fourCharacters(handler),
    zeros(12),
    new TextEncoder().encode(`${handlerName}\0`),
  );
}

/** AVC sample entry, ISO/IEC 14496-15 §5.4.2 and ISO/IEC 14496-12 §12.1.3. */
function avc1(video: H264Track): Uint8Array {
  return box(
    'avc1',
    zeros(6),
    uint16(1), // data_reference_index
    zeros(16),
    uint16(video.width, video.height),
    uint32(0x480000, 0x480000, 0), // 72 dpi
    uint16(1), // frame_count
    zeros(32), // compressorname
    uint16(0x18, 0xffff), // depth, pre_defined
    box('avcC', avcDecoderConfiguration(video)),
  );
}

/** MPEG-4 audio sample entry, ISO/IEC 14496-14 §5.6 and ISO/IEC 14496-12 §12.2.3. A rate beyond 16 bits is left to the decoder's configuration. */
function mp4a(audio: AacTrack): Uint8Array {
  return box(
    'mp4a',
    zeros(6),
    uint16(1), // data_reference_index
    zeros(8),
    uint16(audio.channels, 16, 0, 0),
    uint32(audio.sampleRate <= 0xffff ? audio.sampleRate * 0x10000 : 0),
    esds(audio.audioSpecificConfig),
  );
}

/** Elementary stream descriptor, ISO/IEC 14496-14 §5.6.1 with the descriptors of ISO/IEC 14496-1 §7.2.6. */
function esds(audioSpecificConfig: Uint8Array): Uint8Array {
  const decoderConfig = descriptor(
    0x04,
    uint8(0x40, (5 << 2) | 1, 0, 0, 0), // MPEG-4 audio, audio stream, no buffer size
    uint32(0, 0), // bit rates unknown
    descriptor(0x05, audioSpecificConfig),
  );
  return fullBox(
    'esds',
    plain,
    descriptor(0x03, uint16(0), uint8(0), decoderConfig, descriptor(0x06, uint8(2))),
  );
}

/** Tag, expandable size (ISO/IEC 14496-1 §8.3.3, always four bytes here), payload. */
function descriptor(tag: number, ...payload: readonly Uint8Array[]): Uint8Array {
  const byteLength = payload.reduce((sum, piece) => sum + piece.byteLength, 0);
  const size = uint8(
    0x80 | (byteLength >> 21),
    0x80 | ((byteLength >> 14) & 0x7f),
    0x80 | ((byteLength >> 7) & 0x7f),
    byteLength & 0x7f,
  );
  return Buffer.concat([uint8(tag), size, ...payload]);
}

/** Track extends, §8.8.3. */
function trex(trackId: number): Uint8Array {
  return fullBox('trex', plain, uint32(trackId, 1, 0, 0, 0));
}
