import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** What was found in the files of some cameras, frame by frame, against what was sent. */
export interface FootageReport {
  readonly framesVerified: number;
  /** Bytes that were never sent, or were changed. */
  readonly framesWrong: number;
  /** Frames missing, doubled or out of order between two that are right. */
  readonly framesMissing: number;
}

/**
 * Reads every segment below `directory` in order and compares its frames with the loop that the camera sent. The boxes are read
 * here, not with the engine's own reader, which would repeat its mistakes.
 */
export async function verifyFootage(directory: string, sent: readonly string[]): Promise<FootageReport> {
  const placeOf = new Map(sent.map((hash, index) => [hash, index]));
  const files = (await readdir(directory, { recursive: true })).filter((name) => /Z(-\d+)?\.mp4$/.test(name));
  let framesVerified = 0;
  let framesWrong = 0;
  let framesMissing = 0;
  let last: number | undefined;
  for (const name of files.toSorted()) {
    for (const frame of framesOf(await readFile(join(directory, name)))) {
      const place = placeOf.get(createHash('sha256').update(frame).digest('hex'));
      if (place === undefined) {
        framesWrong += 1;
        last = undefined;
        continue;
      }
      framesVerified += 1;
      if (last !== undefined) framesMissing += (place - last - 1 + sent.length) % sent.length;
      last = place;
    }
  }
  return { framesVerified, framesWrong, framesMissing };
}

/** The samples of track 1, which is the video: ISO/IEC 14496-12 §8.8.7 and §8.8.8, as segments are written here. */
function* framesOf(file: Buffer): Generator<Buffer> {
  for (const moof of boxesIn(file, { start: 0, end: file.byteLength })) {
    if (moof.type !== 'moof') continue;
    for (const traf of boxesIn(file, moof)) {
      if (traf.type !== 'traf') continue;
      const children = [...boxesIn(file, traf)];
      const tfhd = children.find(({ type }) => type === 'tfhd');
      if (tfhd === undefined || file.readUInt32BE(tfhd.start + 4) !== 1) continue;
      for (const { type, start } of children)
        if (type === 'trun') yield* samplesOf(file, { run: start, moof: moof.start - 8 });
    }
  }
}

function* samplesOf(file: Buffer, at: { readonly run: number; readonly moof: number }): Generator<Buffer> {
  const flags = file.readUInt32BE(at.run) & 0xffffff;
  const count = file.readUInt32BE(at.run + 4);
  let position = at.moof + file.readInt32BE(at.run + 8);
  const hasOffsets = (flags & 0x800) !== 0;
  const entryBytes = hasOffsets ? 16 : 12;
  for (let index = 0; index < count; index += 1) {
    // Duration, size, flags.
    const size = file.readUInt32BE(at.run + 12 + index * entryBytes + 4);
    yield file.subarray(position, position + size);
    position += size;
  }
}

interface Box {
  readonly type: string;
  /** Of the payload. */
  readonly start: number;
  readonly end: number;
}

function* boxesIn(file: Buffer, range: { readonly start: number; readonly end: number }): Generator<Box> {
  for (let at = range.start; at + 8 <= range.end;) {
    const byteLength = file.readUInt32BE(at);
    if (byteLength < 8) throw new Error(`a box of ${byteLength} bytes at ${at}`);
    yield { type: file.toString('latin1', at + 4, at + 8), start: at + 8, end: at + byteLength };
    at += byteLength;
  }
}
