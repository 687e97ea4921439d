import type { Log } from '../../shared/domain/log.ts';
import type { CameraId } from '../../shared/engine-api/index.ts';
import { attempt, errorCode } from './failure.ts';
import { recoverSegment, type Recovery } from './recover-segment.ts';
import { dayDirectory, directoryOf, footageDirectory, readSegmentFilePath } from './segment-file-name.ts';
import type { SegmentIndex, SegmentRow } from './segment-index.ts';
import type { Volume } from './volume.ts';

export interface ReconcileOptions {
  readonly volume: Volume;
  readonly volumeId: string;
  readonly index: SegmentIndex;
  readonly log: Log;
}

export interface ReconcileReport extends Recovery {
  /** Rows whose file is gone, dropped. */
  readonly droppedRows: number;
  /** Deletions that had been interrupted, completed. */
  readonly completedDeletions: number;
}

export interface UrgentOptions extends ReconcileOptions {
  readonly nowUtcMs: number;
  /** Cameras that are going to record, whether the index knows them or not. */
  readonly cameraIds?: readonly CameraId[];
}

export interface ThoroughOptions extends ReconcileOptions {
  /** Files that belong to somebody at work: those being created, written or given up. */
  readonly isOpen: (filePath: string) => boolean;
  /** Ends the comparison between two directories; the next start begins anew. */
  readonly signal?: AbortSignal;
}

/** Rows looked at in one go. */
const pageSize = 1000;
const dayMs = 24 * 60 * 60 * 1000;

/**
 * Everything that must be right before recording may start: interrupted deletions are completed, segments that were being
 * written are recovered, and the directories in which an end without warning left traces are compared with the index: those
 * of each camera's newest footage and those of the days since. Takes as long as there are cameras, however much footage there is.
 */
export async function reconcileUrgent(options: UrgentOptions): Promise<ReconcileReport> {
  const report = emptyReport();
  for await (const row of unfinishedRows(options)) {
    if (row.state === 'deleting') await completeDeletion(row, options, report);
    else await recover(row.filePath, row, { options, report });
  }
  const directories = new Set<string>();
  const { index, volumeId, nowUtcMs, cameraIds = [] } = options;
  const known = (await index.totals()).filter((total) => total.volumeId === volumeId);
  for (const cameraId of new Set([...cameraIds, ...known.map((total) => total.cameraId)])) {
    const newest = await index.lastFootage(cameraId);
    const newestUtcMs = newest?.endUtcMs ?? nowUtcMs;
    for (const utcMs of [newestUtcMs, Math.min(newestUtcMs + dayMs, nowUtcMs), nowUtcMs])
      directories.add(dayDirectory(cameraId, utcMs));
  }
  for (const directory of directories)
    await compareDirectory(directory, { ...options, isOpen: () => false, checksLength: false }, report);
  return report;
}

/**
 * Compares every directory of the volume with the index, one at a time: drops rows without a file, indexes files without a
 * row, and looks at each file's length. Sound while segments are recorded and deleted: a file is there before its row and is
 * unlinked after its row was marked. Changes nothing that agrees.
 */
export async function reconcileThorough(options: ThoroughOptions): Promise<ReconcileReport> {
  const report = emptyReport();
  const { volume, volumeId, index, signal } = options;
  /** One a day and camera. */
  const compared = new Set<string>();
  for await (const filePaths of volume.list(footageDirectory)) {
    if (signal?.aborted) return report;
    const directory = directoryOf(filePaths[0] ?? footageDirectory);
    compared.add(directory);
    await compareDirectory(directory, { ...options, checksLength: true }, report);
  }
  for (let afterDirectory = ''; ;) {
    const directories = await index.directories(volumeId, { afterDirectory, limit: pageSize });
    for (const directory of directories) {
      if (signal?.aborted) return report;
      if (!compared.has(directory))
        await compareDirectory(directory, { ...options, checksLength: true }, report);
    }
    const last = directories.at(-1);
    if (last === undefined) return report;
    afterDirectory = last;
  }
}

/** What two passes did together. */
export function sumOf(one: ReconcileReport, other: ReconcileReport): ReconcileReport {
  return {
    recovered: one.recovered + other.recovered,
    removedFiles: one.removedFiles + other.removedFiles,
    unreadableFiles: one.unreadableFiles + other.unreadableFiles,
    discardedBytes: one.discardedBytes + other.discardedBytes,
    droppedRows: one.droppedRows + other.droppedRows,
    completedDeletions: one.completedDeletions + other.completedDeletions,
  };
}

type MutableReport = { -readonly [Key in keyof ReconcileReport]: number };

function emptyReport(): MutableReport {
  return {
    recovered: 0,
    removedFiles: 0,
    unreadableFiles: 0,
    discardedBytes: 0,
    droppedRows: 0,
    completedDeletions: 0,
  };
}

interface ComparisonOptions extends ThoroughOptions {
  readonly checksLength: boolean;
}

async function compareDirectory(
  directoryPath: string,
  options: ComparisonOptions,
  report: MutableReport,
): Promise<void> {
  const { volume, log, isOpen } = options;
  // Rows first: each of their files was there before its row, so one that is missing now is gone.
  const rows = await rowsOf(directoryPath, options);
  const present = new Set<string>();
  for await (const filePaths of volume.list(directoryPath))
    for (const filePath of filePaths) present.add(filePath);
  for (const filePath of present) {
    const row = rows.get(filePath);
    if (readSegmentFilePath(filePath) === undefined)
      log.warn({ file: filePath }, 'A file among the footage is not a segment and is left alone.');
    else if (row === undefined) await indexUnknownFile(filePath, options, report);
    else if (row.state !== 'deleting' && !isOpen(filePath) && (await needsRecovery(row, options)))
      await recover(filePath, row, { options, report });
  }
  for (const row of rows.values()) {
    if (!present.has(row.filePath) && row.state !== 'deleting') await dropRow(row, options, report);
  }
}

/** Whether nobody finished it, or its file has another length than its row says. */
async function needsRecovery(row: SegmentRow, { volume, checksLength }: ComparisonOptions): Promise<boolean> {
  if (row.state === 'writing') return true;
  if (!checksLength) return false;
  const outcome = await attempt(volume.path, () => volume.recover(row.filePath));
  if (outcome.kind === 'failed') return true;
  await outcome.value.close();
  return outcome.value.byteLength !== row.byteLength;
}

/** At most a day of one camera's. */
async function rowsOf(
  directoryPath: string,
  { index, volumeId }: ReconcileOptions,
): Promise<ReadonlyMap<string, SegmentRow>> {
  const rows = new Map<string, SegmentRow>();
  for (let afterPath: string | undefined; ;) {
    const page = await index.inDirectory({ volumeId, directoryPath, afterPath, limit: pageSize });
    for (const row of page) rows.set(row.filePath, row);
    const last = page.at(-1);
    if (last === undefined) return rows;
    afterPath = last.filePath;
  }
}

/** A file whose row was not there when its directory was read: new since then, in the making, or forgotten. */
async function indexUnknownFile(
  filePath: string,
  options: ThoroughOptions,
  report: MutableReport,
): Promise<void> {
  const row = await options.index.findByPath(options.volumeId, filePath);
  if (row !== undefined || options.isOpen(filePath)) return;
  await recover(filePath, undefined, { options, report });
}

/** One bad sector must not keep the rest of the footage from being found. */
async function recover(
  filePath: string,
  row: SegmentRow | undefined,
  { options, report }: { readonly options: ReconcileOptions; readonly report: MutableReport },
): Promise<void> {
  const outcome = await attempt(options.volume.path, async () => {
    try {
      return await recoverSegment(filePath, row, options);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      return undefined;
    }
  });
  if (outcome.kind === 'failed') {
    report.unreadableFiles += 1;
    options.log.error(
      { file: filePath, ...outcome.failure },
      'A segment could not be recovered and is left as it is.',
    );
  } else if (outcome.value !== undefined) {
    report.recovered += outcome.value.recovered;
    report.removedFiles += outcome.value.removedFiles;
    report.discardedBytes += outcome.value.discardedBytes;
  } else if (row !== undefined) await dropRow(row, options, report);
}

async function completeDeletion(
  row: SegmentRow,
  options: ReconcileOptions,
  report: MutableReport,
): Promise<void> {
  const { volume, index, log } = options;
  await volume.remove(row.filePath);
  await index.remove([row.id]);
  report.completedDeletions += 1;
  log.info({ cameraId: row.cameraId, file: row.filePath }, 'Completed the deletion of a segment.');
}

async function dropRow(
  row: SegmentRow,
  { index, log }: ReconcileOptions,
  report: MutableReport,
): Promise<void> {
  await index.remove([row.id]);
  report.droppedRows += 1;
  const { cameraId, filePath } = row;
  log.warn({ cameraId, file: filePath, reason: 'the file is gone' }, 'Dropped a row of the index.');
}

async function* unfinishedRows({ index, volumeId }: ReconcileOptions): AsyncGenerator<SegmentRow> {
  let afterId = 0;
  for (;;) {
    const rows = await index.unfinished(volumeId, { afterId, limit: pageSize });
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    afterId = last.id;
  }
}
