import { scanFile, type ScannedFile } from '../media/fmp4/index.ts';
import { attempt } from './failure.ts';
import { conditionOf, type FileCondition } from './file-condition.ts';
import { footageDirectories, isWithin } from './footage-directories.ts';
import { gapsOfLost } from './lost-footage.ts';
import {
  describeFile,
  extentOf,
  indexFound,
  isVouchedFor,
  recoverForgottenFile,
  recoverSegment,
} from './recover-segment.ts';
import { isSetAside, readSegmentFilePath, setAsidePath } from './segment-file-name.ts';
import type { NewSegment, SegmentIndex, SegmentRow } from './segment-index.ts';
import { readSegmentLabel } from './segment-label.ts';
import type { Volume } from './volume.ts';

export type FootageFindingKind =
  /** A row whose file is not there. Repair: the row is dropped. */
  | 'missing-file'
  /** A file without a row. Repair: it is indexed, up to its last whole part. */
  | 'unindexed-file'
  /** A file with no more than an end at its beginning leaves, and nobody says that there was. Repair: it goes, and its row. */
  | 'empty-file'
  /** A row of a segment that was being written or deleted. Repair: what the start of an engine would do. */
  | 'unfinished-row'
  /** A file longer or shorter than its row says. Repair: the row follows; what an end without warning leaves is cut off. */
  | 'wrong-length'
  /** A row that says something else than the boxes of its file. Repair: the row follows. */
  | 'wrong-counts'
  /** A row that says something else than the label in its file. Repair: the row follows. */
  | 'wrong-facts'
  /** The label is missing or damaged: were the index lost, boot and exact start could not be told. No repair. */
  | 'no-label'
  /**
   * Boxes that make no sense where no end without warning explains it. No repair: what follows them may still be of use to
   * somebody. Without a part before them the file is set aside, unless its row says how long it is.
   */
  | 'damaged-file'
  /** A file that was set aside because it cannot be played. No repair: have a look at it, then remove it. */
  | 'set-aside-file'
  /** The disk does not let us read it. No repair. */
  | 'unreadable-file'
  /** The disk does not let us see what is in it: rows of what lies there are left alone. No repair. */
  | 'unreadable-directory';

export interface FootageFinding {
  readonly kind: FootageFindingKind;
  readonly filePath: string;
  readonly detail: string;
  readonly isRepaired: boolean;
}

export interface FootageCheckOptions {
  readonly volume: Volume;
  readonly volumeId: string;
  readonly index: SegmentIndex;
  readonly repairs: boolean;
  readonly onFinding: (finding: FootageFinding) => void;
}

export interface FootageCheckTotals {
  readonly files: number;
  readonly byteLength: number;
  readonly rows: number;
  /** Files among the footage that are none of ours; they are left alone. */
  readonly strangers: number;
}

const pageSize = 1000;
/** Files read at once. */
const maximumConcurrentScans = 4;

/**
 * Compares every file of a volume with its row: box by box, label and counts. Nobody may record there meanwhile. Holds one
 * directory at a time in memory.
 * @throws the volume's or SQLite's error when not even the directories or the rows can be read
 */
export async function checkFootage(options: FootageCheckOptions): Promise<FootageCheckTotals> {
  const check = new FootageCheck(options);
  /** One a day and camera. */
  const seen = new Set<string>();
  const unreadable = new Set<string>();
  for await (const found of footageDirectories(options.volume)) {
    const { kind, directoryPath } = found;
    if (kind === 'unreadable') {
      unreadable.add(directoryPath);
      check.unreadable(directoryPath, found.code);
    } else {
      seen.add(directoryPath);
      await check.directory(directoryPath, found.filePaths);
    }
  }
  for (let afterDirectory = ''; ;) {
    const directories = await options.index.directories(options.volumeId, {
      afterDirectory,
      limit: pageSize,
    });
    for (const directory of directories)
      if (!seen.has(directory) && !isWithin(directory, unreadable)) await check.directory(directory, []);
    const last = directories.at(-1);
    if (last === undefined) return check.totals;
    afterDirectory = last;
  }
}

class FootageCheck {
  readonly #options: FootageCheckOptions;
  #files = 0;
  #byteLength = 0;
  #rows = 0;
  #strangers = 0;

  constructor(options: FootageCheckOptions) {
    this.#options = options;
  }

  get totals(): FootageCheckTotals {
    return {
      files: this.#files,
      byteLength: this.#byteLength,
      rows: this.#rows,
      strangers: this.#strangers,
    };
  }

  unreadable(directoryPath: string, code: string): void {
    this.#options.onFinding({
      kind: 'unreadable-directory',
      filePath: directoryPath,
      detail: `It cannot be read (${code}); nothing in it was looked at.`,
      isRepaired: false,
    });
  }

  async directory(directoryPath: string, filePaths: readonly string[]): Promise<void> {
    const rows = await this.#rowsOf(directoryPath);
    this.#rows += rows.size;
    const present = new Set(filePaths);
    await this.#missing([...rows.values()].filter(({ filePath }) => !present.has(filePath)));
    const ours = filePaths.filter((filePath) => readSegmentFilePath(filePath) !== undefined).sort();
    const setAside = filePaths.filter(isSetAside).sort();
    this.#strangers += filePaths.length - ours.length - setAside.length;
    for (const filePath of setAside)
      await this.#find('set-aside-file', filePath, { detail: 'It could not be played and was set aside.' });
    for (let first = 0; first < ours.length; first += maximumConcurrentScans) {
      const some = ours.slice(first, first + maximumConcurrentScans);
      await Promise.all(some.map((filePath) => this.#file(filePath, rows.get(filePath))));
    }
  }

  async #rowsOf(directoryPath: string): Promise<ReadonlyMap<string, SegmentRow>> {
    const { index, volumeId } = this.#options;
    const rows = new Map<string, SegmentRow>();
    for (let afterPath: string | undefined; ;) {
      const page = await index.inDirectory({ volumeId, directoryPath, afterPath, limit: pageSize });
      for (const row of page) rows.set(row.filePath, row);
      const last = page.at(-1);
      if (last === undefined) return rows;
      afterPath = last.filePath;
    }
  }

  async #missing(rows: readonly SegmentRow[]): Promise<void> {
    const gone = rows.filter(({ state }) => state !== 'deleting').map((row) => ({ row }));
    const ids = rows.map(({ id }) => id);
    let removal: Promise<void> | undefined;
    const repair = (): Promise<void> =>
      (removal ??= this.#options.index.remove(
        ids,
        gapsOfLost(gone, 'Files were found to be gone by a check.'),
      ));
    for (const { state, filePath } of rows) {
      const isDeleting = state === 'deleting';
      await this.#find(isDeleting ? 'unfinished-row' : 'missing-file', filePath, {
        detail: isDeleting ? 'The file of a deletion is gone.' : 'The file is gone.',
        repair,
      });
    }
  }

  async #file(filePath: string, row: SegmentRow | undefined): Promise<void> {
    const { volume } = this.#options;
    this.#files += 1;
    const outcome = await attempt(volume.path, async () => {
      const file = await volume.recover(filePath);
      try {
        const scanned = await scanFile(file);
        return { byteLength: file.byteLength, scanned, condition: await conditionOf(file, scanned) };
      } finally {
        await file.close();
      }
    });
    if (outcome.kind === 'failed') {
      await this.#find('unreadable-file', filePath, { detail: outcome.failure.detail });
      return;
    }
    this.#byteLength += outcome.value.byteLength;
    await this.#judge(filePath, row, outcome.value);
  }

  async #judge(filePath: string, row: SegmentRow | undefined, read: ReadFile): Promise<void> {
    const { byteLength, scanned, condition } = read;
    if (row?.state === 'deleting') {
      await this.#find('unfinished-row', filePath, {
        detail: 'Its deletion was interrupted.',
        repair: () => this.#remove(filePath, row),
      });
    } else if (scanned.parts.length === 0) await this.#judgeWithoutParts(filePath, row, read);
    else if (row === undefined) {
      await this.#find('unindexed-file', filePath, {
        detail: describeScan(scanned),
        repair: () => this.#index(filePath, read),
      });
      await this.#checkLabel(filePath, scanned);
      await this.#checkDamage(filePath, read);
    } else if (row.state === 'writing') {
      await this.#find('unfinished-row', filePath, {
        detail: 'Its recording was interrupted.',
        repair: () => this.#recover(row),
      });
      await this.#checkDamage(filePath, read);
    } else if (
      row.byteLength !== byteLength &&
      !(condition === 'damaged' && row.byteLength === scanned.validByteLength)
    ) {
      await this.#find('wrong-length', filePath, {
        detail: `It has ${byteLength} bytes, its row says ${row.byteLength}.`,
        repair: () => this.#recover(row),
      });
      await this.#checkDamage(filePath, read);
    } else await this.#compare(row, scanned);
  }

  async #judgeWithoutParts(filePath: string, row: SegmentRow | undefined, read: ReadFile): Promise<void> {
    const { byteLength, scanned, condition } = read;
    const why = scanned.damage === undefined ? '' : `: ${scanned.damage}`;
    const detail = `There is no whole part in its ${byteLength} bytes${why}.`;
    if (condition === 'empty' && !(await isVouchedFor(filePath, row, this.#options))) {
      await this.#find('empty-file', filePath, { detail, repair: () => this.#remove(filePath, row) });
      return;
    }
    // Where the row knows the file's length there is nothing to be gained.
    const isToBeSetAside = this.#options.repairs && row?.byteLength !== byteLength;
    if (!isToBeSetAside) {
      await this.#find('damaged-file', filePath, { detail });
      return;
    }
    const outcome = await attempt(this.#options.volume.path, () =>
      row === undefined ? this.#index(filePath, read) : this.#recover(row),
    );
    const remark = outcome.kind === 'done' ? `It is now ${setAsidePath(filePath)}.` : outcome.failure.detail;
    await this.#find('damaged-file', filePath, { detail: `${detail} ${remark}` });
  }

  async #checkDamage(filePath: string, { condition, scanned }: ReadFile): Promise<void> {
    if (condition === 'damaged')
      await this.#find('damaged-file', filePath, { detail: describeScan(scanned) });
  }

  /** Length and state are right. */
  async #compare(row: SegmentRow, scanned: ScannedFile): Promise<void> {
    const { index } = this.#options;
    const { filePath } = row;
    const broken = brokenOrder(scanned) ?? scanned.damage;
    if (broken !== undefined) {
      await this.#find('damaged-file', filePath, { detail: `${describeScan(scanned)} Then: ${broken}.` });
      return;
    }
    const label = readSegmentLabel(scanned.extensions);
    await this.#checkLabel(filePath, scanned);
    const facts = describeFile(filePath, scanned);
    const wrongFacts = label === undefined ? [] : differences(storedFacts(row), storedFacts(facts));
    if (wrongFacts.length > 0) {
      await this.#find('wrong-facts', filePath, {
        detail: wrongFacts.join(' '),
        repair: () => this.#replace(row, { ...facts, volumeId: row.volumeId }),
      });
    }
    const extent = extentOf(scanned);
    const wrongCounts = differences(countsOf(row), countsOf(extent));
    if (wrongCounts.length > 0) {
      await this.#find('wrong-counts', filePath, {
        detail: wrongCounts.join(' '),
        repair: async () => {
          const current = await index.findByPath(row.volumeId, filePath);
          if (current !== undefined) await index.update({ id: current.id, extent, state: 'recovered' });
        },
      });
    }
  }

  async #checkLabel(filePath: string, scanned: ScannedFile): Promise<void> {
    if (readSegmentLabel(scanned.extensions) === undefined)
      await this.#find('no-label', filePath, { detail: 'Its label is missing or damaged.' });
  }

  async #find(
    kind: FootageFindingKind,
    filePath: string,
    { detail, repair }: { readonly detail: string; readonly repair?: () => Promise<unknown> },
  ): Promise<void> {
    const { repairs, onFinding, volume } = this.#options;
    if (!repairs || repair === undefined) {
      onFinding({ kind, filePath, detail, isRepaired: false });
      return;
    }
    const outcome = await attempt(volume.path, repair);
    if (outcome.kind === 'done') onFinding({ kind, filePath, detail, isRepaired: true });
    else onFinding({ kind, filePath, detail: `${detail} ${outcome.failure.detail}`, isRepaired: false });
  }

  /** A whole file says everything that its row had said; one that must be cut says that it was. */
  async #index(filePath: string, { byteLength, scanned }: ReadFile): Promise<void> {
    const { index, volume, volumeId } = this.#options;
    if (scanned.validByteLength !== byteLength) {
      const { found } = await recoverForgottenFile(filePath, { ...this.#options, log: silentLog });
      if (found !== undefined) await indexFound([found], { volume, index });
      return;
    }
    const segment = { ...describeFile(filePath, scanned), volumeId };
    await indexFound([{ segment, extent: extentOf(scanned), state: 'finished' }], { volume, index });
  }

  async #recover(row: SegmentRow): Promise<void> {
    await recoverSegment(row, { ...this.#options, log: silentLog });
  }

  async #remove(filePath: string, row: SegmentRow | undefined): Promise<void> {
    await this.#options.volume.remove(filePath);
    if (row !== undefined) await this.#options.index.remove([row.id]);
  }

  async #replace(row: SegmentRow, segment: NewSegment): Promise<void> {
    const { index } = this.#options;
    const { byteLength, duration90k, frameCount, partCount } = row;
    await index.remove([row.id]);
    await index.insert(segment, {
      extent: { byteLength, duration90k, frameCount, partCount },
      state: 'recovered',
    });
  }
}

interface ReadFile {
  readonly condition: FileCondition;
  readonly byteLength: number;
  readonly scanned: ScannedFile;
}

function describeScan({ parts, damage, validByteLength }: ScannedFile): string {
  const whole = `${parts.length} whole parts in ${validByteLength} bytes.`;
  return damage === undefined ? whole : `${whole.slice(0, -1)}, then ${damage}.`;
}

/** Parts are numbered from 1, and each track's time goes on (ISO/IEC 14496-12 §8.8.5 and §8.8.12). */
function brokenOrder({ parts }: ScannedFile): string | undefined {
  const times = new Map<number, number>();
  for (const [position, part] of parts.entries()) {
    if (part.sequenceNumber !== position + 1)
      return `part ${position + 1} has the number ${part.sequenceNumber}`;
    for (const { trackId, baseDecodeTime } of part.tracks) {
      if (baseDecodeTime < (times.get(trackId) ?? 0)) return `time goes back in part ${position + 1}`;
      times.set(trackId, baseDecodeTime);
    }
  }
  return undefined;
}

/** As the index keeps them: whole milliseconds. */
function storedFacts(segment: Omit<NewSegment, 'volumeId'>): Readonly<Record<string, string | number>> {
  return {
    camera: segment.cameraId,
    content: segment.content,
    start: Math.round(segment.startUtcMs),
    'monotonic start': Math.round(segment.startMonotonicMs),
    boot: segment.bootId,
    'clock offset': segment.clockOffsetMs ?? 'unknown',
    'media start': segment.mediaStart90k,
    sound: segment.hasAudio ? 'yes' : 'no',
  };
}

function countsOf({
  duration90k,
  frameCount,
  partCount,
}: {
  readonly duration90k: number;
  readonly frameCount: number;
  readonly partCount: number;
}): Readonly<Record<string, number>> {
  return { length: duration90k, frames: frameCount, parts: partCount };
}

function differences(
  row: Readonly<Record<string, string | number>>,
  file: Readonly<Record<string, string | number>>,
): string[] {
  return Object.entries(file)
    .filter(([name, value]) => row[name] !== value)
    .map(([name, value]) => `Its row says ${name} ${row[name]}, the file ${value}.`);
}

/** What is done is told by the findings. */
const silentLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};
