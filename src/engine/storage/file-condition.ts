import { findPart, type ByteSource, type ScannedFile } from '../media/fmp4/index.ts';
import { errorCode } from './failure.ts';

/**
 * What a file that nobody writes to any more is good for:
 * - `whole`: all of it is parts.
 * - `cut-off`: parts, then what an end without warning leaves of those under way. Nothing is lost by cutting it there.
 * - `damaged`: parts, then something that no end without warning explains. What follows may be of use to somebody.
 * - `empty`: no part, and no more than an end at the file's beginning leaves.
 * - `unusable`: no part, and more than that.
 */
export type FileCondition = 'whole' | 'cut-off' | 'damaged' | 'empty' | 'unusable';

/** What can be under way when a node loses power: a part has 4 MiB at most, or one picture, and a few more may not be synced. */
const maximumUnderWayBytes = 8 * 1024 ** 2;
/** Codec parameters and a label, filled up to a block. Nothing is appended to it before it is synced. */
const maximumInitBytes = 64 * 1024;
/** What a disk keeps or loses by itself. */
const blockBytes = 4096;

/** Reads what follows the last whole part, if it is short. Rejects as the source does. */
export async function conditionOf(file: ByteSource, scanned: ScannedFile): Promise<FileCondition> {
  const { parts, validByteLength, initByteLength } = scanned;
  const hasParts = parts.length > 0;
  if (hasParts && validByteLength === file.byteLength) return 'whole';
  if (initByteLength === 0) {
    const isBeginning = file.byteLength <= maximumInitBytes && (await findPart(file, 0)) === undefined;
    return isBeginning ? 'empty' : 'unusable';
  }
  try {
    if (await isCutOff(file, validByteLength)) return hasParts ? 'cut-off' : 'empty';
  } catch (error) {
    // A bad sector behind the parts takes nothing from them.
    if (!hasParts || errorCode(error) !== 'EIO') throw error;
  }
  return hasParts ? 'damaged' : 'unusable';
}

/** Whether what follows is a part that was never completed, or parts of which a block was lost because none was synced. */
async function isCutOff(file: ByteSource, position: number): Promise<boolean> {
  if (file.byteLength - position > maximumUnderWayBytes) return false;
  const next = await findPart(file, position);
  return next === undefined || (await hasLostBlock(file, position, next));
}

/** A file system that has the length of a file and not the block answers with zeros. */
async function hasLostBlock(file: ByteSource, from: number, to: number): Promise<boolean> {
  const bytes = await file.read(from, to - from);
  for (let start = 0; start < bytes.byteLength;) {
    const blockEnd = start + blockBytes - ((from + start) % blockBytes);
    const isWhole = blockEnd <= bytes.byteLength;
    if (isWhole && bytes.subarray(start, blockEnd).every((byte) => byte === 0)) return true;
    start = blockEnd;
  }
  return false;
}
