import type { Sample } from '../sample.ts';
import { boxHeaderBytes } from './box.ts';
import { trackIds } from './init.ts';

/** One sample as a part describes it; times in its track's timescale. */
export interface PartSample {
  readonly data: Uint8Array;
  readonly duration: number;
  /** Presentation minus decoding time; may be negative. */
  readonly compositionOffset: number;
  readonly isSync: boolean;
}

export interface PartTrack {
  readonly track: Sample['track'];
  /** Decoding time of the first sample, from the start of the file, in the track's timescale. */
  readonly baseDecodeTime: number;
  readonly samples: readonly PartSample[];
}

export interface Part {
  /** `moof` and the header of `mdat`, then every sample's own bytes, in writing order. Nothing is copied. */
  readonly chunks: readonly Uint8Array[];
  readonly byteLength: number;
}

const mfhdBytes = boxHeaderBytes + 8;
const tfhdBytes = boxHeaderBytes + 8;
const tfdtBytes = boxHeaderBytes + 12;
const trunFixedBytes = boxHeaderBytes + 12;

/** trun flags, §8.8.8.1: data offset, and per sample duration, size, flags, composition offset. */
const trunFlags = {
  dataOffset: 0x1,
  duration: 0x100,
  size: 0x200,
  flags: 0x400,
  compositionOffset: 0x800,
} as const;
/** tfhd flag default-base-is-moof, §8.8.7.1. */
const defaultBaseIsMoof = 0x020000;
/** Sample flags, §8.8.3.1: depends on no other; depends on others and is no sync sample. */
const syncSampleFlags = 0x02000000;
const otherSampleFlags = 0x01010000;
/** Duration, size and flags; four more bytes with a composition offset. */
const trunEntryBytes = 12;

interface TrackLayout {
  readonly track: PartTrack;
  readonly hasOffsets: boolean;
  readonly trunBytes: number;
  readonly trafBytes: number;
  readonly mediaBytes: number;
}

/**
 * One movie fragment with its media data (§8.8.4, §8.1.1): `moof` with a `traf` for each track, and an `mdat` that holds the
 * tracks one after the other. Tracks without samples are left out. `sequenceNumber` grows by one from part to part of a file.
 */
export function writePart(sequenceNumber: number, tracks: readonly PartTrack[]): Part {
  const layouts = tracks.filter((track) => track.samples.length > 0).map(layOut);
  const moofBytes = layouts.reduce((sum, layout) => sum + layout.trafBytes, boxHeaderBytes + mfhdBytes);
  const mediaBytes = layouts.reduce((sum, layout) => sum + layout.mediaBytes, 0);
  const header = new Uint8Array(moofBytes + boxHeaderBytes);
  const writer = new BoxWriter(header);

  writer.boxHeader(moofBytes, 'moof');
  writer.boxHeader(mfhdBytes, 'mfhd'); // §8.8.5
  writer.uint32(0);
  writer.uint32(sequenceNumber);
  let dataOffset = moofBytes + boxHeaderBytes;
  for (const layout of layouts) {
    writeTraf(writer, layout, dataOffset);
    dataOffset += layout.mediaBytes;
  }
  writer.boxHeader(boxHeaderBytes + mediaBytes, 'mdat');

  const chunks: Uint8Array[] = [header];
  for (const { track } of layouts) for (const sample of track.samples) chunks.push(sample.data);
  return { chunks, byteLength: header.byteLength + mediaBytes };
}

function layOut(track: PartTrack): TrackLayout {
  let mediaBytes = 0;
  let hasOffsets = false;
  for (const sample of track.samples) {
    mediaBytes += sample.data.byteLength;
    hasOffsets ||= sample.compositionOffset !== 0;
  }
  const trunBytes = trunFixedBytes + track.samples.length * (trunEntryBytes + (hasOffsets ? 4 : 0));
  const trafBytes = boxHeaderBytes + tfhdBytes + tfdtBytes + trunBytes;
  return { track, hasOffsets, trunBytes, trafBytes, mediaBytes };
}

/** Track fragment, §8.8.6. */
function writeTraf(writer: BoxWriter, layout: TrackLayout, dataOffset: number): void {
  const { track, hasOffsets } = layout;
  writer.boxHeader(layout.trafBytes, 'traf');

  writer.boxHeader(tfhdBytes, 'tfhd'); // §8.8.7
  writer.uint32(defaultBaseIsMoof);
  writer.uint32(trackIds[track.track]);

  writer.boxHeader(tfdtBytes, 'tfdt'); // §8.8.12
  writer.uint32(0x01000000);
  writer.uint64(track.baseDecodeTime);

  writer.boxHeader(layout.trunBytes, 'trun'); // §8.8.8, version 1: signed offsets
  const { dataOffset: offsetFlag, duration, size, flags, compositionOffset } = trunFlags;
  writer.uint32(0x01000000 | offsetFlag | duration | size | flags | (hasOffsets ? compositionOffset : 0));
  writer.uint32(track.samples.length);
  writer.uint32(dataOffset);
  for (const sample of track.samples) {
    writer.uint32(sample.duration);
    writer.uint32(sample.data.byteLength);
    writer.uint32(sample.isSync ? syncSampleFlags : otherSampleFlags);
    if (hasOffsets) writer.uint32(sample.compositionOffset);
  }
}

/** Writes big-endian fields one after the other; numbers are taken modulo their width, so that -1 is 0xffffffff. */
class BoxWriter {
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  boxHeader(byteLength: number, type: string): void {
    this.uint32(byteLength);
    for (let index = 0; index < 4; index += 1)
      this.#view.setUint8(this.#offset + index, type.charCodeAt(index));
    this.#offset += 4;
  }

  uint32(value: number): void {
    this.#view.setUint32(this.#offset, value);
    this.#offset += 4;
  }

  uint64(value: number): void {
    this.uint32(Math.floor(value / 0x1_0000_0000));
    this.uint32(value);
  }
}
