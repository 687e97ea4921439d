import type { Log } from '../../shared/domain/log.ts';
import { scanFile, videoTimescale, type ScannedFile } from '../media/fmp4/index.ts';
import { readSegmentFilePath } from './segment-file-name.ts';
import type { FoundSegment, NewSegment, SegmentExtent, SegmentIndex, SegmentRow } from './segment-index.ts';
import { readSegmentLabel } from './segment-label.ts';
import type { Volume } from './volume.ts';

export interface Recovery {
  /** Files cut to their last whole part, or indexed again. */
  readonly recovered: number;
  /** Files without a single whole part, removed. */
  readonly removedFiles: number;
  /** Files that the disk would not let us read or cut; left as they are. */
  readonly unreadableFiles: number;
  /** Bytes cut off. */
  readonly discardedBytes: number;
}

export const noRecovery: Recovery = { recovered: 0, removedFiles: 0, unreadableFiles: 0, discardedBytes: 0 };

export interface RecoveryPlace {
  readonly volume: Volume;
  readonly volumeId: string;
  readonly index: SegmentIndex;
  readonly log: Log;
}

/**
 * Makes a file that nobody writes to any more, and its row, a segment of its whole parts; without a whole part both go.
 * @throws the system's or SQLite's error
 */
export async function recoverSegment(row: SegmentRow, place: RecoveryPlace): Promise<Recovery> {
  const { filePath, id } = row;
  const { scanned, recovery } = await salvageFile(filePath, 'not finished', place);
  if (scanned === undefined) await place.index.remove([id]);
  else await place.index.update({ id, extent: extentOf(scanned), state: 'recovered' });
  return recovery;
}

export interface ForgottenFile {
  readonly recovery: Recovery;
  /** To be indexed; nothing when there was no whole part, and the file was removed. */
  readonly found: FoundSegment | undefined;
}

/**
 * Cuts a file that no row tells of to its whole parts, or removes it when it has none.
 * @throws the system's error
 */
export async function recoverForgottenFile(filePath: string, place: RecoveryPlace): Promise<ForgottenFile> {
  const { scanned, recovery } = await salvageFile(filePath, 'not in the index', place);
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

async function salvageFile(
  filePath: string,
  reason: string,
  { volume, log }: RecoveryPlace,
): Promise<{ readonly scanned: ScannedFile | undefined; readonly recovery: Recovery }> {
  const file = await volume.recover(filePath);
  let scanned: ScannedFile;
  try {
    scanned = await scanFile(file);
    if (scanned.parts.length > 0 && scanned.validByteLength < file.byteLength)
      await file.truncate(scanned.validByteLength);
  } finally {
    await file.close();
  }
  const facts = { file: filePath, reason: scanned.damage ?? reason };
  if (scanned.parts.length === 0) {
    await volume.remove(filePath);
    log.warn(facts, 'Removed a file without a whole part.');
    const recovery = { ...noRecovery, removedFiles: 1, discardedBytes: file.byteLength };
    return { scanned: undefined, recovery };
  }
  const discardedBytes = file.byteLength - scanned.validByteLength;
  log.warn({ ...facts, discardedBytes, parts: scanned.parts.length }, 'Recovered a segment.');
  return { scanned, recovery: { ...noRecovery, recovered: 1, discardedBytes } };
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
