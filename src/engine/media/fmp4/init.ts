import type { StreamDescription } from '../sample.ts';
import { box, fourCharacters, fullBox, uint16, uint32, zeros } from './box.ts';
import { audioSampleEntry, metadataSampleEntry, videoSampleEntry } from './sample-entry.ts';

/** The same in every file, whichever tracks it has. */
export const trackIds = { video: 1, audio: 2, metadata: 3 } as const;
/** Video counts in the stream's own ticks, and metadata with it. */
export const videoTimescale = 90_000;
export const metadataTimescale = 90_000;

const plain = { version: 0, flags: 0 } as const;
/** "und", three 5-bit letters (§8.4.2.3). */
const undefinedLanguage = 0x55c4;
/** Identity transformation (§6.2.2). */
const unityMatrix = uint32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/** The tracks of one file: any, but at least one. */
export type InitTracks = Partial<Pick<StreamDescription, 'video' | 'audio' | 'metadata'>>;

/**
 * The initialization segment: `ftyp`, then any extra top-level boxes, then `moov` with one track for each given (ISO/IEC
 * 14496-12 §8.2, movie fragments §8.8). Audio counts in sound samples, so that its durations are exact.
 */
export function writeInit(tracks: InitTracks, extraBoxes: readonly Uint8Array[] = []): Uint8Array {
  const shapes = trackShapes(tracks);
  if (shapes.length === 0) throw new RangeError('A file has at least one track.');
  const trexs = shapes.map(({ trackId }) => trex(trackId));
  const moov = box('moov', mvhd(), ...shapes.map(trak), box('mvex', ...trexs));
  return Buffer.concat([ftyp(tracks), ...extraBoxes, moov]);
}

/** File type, §4.3. `iso6` stands for movie fragments with `tfdt` and offsets from the `moof`. */
function ftyp({ video }: InitTracks): Uint8Array {
  const brands = ['iso5', 'iso6', ...(video?.codec === 'h264' ? ['avc1'] : []), 'mp41'];
  return box('ftyp', fourCharacters('iso6'), uint32(1), ...brands.map(fourCharacters));
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
    uint32(Math.max(...Object.values(trackIds)) + 1),
  );
}

interface TrackShape {
  readonly trackId: number;
  readonly timescale: number;
  readonly handler: 'vide' | 'soun' | 'meta';
  readonly handlerName: string;
  readonly widthPixels: number;
  readonly heightPixels: number;
  readonly mediaHeader: Uint8Array;
  readonly sampleEntry: Uint8Array;
}

function trackShapes({ video, audio, metadata }: InitTracks): TrackShape[] {
  const shapes: TrackShape[] = [];
  if (video !== undefined) {
    shapes.push({
      trackId: trackIds.video,
      timescale: videoTimescale,
      handler: 'vide',
      handlerName: 'Video',
      widthPixels: video.width,
      heightPixels: video.height,
      mediaHeader: fullBox('vmhd', { version: 0, flags: 1 }, zeros(8)), // §12.1.2
      sampleEntry: videoSampleEntry(video),
    });
  }
  if (audio !== undefined) {
    shapes.push({
      trackId: trackIds.audio,
      timescale: audio.sampleRate,
      handler: 'soun',
      handlerName: 'Audio',
      widthPixels: 0,
      heightPixels: 0,
      mediaHeader: fullBox('smhd', plain, zeros(4)), // §12.2.2
      sampleEntry: audioSampleEntry(audio),
    });
  }
  if (metadata !== undefined) {
    shapes.push({
      trackId: trackIds.metadata,
      timescale: metadataTimescale,
      handler: 'meta',
      handlerName: 'Metadata',
      widthPixels: 0,
      heightPixels: 0,
      mediaHeader: fullBox('nmhd', plain), // §8.4.5.2
      sampleEntry: metadataSampleEntry(metadata),
    });
  }
  return shapes;
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

/** Track extends, §8.8.3. */
function trex(trackId: number): Uint8Array {
  return fullBox('trex', plain, uint32(trackId, 1, 0, 0, 0));
}
