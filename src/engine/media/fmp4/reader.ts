/**
 * Reads the structure of a fragmented file back, as far as recovery and playback need it: which bytes are whole, and what
 * each part holds. Bounded: it reads box headers and the small boxes only, never media data.
 */

/** Random access to a file or to memory. `read` yields fewer bytes than asked for only at the end. */
export interface ByteSource {
  readonly byteLength: number;
  read(position: number, byteLength: number): Promise<Uint8Array>;
}

export interface ScannedTrack {
  readonly trackId: number;
  readonly kind: 'video' | 'audio' | 'metadata' | 'other';
  /** Units a second (ISO/IEC 14496-12 §8.4.2). */
  readonly timescale: number;
}

export interface ScannedTrackPart {
  readonly trackId: number;
  /** Decoding time of the first sample and length, in the track's timescale. */
  readonly baseDecodeTime: number;
  readonly duration: number;
  readonly sampleCount: number;
  readonly startsWithSync: boolean;
}

/** One `moof` with the whole `mdat` after it. */
export interface ScannedPart {
  readonly position: number;
  /** Of both boxes, and of any padding after them. */
  readonly byteLength: number;
  readonly sequenceNumber: number;
  readonly tracks: readonly ScannedTrackPart[];
}

export interface ScannedFile {
  /** Up to the end of `moov`; 0 when it is missing or damaged, and then there are no parts. */
  readonly initByteLength: number;
  /** Payloads of top-level `uuid` boxes before the first part: 16 bytes of extended type, then content. */
  readonly extensions: readonly Uint8Array[];
  readonly tracks: readonly ScannedTrack[];
  readonly parts: readonly ScannedPart[];
  /** Everything before this is whole; cut the file here. */
  readonly validByteLength: number;
  /** Why reading stopped before the end of the file. */
  readonly damage?: string;
}

/** Larger boxes than this are not ours: `moov` is under 2 KB, `moof` 16 bytes a sample. */
const maximumStructureBytes = 1024 * 1024;
const headerBytes = 8;
/** `moof` */
const moofType = [0x6d, 0x6f, 0x6f, 0x66] as const;
const largeHeaderBytes = 16;

interface BoxExtent {
  readonly type: string;
  readonly position: number;
  readonly headerByteLength: number;
  readonly byteLength: number;
}

/** Walks the top-level boxes from the start and stops at the first one that is cut off or makes no sense. */
export async function scanFile(source: ByteSource): Promise<ScannedFile> {
  const state = new ScanState();
  let position = 0;
  while (position < source.byteLength) {
    const extent = await readExtent(source, position);
    if (typeof extent === 'string') return state.finish(extent);
    const damage = await acceptBox(source, extent, state);
    if (damage !== undefined) return state.finish(damage);
    position += extent.byteLength;
  }
  return state.finish(state.awaitsMedia ? 'the media data of the last part is missing' : undefined);
}

/** Read at once where a part is looked for. */
const searchBytes = 256 * 1024;

/** Where the next part whose boxes are whole begins, at or after a position; whatever lies before it. */
export async function findPart(source: ByteSource, from: number): Promise<number | undefined> {
  for (let position = from; position + headerBytes <= source.byteLength; position += searchBytes) {
    // A box header may lie across the end of what is read.
    const bytes = await source.read(position, searchBytes + headerBytes - 1);
    for (let at = indexOfMoof(bytes, 0); at !== -1; at = indexOfMoof(bytes, at + 1))
      if (await isPart(source, position + at)) return position + at;
  }
  return undefined;
}

/** Where a box header with the type `moof` begins. */
function indexOfMoof(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(moofType[0], from + 4); at !== -1; at = bytes.indexOf(moofType[0], at + 1))
    if (moofType.every((character, offset) => bytes[at + offset] === character)) return at - 4;
  return -1;
}

async function isPart(source: ByteSource, position: number): Promise<boolean> {
  const moof = await readExtent(source, position);
  if (typeof moof === 'string' || moof.type !== 'moof') return false;
  const content = parseMoof(await readContent(source, moof));
  const mdat = await readExtent(source, position + moof.byteLength);
  if (content === undefined || typeof mdat === 'string' || mdat.type !== 'mdat') return false;
  return moof.byteLength + mdat.byteLength === content.mediaEnd;
}

class ScanState {
  initByteLength = 0;
  validByteLength = 0;
  awaitsMedia = false;
  readonly extensions: Uint8Array[] = [];
  tracks: readonly ScannedTrack[] = [];
  readonly parts: ScannedPart[] = [];
  fragment: { position: number; content: Fragment } | undefined;

  finish(damage: string | undefined): ScannedFile {
    const { initByteLength, extensions, tracks, parts, validByteLength } = this;
    const file = { initByteLength, extensions, tracks, parts, validByteLength };
    return damage === undefined ? file : { ...file, damage };
  }
}

/** Takes one whole top-level box; the answer is what is wrong with it. */
async function acceptBox(
  source: ByteSource,
  extent: BoxExtent,
  state: ScanState,
): Promise<string | undefined> {
  const end = extent.position + extent.byteLength;
  switch (extent.type) {
    case 'moov': {
      if (state.initByteLength > 0) return 'a second moov';
      state.tracks = parseMoov(await readContent(source, extent));
      if (state.tracks.length === 0) return 'a moov without tracks';
      state.initByteLength = end;
      state.validByteLength = end;
      return undefined;
    }
    case 'uuid': {
      if (state.initByteLength === 0)
        state.extensions.push(Uint8Array.from(await readContent(source, extent)));
      return undefined;
    }
    case 'moof': {
      if (state.initByteLength === 0) return 'a part before the moov';
      if (state.awaitsMedia) return 'a part without media data';
      const content = parseMoof(await readContent(source, extent));
      if (content === undefined) return 'a damaged moof';
      state.fragment = { position: extent.position, content };
      state.awaitsMedia = true;
      return undefined;
    }
    case 'mdat': {
      const { fragment } = state;
      if (fragment === undefined || !state.awaitsMedia) return 'media data without a moof';
      if (fragment.position + fragment.content.mediaEnd !== end)
        return 'media data of another length than its moof says';
      const { sequenceNumber, tracks } = fragment.content;
      state.parts.push({
        position: fragment.position,
        byteLength: end - fragment.position,
        sequenceNumber,
        tracks,
      });
      state.awaitsMedia = false;
      state.validByteLength = end;
      return undefined;
    }
    case 'free':
    case 'skip': {
      const last = state.parts.pop();
      if (last !== undefined && !state.awaitsMedia) {
        state.parts.push({ ...last, byteLength: end - last.position });
        state.validByteLength = end;
      }
      return undefined;
    }
    default:
      return extent.type === 'ftyp' && extent.position === 0
        ? undefined
        : `an unknown box at ${extent.position}`;
  }
}

/** Box header, §4.2.2, including the 64-bit size. */
async function readExtent(source: ByteSource, position: number): Promise<BoxExtent | string> {
  const header = asView(await source.read(position, largeHeaderBytes));
  if (header.byteLength < headerBytes) return 'a cut-off box header';
  const size32 = header.getUint32(0);
  const isLarge = size32 === 1;
  if (isLarge && header.byteLength < largeHeaderBytes) return 'a cut-off box header';
  const byteLength = isLarge ? readUint64(header, 8) : size32;
  const headerByteLength = isLarge ? largeHeaderBytes : headerBytes;
  const type = boxType(header, 4);
  if (byteLength < headerByteLength) return `an impossible box size at ${position}`;
  if (position + byteLength > source.byteLength) return `a cut-off ${printable(type)} box`;
  if (!(type === 'mdat' || type === 'free' || type === 'skip') && byteLength > maximumStructureBytes)
    return `a ${printable(type)} box of ${byteLength} bytes`;
  return { type, position, headerByteLength, byteLength };
}

function readContent(source: ByteSource, extent: BoxExtent): Promise<Uint8Array> {
  return source.read(extent.position + extent.headerByteLength, extent.byteLength - extent.headerByteLength);
}

/** Child boxes with 32-bit sizes; ends at the first one that does not fit. */
function* children(bytes: Uint8Array): Generator<{ type: string; content: Uint8Array }> {
  const view = asView(bytes);
  let offset = 0;
  while (offset + headerBytes <= bytes.byteLength) {
    const byteLength = view.getUint32(offset);
    if (byteLength < headerBytes || offset + byteLength > bytes.byteLength) return;
    yield {
      type: boxType(view, offset + 4),
      content: bytes.subarray(offset + headerBytes, offset + byteLength),
    };
    offset += byteLength;
  }
}

function child(bytes: Uint8Array, type: string): Uint8Array | undefined {
  for (const box of children(bytes)) if (box.type === type) return box.content;
  return undefined;
}

/** §8.2.1. */
function parseMoov(moov: Uint8Array): ScannedTrack[] {
  const tracks: ScannedTrack[] = [];
  for (const { type, content } of children(moov)) {
    if (type !== 'trak') continue;
    const tkhd = child(content, 'tkhd');
    const mdia = child(content, 'mdia');
    const mdhd = mdia && child(mdia, 'mdhd');
    const hdlr = mdia && child(mdia, 'hdlr');
    if (!tkhd || !mdhd || !hdlr) continue;
    // §8.3.2 and §8.4.2: version 1 has 64-bit times before the field.
    const trackId = uint32At(tkhd, tkhd[0] === 1 ? 20 : 12);
    const timescale = uint32At(mdhd, mdhd[0] === 1 ? 20 : 12);
    if (trackId === undefined || timescale === undefined || timescale === 0 || hdlr.byteLength < 12) continue;
    tracks.push({ trackId, timescale, kind: trackKind(boxType(asView(hdlr), 8)) });
  }
  return tracks;
}

function trackKind(handler: string): ScannedTrack['kind'] {
  switch (handler) {
    case 'vide':
      return 'video';
    case 'soun':
      return 'audio';
    case 'meta':
      return 'metadata';
    default:
      return 'other';
  }
}

interface Fragment {
  readonly sequenceNumber: number;
  readonly tracks: readonly ScannedTrackPart[];
  /** Where the last sample ends, from the start of the `moof`. */
  readonly mediaEnd: number;
}

/** §8.8.4, as `writePart` lays it out; anything else counts as damaged. */
function parseMoof(moof: Uint8Array): Fragment | undefined {
  const mfhd = child(moof, 'mfhd');
  const sequenceNumber = mfhd && uint32At(mfhd, 4);
  if (sequenceNumber === undefined) return undefined;
  const tracks: ScannedTrackPart[] = [];
  let mediaEnd = 0;
  for (const { type, content } of children(moof)) {
    if (type !== 'traf') continue;
    const parsed = parseTraf(content);
    if (parsed === undefined) return undefined;
    tracks.push(parsed.part);
    mediaEnd = Math.max(mediaEnd, parsed.mediaEnd);
  }
  return tracks.length > 0 ? { sequenceNumber, tracks, mediaEnd } : undefined;
}

/** trun flags data-offset, duration, size and flags, with or without composition offsets (§8.8.8). */
const trunFlagsWithoutOffsets = 0x701;
const trunFlagsWithOffsets = 0xf01;
const nonSyncFlag = 0x10000;

function parseTraf(traf: Uint8Array): { part: ScannedTrackPart; mediaEnd: number } | undefined {
  const tfhd = child(traf, 'tfhd');
  const tfdt = child(traf, 'tfdt');
  if (!tfhd || !tfdt || tfhd.byteLength < 8 || tfdt.byteLength < 12) return undefined;
  const runs: ScannedRun[] = [];
  for (const { type, content } of children(traf)) {
    if (type !== 'trun') continue;
    const run = parseTrun(content);
    if (run === undefined) return undefined;
    runs.push(run);
  }
  const [first] = runs;
  if (first === undefined) return undefined;
  const part: ScannedTrackPart = {
    trackId: asView(tfhd).getUint32(4),
    baseDecodeTime: readUint64(asView(tfdt), 4),
    duration: runs.reduce((sum, run) => sum + run.duration, 0),
    sampleCount: runs.reduce((sum, run) => sum + run.sampleCount, 0),
    startsWithSync: first.startsWithSync,
  };
  return { part, mediaEnd: runs.reduce((end, run) => Math.max(end, run.mediaEnd), 0) };
}

/** Samples that lie side by side. */
interface ScannedRun extends Pick<ScannedTrackPart, 'duration' | 'sampleCount' | 'startsWithSync'> {
  readonly mediaEnd: number;
}

function parseTrun(trun: Uint8Array): ScannedRun | undefined {
  if (trun.byteLength < 12) return undefined;
  const view = asView(trun);
  const flags = view.getUint32(0) & 0xffffff;
  if (flags !== trunFlagsWithoutOffsets && flags !== trunFlagsWithOffsets) return undefined;
  const entryBytes = flags === trunFlagsWithOffsets ? 16 : 12;
  const sampleCount = view.getUint32(4);
  if (sampleCount === 0 || trun.byteLength !== 12 + sampleCount * entryBytes) return undefined;
  let duration = 0;
  let mediaEnd = view.getUint32(8);
  for (let offset = 12; offset < trun.byteLength; offset += entryBytes) {
    duration += view.getUint32(offset);
    mediaEnd += view.getUint32(offset + 4);
  }
  const startsWithSync = (view.getUint32(12 + 8) & nonSyncFlag) === 0;
  return { duration, sampleCount, startsWithSync, mediaEnd };
}

function asView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function uint32At(bytes: Uint8Array, offset: number): number | undefined {
  return offset + 4 <= bytes.byteLength ? asView(bytes).getUint32(offset) : undefined;
}

/** Exact up to 2^53, which no file reaches. */
function readUint64(view: DataView, offset: number): number {
  return view.getUint32(offset) * 0x1_0000_0000 + view.getUint32(offset + 4);
}

function boxType(view: DataView, offset: number): string {
  return String.fromCharCode(
    view.getUint8(offset),
    view.getUint8(offset + 1),
    view.getUint8(offset + 2),
    view.getUint8(offset + 3),
  );
}

function printable(type: string): string {
  return /^[ -~]{4}$/.test(type) ? type : 'nameless';
}
