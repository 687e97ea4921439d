import type { Log } from '../../shared/domain/log.ts';
import { scanFile, videoTimescale, type ScannedFile } from '../media/fmp4/index.ts';
import { conditionOf, type FileCondition } from './file-condition.ts';
import { gapsOfLost } from './lost-footage.ts';
import { readSegmentFilePath, setAsidePath } from './segment-file-name.ts';
import type { FoundSegment, NewSegment, SegmentExtent, SegmentIndex, SegmentRow } from './segment-index.ts';
import { readSegmentLabel } from './segment-label.ts';
import type { Volume } from './volume.ts';

export interface Recovery {
  /** Files cut to their last whole part, or indexed again. */
  readonly recovered: number;
  /** Files with nothing but what an end at their beginning leaves, removed. */
  readonly removedFiles: number;
  /** Files damaged in a way that no end without warning explains: indexed up to the damage and left whole, or set aside. */
  readonly damagedFiles: number;
  /** Files that the disk would not let us read or cut; left as they are. */
  readonly unreadableFiles: number;
  /** Bytes cut off. */
  readonly discardedBytes: number;
}

const noRecovery: Recovery = {
  recovered: 0,
  removedFiles: 0,
  damagedFiles: 0,
  unreadableFiles: 0,
  discardedBytes: 0,
};

export interface RecoveryPlace {
  readonly volume: Volume;
  readonly volumeId: string;
  readonly index: SegmentIndex;
  readonly log: Log;
}

/** A file without a part does not say how long it would have been. */
const longestSegmentMs = 10 * 60 * 1000;

/**
 * Has the row of a file that nobody writes to any more tell of the parts that can be read, and cuts off or removes what an end
 * without warning leaves, and nothing else; footage that the row had told of and that is gone becomes a gap.
 * @throws the system's or SQLite's error
 */
export async function recoverSegment(row: SegmentRow, place: RecoveryPlace): Promise<Recovery> {
  const { id, filePath } = row;
  const { scanned, recovery } = await salvageFile(filePath, row, place);
  if (scanned === undefined) {
    await place.index.remove([id], gapsOfLost([{ row }], 'Nothing that can be played is left of a file.'));
    return recovery;
  }
  const extent = extentOf(scanned);
  if (recovery === noRecovery) return recovery;
  const lost = gapsOfLost([{ row, left: extent }], 'A file cannot be read to its end any more.');
  await place.index.update({ id, extent, state: 'recovered' }, lost);
  return recovery;
}

export interface ForgottenFile {
  readonly recovery: Recovery;
  /** To be indexed; nothing when it has no part that can be read, and the file was removed or set aside. */
  readonly found: FoundSegment | undefined;
}

/**
 * As `recoverSegment`, for a file that no row tells of.
 * @throws the system's or SQLite's error
 */
export async function recoverForgottenFile(filePath: string, place: RecoveryPlace): Promise<ForgottenFile> {
  const { scanned, recovery } = await salvageFile(filePath, undefined, place);
  if (scanned === undefined) return { recovery, found: undefined };
  const segment = { ...describeFile(filePath, scanned), volumeId: place.volumeId };
  return { recovery, found: { segment, extent: extentOf(scanned), state: 'recovered' } };
}

/**
 * Has the index tell of files of one directory, all at once.
 * @throws the system's or SQLite's error
 */
export async function indexFound(
  found: readonly FoundSegment[],
  { volume, index }: Pick<RecoveryPlace, 'volume' | 'index'>,
): Promise<void> {
  const [first] = found;
  if (first === undefined) return;
  // Names may have been lost in a power cut that the bytes survived; what has a row must be found.
  await volume.syncDirectoryOf(first.segment.filePath);
  await index.insertAll(found);
}

interface Salvage {
  /** Nothing when the file is gone from its place. */
  readonly scanned: ScannedFile | undefined;
  readonly recovery: Recovery;
}

async function salvageFile(
  filePath: string,
  row: SegmentRow | undefined,
  place: RecoveryPlace,
): Promise<Salvage> {
  const { volume, log } = place;
  const file = await volume.recover(filePath);
  let scanned: ScannedFile;
  let condition: FileCondition;
  try {
    scanned = await scanFile(file);
    condition = await conditionOf(file, scanned);
    if (condition === 'cut-off') await file.truncate(scanned.validByteLength);
  } finally {
    await file.close();
  }
  const { byteLength } = file;
  const { parts, validByteLength, damage } = scanned;
  const facts = {
    file: filePath,
    reason: damage ?? (row === undefined ? 'not in the index' : 'not finished'),
  };
  if (parts.length > 0) {
    if (condition !== 'damaged') {
      const discardedBytes = byteLength - validByteLength;
      log.warn({ ...facts, discardedBytes, parts: parts.length }, 'Recovered a segment.');
      return { scanned, recovery: { ...noRecovery, recovered: 1, discardedBytes } };
    }
    // Known already.
    if (row !== undefined && tellsOf(row, extentOf(scanned))) return { scanned, recovery: noRecovery };
    log.error(
      { ...facts, byteLength, usableBytes: validByteLength, parts: parts.length },
      'A segment is damaged amid its file. It can be played up to there; the file is left as it is.',
    );
    return { scanned, recovery: { ...noRecovery, recovered: 1, damagedFiles: 1 } };
  }
  if (condition === 'empty' && !(await isVouchedFor(filePath, row, place))) {
    await volume.remove(filePath);
    log.warn(facts, 'Removed a file without a whole part.');
    return { scanned: undefined, recovery: { ...noRecovery, removedFiles: 1, discardedBytes: byteLength } };
  }
  const newPath = setAsidePath(filePath);
  await volume.rename(filePath, newPath);
  log.error({ ...facts, byteLength, setAside: newPath }, 'A segment cannot be played and is set aside.');
  return { scanned: undefined, recovery: { ...noRecovery, damagedFiles: 1 } };
}

/** Whether somebody says that a file without a part is more than the beginning of one. */
export async function isVouchedFor(
  filePath: string,
  row: SegmentRow | undefined,
  { index }: Pick<RecoveryPlace, 'index'>,
): Promise<boolean> {
  if (row !== undefined) return row.state === 'finished' || row.state === 'recovered';
  const name = readSegmentFilePath(filePath);
  if (name === undefined) return true;
  const { cameraId, startUtcMs } = name;
  return index.isLocked({ cameraId, startUtcMs, endUtcMs: startUtcMs + longestSegmentMs });
}

function tellsOf(row: SegmentRow, extent: SegmentExtent): boolean {
  return (
    row.state !== 'writing' && row.byteLength === extent.byteLength && row.partCount === extent.partCount
  );
}

/** How much footage a file holds, up to its last whole part. */
export function extentOf({ tracks, parts, validByteLength }: ScannedFile): SegmentExtent {
  const leading = tracks.find((track) => track.kind === 'video') ?? tracks[0];
  const runs = parts.flatMap((part) => part.tracks.filter((track) => track.trackId === leading?.trackId));
  const [first] = runs;
  const last = runs.at(-1);
  const length = first && last ? last.baseDecodeTime + last.duration - first.baseDecodeTime : 0;
  return {
    byteLength: validByteLength,
    duration90k: Math.round((length * videoTimescale) / (leading?.timescale ?? videoTimescale)),
    frameCount: runs.reduce((sum, track) => sum + track.sampleCount, 0),
    partCount: parts.length,
  };
}

/**
 * What a file says of itself: from the label in it; where that is damaged, from its name, and then no boot is known.
 * `filePath` is a segment's.
 */
export function describeFile(filePath: string, scanned: ScannedFile): Omit<NewSegment, 'volumeId'> {
  const named = readSegmentFilePath(filePath);
  if (named === undefined) throw new Error(`${filePath} is not the path of a segment.`);
  const hasAudio = scanned.tracks.some((track) => track.kind === 'audio');
  const label = readSegmentLabel(scanned.extensions);
  const unknown = { startMonotonicMs: 0, bootId: '', mediaStart90k: 0 };
  return { ...unknown, ...named, ...label, filePath, hasAudio };
}
