import type { Log } from '../../shared/domain/log.ts';
import { scanFile, videoTimescale, type ScannedFile } from '../media/fmp4/index.ts';
import { attempt } from './failure.ts';
import { deleteSegments } from './retention.ts';
import { footageDirectory, readSegmentFilePath } from './segment-file-name.ts';
import type { NewSegment, SegmentExtent, SegmentIndex, SegmentRow } from './segment-index.ts';
import { readSegmentLabel } from './segment-label.ts';
import type { Volume } from './volume.ts';

export interface ReconcileOptions {
  readonly volume: Volume;
  readonly index: SegmentIndex;
  readonly log: Log;
}

export interface ReconcileReport {
  /** Files cut to their last whole part, or indexed again. */
  readonly recovered: number;
  /** Files without a single whole part, removed. */
  readonly removedFiles: number;
  /** Rows whose file is gone, dropped. */
  readonly droppedRows: number;
  /** Deletions that had been interrupted, completed. */
  readonly completedDeletions: number;
  /** Files that the disk would not let us read or cut; left as they are. */
  readonly unreadableFiles: number;
  /** Bytes cut off. */
  readonly discardedBytes: number;
}

/** Rows looked at in one go. */
const pageSize = 1000;

/**
 * Brings files and index together: completes deletions, drops rows without a file, and turns every file that was being
 * written, or that has no row, into a recovered segment of its whole parts. Changes nothing that agrees.
 */
export async function reconcile(options: ReconcileOptions): Promise<ReconcileReport> {
  const report = {
    recovered: 0,
    removedFiles: 0,
    unreadableFiles: 0,
    discardedBytes: 0,
    droppedRows: 0,
    completedDeletions: 0,
  };
  const files = await listSegmentFiles(options);
  for await (const row of allRows(options.index)) {
    const isPresent = files.delete(row.filePath);
    if (row.state === 'deleting') {
      await deleteSegments([row], { ...options, reason: 'interrupted deletion' });
      report.completedDeletions += 1;
    } else if (!isPresent) {
      await dropRow(row, options);
      report.droppedRows += 1;
    } else if (row.state === 'writing') {
      add(report, await tryToRecover(row.filePath, row, options));
    }
  }
  for (const filePath of files) add(report, await tryToRecover(filePath, undefined, options));
  return report;
}

type Recovery = Omit<ReconcileReport, 'droppedRows' | 'completedDeletions'>;

const noRecovery: Recovery = { recovered: 0, removedFiles: 0, unreadableFiles: 0, discardedBytes: 0 };

function add(report: { -readonly [Key in keyof Recovery]: number }, recovery: Recovery): void {
  report.recovered += recovery.recovered;
  report.removedFiles += recovery.removedFiles;
  report.unreadableFiles += recovery.unreadableFiles;
  report.discardedBytes += recovery.discardedBytes;
}

/** One bad sector must not keep the rest of the footage from being found. */
async function tryToRecover(
  filePath: string,
  row: SegmentRow | undefined,
  options: ReconcileOptions,
): Promise<Recovery> {
  const outcome = await attempt(options.volume.path, () => recoverFile(filePath, row, options));
  if (outcome.kind === 'done') return outcome.value;
  options.log.error(
    { file: filePath, ...outcome.failure },
    'A segment could not be recovered and is left as it is.',
  );
  return { ...noRecovery, unreadableFiles: 1 };
}

/** Strangers' files are left alone. */
async function listSegmentFiles({ volume, log }: ReconcileOptions): Promise<Set<string>> {
  const files = new Set<string>();
  for await (const paths of volume.list(footageDirectory)) {
    for (const filePath of paths) {
      if (readSegmentFilePath(filePath) === undefined)
        log.warn({ file: filePath }, 'A file among the footage is not a segment and is left alone.');
      else files.add(filePath);
    }
  }
  return files;
}

async function* allRows(index: SegmentIndex): AsyncGenerator<SegmentRow> {
  let lastId = 0;
  for (;;) {
    const rows = await index.page(lastId, pageSize);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    lastId = last.id;
  }
}

async function dropRow(row: SegmentRow, { index, log }: ReconcileOptions): Promise<void> {
  await index.remove([row.id]);
  const { cameraId, filePath } = row;
  log.warn({ cameraId, file: filePath, reason: 'the file is gone' }, 'Dropped a row of the index.');
}

async function recoverFile(
  filePath: string,
  row: SegmentRow | undefined,
  options: ReconcileOptions,
): Promise<Recovery> {
  const { volume, index, log } = options;
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
  else await index.insert(describeFile(filePath, scanned), { extent, state: 'recovered' });
  const discardedBytes = file.byteLength - scanned.validByteLength;
  log.warn({ file: filePath, reason, discardedBytes, parts: extent.partCount }, 'Recovered a segment.');
  return { ...noRecovery, recovered: 1, discardedBytes };
}

function extentOf({ tracks, parts, validByteLength }: ScannedFile): SegmentExtent {
  const video = tracks.find((track) => track.kind === 'video');
  const pictures = parts.flatMap((part) => part.tracks.filter((track) => track.trackId === video?.trackId));
  const [first] = pictures;
  const last = pictures.at(-1);
  const length = first && last ? last.baseDecodeTime + last.duration - first.baseDecodeTime : 0;
  return {
    byteLength: validByteLength,
    duration90k: Math.round((length * videoTimescale) / (video?.timescale ?? videoTimescale)),
    frameCount: pictures.reduce((sum, track) => sum + track.sampleCount, 0),
    partCount: parts.length,
  };
}

/** From the label in the file; where that is damaged, from the name, and then no boot is known. */
function describeFile(filePath: string, scanned: ScannedFile): NewSegment {
  const hasAudio = scanned.tracks.some((track) => track.kind === 'audio');
  const label = readSegmentLabel(scanned.extensions);
  if (label !== undefined) return { ...label, filePath, hasAudio };
  const named = readSegmentFilePath(filePath);
  if (named === undefined) throw new Error(`${filePath} is not the path of a segment.`);
  return { ...named, filePath, startMonotonicMs: 0, bootId: '', mediaStart90k: 0, hasAudio };
}
