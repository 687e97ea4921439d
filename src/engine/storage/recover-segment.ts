import type { Log } from '../../shared/domain/log.ts';
import { scanFile, videoTimescale, type ScannedFile } from '../media/fmp4/index.ts';
import { readSegmentFilePath } from './segment-file-name.ts';
import type { NewSegment, SegmentExtent, SegmentIndex, SegmentRow } from './segment-index.ts';
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
 * Makes a file that nobody writes to any more, and its row where there is one, a segment of its whole parts; without a whole
 * part both go.
 * @throws the system's or SQLite's error
 */
export async function recoverSegment(
  filePath: string,
  row: Pick<SegmentRow, 'id'> | undefined,
  { volume, volumeId, index, log }: RecoveryPlace,
): Promise<Recovery> {
  const file = await volume.recover(filePath);
  let scanned: ScannedFile;
  try {
    scanned = await scanFile(file);
    if (scanned.parts.length > 0 && scanned.validByteLength < file.byteLength)
      await file.truncate(scanned.validByteLength);
  } finally {
    await file.close();
  }
  const reason = scanned.damage ?? (row === undefined ? 'not in the index' : 'not finished');
  if (scanned.parts.length === 0) {
    await volume.remove(filePath);
    if (row !== undefined) await index.remove([row.id]);
    log.warn({ file: filePath, reason }, 'Removed a file without a whole part.');
    return { ...noRecovery, removedFiles: 1, discardedBytes: file.byteLength };
  }
  const extent = extentOf(scanned);
  if (row !== undefined) await index.update({ id: row.id, extent, state: 'recovered' });
  else {
    // Its name may have been lost in a power cut that its bytes survived; what has a row must be found.
    await volume.syncDirectoryOf(filePath);
    await index.insert({ ...describeFile(filePath, scanned), volumeId }, { extent, state: 'recovered' });
  }
  const discardedBytes = file.byteLength - scanned.validByteLength;
  log.warn({ file: filePath, reason, discardedBytes, parts: extent.partCount }, 'Recovered a segment.');
  return { ...noRecovery, recovered: 1, discardedBytes };
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
