import { writeInit } from '../media/fmp4/index.ts';
import { errorCode } from './failure.ts';
import type { GuardedFile, GuardedVolume } from './guarded-volume.ts';
import { maximumNameAttempts, segmentFilePath } from './segment-file-name.ts';
import type { NewSegment, SegmentExtent } from './segment-index.ts';
import { writeSegmentLabel } from './segment-label.ts';
import type { SegmentRows, SegmentRowWriter } from './segment-rows.ts';
import type { SegmentOpening } from './segment-store.ts';

export interface CreatedSegment {
  readonly file: GuardedFile;
  readonly filePath: string;
  readonly row: SegmentRowWriter;
  readonly extent: SegmentExtent;
}

export interface SegmentPlace {
  readonly volume: GuardedVolume;
  readonly volumeId: string;
  readonly rows: Pick<SegmentRows, 'open'>;
  readonly bootId: string;
  readonly clockOffsetMs: number | undefined;
  /** Paths that nobody else may touch: gets the new one, and keeps it when the file stays. */
  readonly inHand: Set<string>;
  /** A file was begun and could not be taken back: to be removed when the volume is well again. */
  readonly onLeftover: (filePath: string) => void;
}

/**
 * Begins a segment: the file and its name are on disk before the row says so. Leaves nothing behind when it rejects, with the
 * volume's error, or says what it left.
 */
export async function createSegment(opening: SegmentOpening, place: SegmentPlace): Promise<CreatedSegment> {
  const { volume, volumeId, rows, bootId, clockOffsetMs, inHand, onLeftover } = place;
  const facts = {
    cameraId: opening.cameraId,
    content: opening.content,
    startUtcMs: opening.startUtcMs,
    startMonotonicMs: opening.startMonotonicMs,
    bootId,
    ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }),
    mediaStart90k: opening.mediaStart90k,
  };
  const init = writeInit(opening.tracks, [writeSegmentLabel(facts)]);
  const { file, filePath } = await createFile(opening, place);
  const segment: NewSegment = {
    ...facts,
    volumeId,
    filePath,
    hasAudio: opening.tracks.audio !== undefined,
  };
  try {
    const byteLength = await file.append([init]);
    await file.sync();
    await volume.syncDirectoryOf(filePath);
    const extent = { byteLength, duration90k: 0, frameCount: 0, partCount: 0 };
    return { file, filePath, row: rows.open(segment, extent), extent };
  } catch (error) {
    const [, removal] = await Promise.allSettled([file.close(), volume.remove(filePath)]);
    if (removal.status === 'rejected') onLeftover(filePath);
    else inHand.delete(filePath);
    throw error;
  }
}

async function createFile(
  opening: SegmentOpening,
  { volume, inHand, onLeftover }: SegmentPlace,
): Promise<{ file: GuardedFile; filePath: string }> {
  for (let number = 0; ; number += 1) {
    const filePath = segmentFilePath(opening, number);
    // Somebody else's, on disk or about to be.
    const isTaken = inHand.has(filePath);
    try {
      if (!isTaken) {
        inHand.add(filePath);
        return { file: await volume.create(filePath), filePath };
      }
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') {
        // It may have been made although nobody was told.
        onLeftover(filePath);
        throw error;
      }
      inHand.delete(filePath);
    }
    if (number + 1 >= maximumNameAttempts) throw nameTaken(filePath);
  }
}

function nameTaken(filePath: string): Error {
  return Object.assign(new Error(`All names of ${filePath} are taken.`), { code: 'EEXIST' });
}
