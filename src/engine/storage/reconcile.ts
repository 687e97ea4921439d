import type { Log } from '../../shared/domain/log.ts';
import type { CameraId } from '../../shared/engine-api/index.ts';
import { attempt, errorCode, isIndexDown } from './failure.ts';
import { gapsOfLost } from './lost-footage.ts';
import { indexFound, recoverForgottenFile, recoverSegment, type Recovery } from './recover-segment.ts';
import { footageDirectories, isWithin, type FoundDirectory } from './footage-directories.ts';
import { dayDirectory, readSegmentFilePath } from './segment-file-name.ts';
import type { FoundSegment, SegmentIndex, SegmentRow } from './segment-index.ts';
import type { Volume } from './volume.ts';

export interface ReconcileOptions {
  readonly volume: Volume;
  readonly volumeId: string;
  readonly index: SegmentIndex;
  readonly log: Log;
  /** Files that belong to somebody at work: those being created, written or given up. */
  readonly isOpen: (filePath: string) => boolean;
  /** Whether the volume's disk is in its place: where it is not, no file is there, and none is gone. */
  readonly isPresent: () => Promise<boolean>;
  /** Directories that cannot be read and were logged; those that can be read again are taken out. */
  readonly unreadable: Set<string>;
}

export interface ReconcileReport extends Recovery {
  /** Directories that the disk would not let us read: passed over, with all rows of what lies there. */
  readonly unreadableDirectories: number;
  /** Rows whose file is gone, dropped. */
  readonly droppedRows: number;
  /** Deletions that had been interrupted, completed. */
  readonly completedDeletions: number;
}

export interface UrgentOptions extends ReconcileOptions {
  readonly nowUtcMs: number;
  /** Cameras that are going to record, whether the index knows them or not. */
  readonly cameraIds?: readonly CameraId[];
  /** What began later is not what an end without warning left: cameras record already. */
  readonly beforeUtcMs?: number | undefined;
}

export interface ThoroughOptions extends ReconcileOptions {
  /** Ends the comparison between two directories; the next start begins anew. */
  readonly signal?: AbortSignal;
}

/** Rows looked at in one go. */
const pageSize = 1000;
/** Files indexed together: one transaction, and one sync of their directory. */
const batchSize = 100;
/** So long before a camera's newest footage a file may have been in the making when the node ended. */
const recentMs = 10 * 60 * 1000;
const dayMs = 24 * 60 * 60 * 1000;

/**
 * Everything that must be right before recording may start: interrupted deletions are completed, segments that were being
 * written are recovered, and the directories in which an end without warning left traces are compared with the index: those
 * of each camera's newest footage and those of the days since. Of files without a row only the newest are indexed. Takes as
 * long as there are cameras, however much footage there is and whatever the index has forgotten.
 */
export async function reconcileUrgent(options: UrgentOptions): Promise<ReconcileReport> {
  const report = emptyReport();
  for await (const row of unfinishedRows(options)) {
    if (options.isOpen(row.filePath)) continue;
    if (row.state === 'deleting') await completeDeletion(row, options, report);
    else await recover(row, options, report);
  }
  const { index, volumeId, nowUtcMs, cameraIds = [], beforeUtcMs } = options;
  const endUtcMs = beforeUtcMs ?? nowUtcMs;
  const known = (await index.totals()).filter((total) => total.volumeId === volumeId);
  for (const cameraId of new Set([...cameraIds, ...known.map((total) => total.cameraId)])) {
    const newest = await index.lastFootage(cameraId, beforeUtcMs);
    const newestUtcMs = newest?.endUtcMs ?? endUtcMs;
    const times = [newestUtcMs - recentMs, newestUtcMs, Math.min(newestUtcMs + dayMs, endUtcMs), endUtcMs];
    const listings: Listing[] = [];
    for (const directoryPath of new Set(times.map((utcMs) => dayDirectory(cameraId, utcMs)))) {
      const filePaths = await filesIn(directoryPath, options, report);
      if (filePaths !== undefined) listings.push({ directoryPath, filePaths });
    }
    const recentSinceUtcMs = newestUtcMs - recentMs;
    // After a lost index none of a day's files has a row: what is older than the last few waits for the thorough pass.
    const indexSinceUtcMs = newestStart(listings, beforeUtcMs) - recentMs;
    for (const listing of listings)
      await compareDirectory(listing, { ...options, recentSinceUtcMs, indexSinceUtcMs }, report);
  }
  return report;
}

/**
 * Compares every directory of the volume with the index, one at a time: drops rows without a file and indexes files without a
 * row. Sound while segments are recorded and deleted: a file is there before its row and is unlinked after its row was marked,
 * and whatever seems to be missing is looked for again. Changes nothing that agrees.
 */
export async function reconcileThorough(options: ThoroughOptions): Promise<ReconcileReport> {
  const report = emptyReport();
  const { volume, volumeId, index, signal } = options;
  /** One a day and camera. */
  const compared = new Set<string>();
  const unreadable = new Set<string>();
  for await (const found of footageDirectories(volume)) {
    if (signal?.aborted) return report;
    const { kind, directoryPath } = found;
    if (kind === 'unreadable') {
      unreadable.add(directoryPath);
      passOver(found, options, report);
      continue;
    }
    compared.add(directoryPath);
    await compareDirectory(found, { ...options, ...everyFile }, report);
  }
  for (let afterDirectory = ''; ;) {
    const directories = await index.directories(volumeId, { afterDirectory, limit: pageSize });
    for (const directory of directories) {
      if (signal?.aborted) return report;
      if (compared.has(directory) || isWithin(directory, unreadable)) continue;
      const listing = { directoryPath: directory, filePaths: [] };
      await compareDirectory(listing, { ...options, ...everyFile }, report);
    }
    const last = directories.at(-1);
    if (last === undefined) break;
    afterDirectory = last;
  }
  for (const directory of options.unreadable)
    if (!unreadable.has(directory)) options.unreadable.delete(directory);
  return report;
}

/** What two passes did together. */
export function sumOf(one: ReconcileReport, other: ReconcileReport): ReconcileReport {
  return {
    recovered: one.recovered + other.recovered,
    removedFiles: one.removedFiles + other.removedFiles,
    damagedFiles: one.damagedFiles + other.damagedFiles,
    unreadableFiles: one.unreadableFiles + other.unreadableFiles,
    unreadableDirectories: one.unreadableDirectories + other.unreadableDirectories,
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
    damagedFiles: 0,
    unreadableFiles: 0,
    unreadableDirectories: 0,
    discardedBytes: 0,
    droppedRows: 0,
    completedDeletions: 0,
  };
}

interface ComparisonOptions extends ThoroughOptions {
  /** Files of segments that began later are checked for their length. */
  readonly recentSinceUtcMs: number;
  /** Files without a row whose names say that they began earlier are left for later. */
  readonly indexSinceUtcMs: number;
}

/** The lengths of files that have a row are those of the urgent pass to look at. */
const everyFile = { recentSinceUtcMs: Infinity, indexSinceUtcMs: -Infinity } as const;

/** What was in a directory a moment ago. */
interface Listing {
  readonly directoryPath: string;
  readonly filePaths: readonly string[];
}

async function compareDirectory(
  { directoryPath, filePaths }: Listing,
  options: ComparisonOptions,
  report: MutableReport,
): Promise<void> {
  const { index, volumeId, isOpen, recentSinceUtcMs } = options;
  // Before the question: whoever is done with a file by now has given it a row.
  const open = new Set(filePaths.filter(isOpen));
  const { unknown, doubtful } = await index.compareDirectory({
    volumeId,
    directoryPath,
    filePaths,
    recentSinceUtcMs,
  });
  await indexForgotten(
    unknown.filter((filePath) => !open.has(filePath)),
    options,
    report,
  );
  const gone: SegmentRow[] = [];
  for (const row of doubtful) {
    if (isOpen(row.filePath)) continue;
    const length = await lengthOf(row, options);
    if (length === 'gone') gone.push(row);
    else if (row.state === 'writing' || length !== row.byteLength) await recover(row, options, report);
  }
  await dropRows(gone, options, report);
}

/** When the newest file began, by its name. */
function newestStart(listings: readonly Listing[], beforeUtcMs = Infinity): number {
  let newestUtcMs = -Infinity;
  for (const { filePaths } of listings)
    for (const filePath of filePaths) {
      const startUtcMs = readSegmentFilePath(filePath)?.startUtcMs ?? -Infinity;
      if (startUtcMs < beforeUtcMs) newestUtcMs = Math.max(newestUtcMs, startUtcMs);
    }
  return newestUtcMs;
}

/** Nothing when the directory cannot be read. */
async function filesIn(
  directoryPath: string,
  options: ReconcileOptions,
  report: MutableReport,
): Promise<readonly string[] | undefined> {
  const filePaths: string[] = [];
  for await (const found of footageDirectories(options.volume, directoryPath)) {
    if (found.kind === 'read') filePaths.push(...found.filePaths);
    else {
      passOver(found, options, report);
      if (found.directoryPath === directoryPath) return undefined;
    }
  }
  return filePaths;
}

function passOver(
  { directoryPath, code }: Extract<FoundDirectory, { kind: 'unreadable' }>,
  { log, unreadable }: ReconcileOptions,
  report: MutableReport,
): void {
  report.unreadableDirectories += 1;
  if (unreadable.has(directoryPath)) return;
  unreadable.add(directoryPath);
  log.error(
    { directory: directoryPath, code },
    'A directory of footage cannot be read and is passed over. Check the disk and who owns the directory.',
  );
}

/** A repair of the file system may have cut a file; and a segment may have begun since its directory was listed. */
async function lengthOf(
  { filePath }: SegmentRow,
  { volume }: ComparisonOptions,
): Promise<number | 'gone' | 'unreadable'> {
  const outcome = await attempt(volume.path, async () => {
    try {
      const file = await volume.recover(filePath);
      await file.close();
      return file.byteLength;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return 'gone';
      throw error;
    }
  });
  return outcome.kind === 'done' ? outcome.value : 'unreadable';
}

/** Files of one directory whose rows were not there when it was read, and that nobody has in hand. */
async function indexForgotten(
  filePaths: readonly string[],
  options: ComparisonOptions,
  report: MutableReport,
): Promise<void> {
  const { log, indexSinceUtcMs, signal } = options;
  const found: FoundSegment[] = [];
  for (const filePath of filePaths) {
    if (signal?.aborted) break;
    const name = readSegmentFilePath(filePath);
    if (name === undefined)
      log.warn({ file: filePath }, 'A file among the footage is not a segment and is left alone.');
    else if (name.startUtcMs >= indexSinceUtcMs) {
      const forgotten = await salvage(filePath, { options, report }, () =>
        recoverForgottenFile(filePath, options),
      );
      if (forgotten === undefined || forgotten === 'gone') continue;
      add(report, forgotten.recovery);
      if (forgotten.found !== undefined) found.push(forgotten.found);
      if (found.length >= batchSize) await indexBatch(found.splice(0), options, report);
    }
  }
  await indexBatch(found, options, report);
}

/** What cannot be indexed now is found again. */
async function indexBatch(
  found: readonly FoundSegment[],
  options: ReconcileOptions,
  report: MutableReport,
): Promise<void> {
  const [first] = found;
  if (first === undefined) return;
  const outcome = await attempt(options.volume.path, () => indexFound(found, options), isIndexDown);
  if (outcome.kind === 'done') return;
  report.recovered -= found.length;
  report.unreadableFiles += found.length;
  const { filePath } = first.segment;
  options.log.error(
    { file: filePath, files: found.length, ...outcome.failure },
    'Segments were not indexed.',
  );
}

async function recover(row: SegmentRow, options: ReconcileOptions, report: MutableReport): Promise<void> {
  const recovery = await salvage(row.filePath, { options, report }, () => recoverSegment(row, options));
  if (recovery === 'gone') await dropRows([row], options, report);
  else if (recovery !== undefined) add(report, recovery);
}

/** One bad sector must not keep the rest of the footage from being found. */
async function salvage<Value>(
  filePath: string,
  { options, report }: { readonly options: ReconcileOptions; readonly report: MutableReport },
  task: () => Promise<Value>,
): Promise<Value | 'gone' | undefined> {
  const taskOrGone = async (): Promise<Value | 'gone'> => {
    try {
      return await task();
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      return 'gone';
    }
  };
  // An index that is down is no matter of this file: all of it has to be done again.
  const outcome = await attempt(options.volume.path, taskOrGone, isIndexDown);
  if (outcome.kind === 'done') return outcome.value;
  report.unreadableFiles += 1;
  options.log.error(
    { file: filePath, ...outcome.failure },
    'A segment could not be recovered and is left as it is.',
  );
  return undefined;
}

function add(report: MutableReport, recovery: Recovery): void {
  report.recovered += recovery.recovered;
  report.removedFiles += recovery.removedFiles;
  report.damagedFiles += recovery.damagedFiles;
  report.discardedBytes += recovery.discardedBytes;
}

async function completeDeletion(
  row: SegmentRow,
  options: ReconcileOptions,
  report: MutableReport,
): Promise<void> {
  const { volume, index, log } = options;
  const outcome = await attempt(volume.path, () => volume.remove(row.filePath));
  if (outcome.kind === 'failed') {
    // Retention goes on trying; a volume that is in trouble itself will soon say so.
    log.error({ file: row.filePath, ...outcome.failure }, 'A deletion could not be completed.');
    return;
  }
  await index.remove([row.id]);
  report.completedDeletions += 1;
  log.info({ cameraId: row.cameraId, file: row.filePath }, 'Completed the deletion of a segment.');
}

/** Of one camera. */
async function dropRows(
  gone: readonly SegmentRow[],
  { index, log, isPresent }: ReconcileOptions,
  report: MutableReport,
): Promise<void> {
  const rows: SegmentRow[] = [];
  for (const { id } of gone) {
    // A deletion is marked before its file goes: that is no loss.
    const row = await index.find(id);
    if (row !== undefined && row.state !== 'deleting') rows.push(row);
  }
  if (rows.length === 0) return;
  if (!(await isPresent())) {
    report.unreadableFiles += rows.length;
    return;
  }
  const ids = rows.map(({ id }) => id);
  await index.remove(
    ids,
    gapsOfLost(
      rows.map((row) => ({ row })),
      'Files of recorded footage are gone from the disk.',
    ),
  );
  report.droppedRows += rows.length;
  for (const { cameraId, filePath } of rows)
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
