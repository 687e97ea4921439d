import { scanFile, type ScannedFile } from '../media/fmp4/index.ts';
import { attempt } from './failure.ts';
import { footageDirectories, isWithin } from './footage-directories.ts';
import {
  describeFile,
  extentOf,
  indexFound,
  recoverForgottenFile,
  recoverSegment,
} from './recover-segment.ts';
import { readSegmentFilePath } from './segment-file-name.ts';
import type { NewSegment, SegmentIndex, SegmentRow } from './segment-index.ts';
import { readSegmentLabel } from './segment-label.ts';
import type { Volume } from './volume.ts';

export type FootageFindingKind =
  /** A row whose file is not there. Repair: the row is dropped. */
  | 'missing-file'
  /** A file without a row. Repair: it is indexed, up to its last whole part. */
  | 'unindexed-file'
  /** A file without a single whole part, whatever its row says. Repair: both are removed. */
  | 'empty-file'
  /** A row of a segment that was being written or deleted. Repair: what the start of an engine would do. */
  | 'unfinished-row'
  /** A file longer or shorter than its row says. Repair: it is cut to its last whole part, and the row follows. */
  | 'wrong-length'
  /** A row that says something else than the boxes of its file. Repair: the row follows. */
  | 'wrong-counts'
  /** A row that says something else than the label in its file. Repair: the row follows. */
  | 'wrong-facts'
  /** The label is missing or damaged: were the index lost, boot and exact start could not be told. No repair. */
  | 'no-label'
  /** Boxes that make no sense amid the file. No repair: what follows them may still be of use to somebody. */
  | 'damaged-file'
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
    for (const row of rows.values()) if (!present.has(row.filePath)) await this.#missing(row);
    const ours = filePaths.filter((filePath) => readSegmentFilePath(filePath) !== undefined).sort();
    this.#strangers += filePaths.length - ours.length;
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

  async #missing(row: SegmentRow): Promise<void> {
    const kind = row.state === 'deleting' ? 'unfinished-row' : 'missing-file';
    await this.#find(kind, row.filePath, {
      detail: row.state === 'deleting' ? 'The file of a deletion is gone.' : 'The file is gone.',
      repair: () => this.#options.index.remove([row.id]),
    });
  }

  async #file(filePath: string, row: SegmentRow | undefined): Promise<void> {
    const { volume } = this.#options;
    this.#files += 1;
    const outcome = await attempt(volume.path, async () => {
      const file = await volume.recover(filePath);
      try {
        return { byteLength: file.byteLength, scanned: await scanFile(file) };
      } finally {
        await file.close();
      }
    });
    if (outcome.kind === 'failed') {
      await this.#find('unreadable-file', filePath, { detail: outcome.failure.detail });
      return;
    }
    const { byteLength, scanned } = outcome.value;
    this.#byteLength += byteLength;
    await this.#judge(filePath, row, { byteLength, scanned });
  }

  async #judge(filePath: string, row: SegmentRow | undefined, read: ReadFile): Promise<void> {
    const { byteLength, scanned } = read;
    if (row?.state === 'deleting') {
      await this.#find('unfinished-row', filePath, {
        detail: 'Its deletion was interrupted.',
        repair: () => this.#remove(filePath, row),
      });
    } else if (scanned.parts.length === 0) {
      await this.#find('empty-file', filePath, {
        detail: `There is no whole part in its ${byteLength} bytes${scanned.damage === undefined ? '' : `: ${scanned.damage}`}.`,
        repair: () => this.#remove(filePath, row),
      });
    } else if (row === undefined) {
      await this.#find('unindexed-file', filePath, {
        detail: describeScan(scanned),
        repair: () => this.#index(filePath, read),
      });
      await this.#checkLabel(filePath, scanned);
    } else if (row.state === 'writing') {
      await this.#find('unfinished-row', filePath, {
        detail: 'Its recording was interrupted.',
        repair: () => this.#recover(row),
      });
    } else if (row.byteLength !== byteLength) {
      await this.#find('wrong-length', filePath, {
        detail: `It has ${byteLength} bytes, its row says ${row.byteLength}.`,
        repair: () => this.#recover(row),
      });
    } else await this.#compare(row, scanned);
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
