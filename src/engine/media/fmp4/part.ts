import { pageBytes, pageOffsetOf, smallestInPlaceBytes } from '../page-memory.ts';
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
  /** `moof` and the header of `mdat`, then the samples' own bytes, in writing order, with zeros between where it is paged. */
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

/**
 * `dense`: sample follows sample. `paged`: samples that lie side by side in memory that begins at a page are placed as far into a
 * page of the part as they lie in one of memory, with zeros before them, so that direct I/O can take them from where they lie.
 */
export type PartLayout = 'dense' | 'paged';

/** Fewer bytes side by side are not worth the zeros: those up to the next page are copied in any case. */
const smallestPagedBytes = smallestInPlaceBytes + pageBytes;
const zeros = new Uint8Array(pageBytes);

/** Samples of a track that lie one after the other in the part: one `trun`. */
interface Run {
  readonly samples: PartSample[];
  readonly chunks: Uint8Array[];
  byteLength: number;
  /** How far into a page it has to begin; anywhere, unless given. */
  readonly pageOffset: number | undefined;
}

interface TrackLayout {
  readonly track: PartTrack;
  readonly runs: readonly Run[];
  readonly hasOffsets: boolean;
  readonly trafBytes: number;
}

/**
 * One movie fragment with its media data (§8.8.4, §8.1.1): `moof` with a `traf` for each track, and an `mdat` that holds the
 * tracks one after the other. Tracks without samples are left out. `sequenceNumber` grows by one from part to part of a file.
 */
export function writePart(
  sequenceNumber: number,
  tracks: readonly PartTrack[],
  arrangement: PartLayout = 'dense',
): Part {
  const layouts = tracks
    .filter((track) => track.samples.length > 0)
    .map((track) => layOut(track, arrangement === 'paged' ? pagedRuns(track) : [denseRun(track.samples)]));
  const moofBytes = layouts.reduce((sum, layout) => sum + layout.trafBytes, boxHeaderBytes + mfhdBytes);
  const header = new Uint8Array(moofBytes + boxHeaderBytes);
  const writer = new BoxWriter(header);

  writer.boxHeader(moofBytes, 'moof');
  writer.boxHeader(mfhdBytes, 'mfhd'); // §8.8.5
  writer.uint32(0);
  writer.uint32(sequenceNumber);
  const chunks: Uint8Array[] = [header];
  let end = header.byteLength;
  for (const layout of layouts) {
    writeTrafHeader(writer, layout);
    for (const run of layout.runs) {
      const gapBytes = run.pageOffset === undefined ? 0 : bytesUpTo(run.pageOffset, end);
      if (gapBytes > 0) chunks.push(zeros.subarray(0, gapBytes));
      end += gapBytes;
      writeTrun(writer, run, { dataOffset: end, hasOffsets: layout.hasOffsets });
      for (const chunk of run.chunks) chunks.push(chunk);
      end += run.byteLength;
    }
  }
  writer.boxHeader(end - moofBytes, 'mdat');
  return { chunks, byteLength: end };
}

/** From a position to the next that is so far into a page. */
function bytesUpTo(pageOffset: number, position: number): number {
  return (pageOffset + pageBytes - (position % pageBytes)) % pageBytes;
}

function denseRun(samples: readonly PartSample[]): Run {
  const run: Run = { samples: [...samples], chunks: [], byteLength: 0, pageOffset: undefined };
  for (const { data } of samples) {
    run.chunks.push(data);
    run.byteLength += data.byteLength;
  }
  return run;
}

/** Neighbours in memory are one chunk; those that are worth it begin a run. */
function pagedRuns({ samples }: PartTrack): Run[] {
  const runs: Run[] = [];
  for (let first = 0; first < samples.length;) {
    const { bytes, count } = neighboursFrom(samples, first);
    const pageOffset = bytes.byteLength < smallestPagedBytes ? undefined : pageOffsetOf(bytes);
    let run = runs.at(-1);
    if (run === undefined || pageOffset !== undefined) {
      run = { samples: [], chunks: [], byteLength: 0, pageOffset };
      runs.push(run);
    }
    run.chunks.push(bytes);
    run.byteLength += bytes.byteLength;
    for (const end = first + count; first < end; first += 1) {
      const sample = samples[first];
      if (sample !== undefined) run.samples.push(sample);
    }
  }
  return runs;
}

/** The bytes of a sample and of those after it that lie behind it in the same memory, and how many samples they are. */
function neighboursFrom(
  samples: readonly PartSample[],
  first: number,
): { readonly bytes: Uint8Array; readonly count: number } {
  const data = samples[first]?.data ?? zeros.subarray(0, 0);
  let end = data.byteOffset + data.byteLength;
  let count = 1;
  for (; first + count < samples.length; count += 1) {
    const next = samples[first + count]?.data;
    if (next?.buffer !== data.buffer || next.byteOffset !== end) break;
    end += next.byteLength;
  }
  const bytes = count === 1 ? data : new Uint8Array(data.buffer, data.byteOffset, end - data.byteOffset);
  return { bytes, count };
}

function layOut(track: PartTrack, runs: readonly Run[]): TrackLayout {
  const hasOffsets = track.samples.some((sample) => sample.compositionOffset !== 0);
  const trafBytes = runs.reduce(
    (sum, run) => sum + trunBytes(run, hasOffsets),
    boxHeaderBytes + tfhdBytes + tfdtBytes,
  );
  return { track, runs, hasOffsets, trafBytes };
}

function trunBytes(run: Run, hasOffsets: boolean): number {
  return trunFixedBytes + run.samples.length * (trunEntryBytes + (hasOffsets ? 4 : 0));
}

/** Track fragment up to its runs, §8.8.6. */
function writeTrafHeader(writer: BoxWriter, { track, trafBytes }: TrackLayout): void {
  writer.boxHeader(trafBytes, 'traf');

  writer.boxHeader(tfhdBytes, 'tfhd'); // §8.8.7
  writer.uint32(defaultBaseIsMoof);
  writer.uint32(trackIds[track.track]);

  writer.boxHeader(tfdtBytes, 'tfdt'); // §8.8.12
  writer.uint32(0x01000000);
  writer.uint64(track.baseDecodeTime);
}

/** Track run, §8.8.8, version 1: signed offsets. */
function writeTrun(
  writer: BoxWriter,
  run: Run,
  { dataOffset, hasOffsets }: { readonly dataOffset: number; readonly hasOffsets: boolean },
): void {
  writer.boxHeader(trunBytes(run, hasOffsets), 'trun');
  const { dataOffset: offsetFlag, duration, size, flags, compositionOffset } = trunFlags;
  writer.uint32(0x01000000 | offsetFlag | duration | size | flags | (hasOffsets ? compositionOffset : 0));
  writer.uint32(run.samples.length);
  writer.uint32(dataOffset);
  for (const sample of run.samples) {
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
