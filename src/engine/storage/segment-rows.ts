import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { errorCode, isIndexDown } from './failure.ts';
import type { NewSegment, SegmentExtent, SegmentIndex } from './segment-index.ts';

/** The row of one segment. It follows the segment's file, and whoever writes the file never waits for it. */
export interface SegmentRowWriter {
  /** Once the index has taken the row. */
  readonly id: number | undefined;
  /** What a row that the index has not taken yet will say. */
  follow(extent: SegmentExtent): void;
  /** The segment has ended, and this is what is left of it. */
  finish(extent: SegmentExtent): void;
  /** Nothing is left of the segment. */
  remove(): void;
}

export interface SegmentRowsOptions {
  readonly index: Pick<SegmentIndex, 'insert' | 'update' | 'remove' | 'findByPath'>;
  readonly clock: Clock;
  readonly log: Log;
  /** The segment has ended and its row says so, or is left to the next start: its file is anybody's. */
  readonly onEnded: (filePath: string) => void;
  /** Rows that may wait for the index. */
  readonly maximumOwed?: number;
}

/** About half a kilobyte each. */
const defaultMaximumOwed = 10_000;
const retryAfterMs = 1000;

/**
 * The rows of what is recorded to one volume, each brought to its newest state one after the other. What the index does not
 * take is owed, and tried again while the recording goes on. Of too many, those of the segments that ended first are given
 * up: their files are there, and the comparison at the next start finds them.
 */
export class SegmentRows {
  readonly #options: SegmentRowsOptions;
  /** By file, in the order they came. */
  readonly #owed = new Map<string, OwedRow>();
  #filing: Promise<void> | undefined;
  #retry: Disposable | undefined;
  #isStopped = false;
  #hasGivenUp = false;

  constructor(options: SegmentRowsOptions) {
    this.#options = options;
  }

  /** Begins the row of a segment whose file and its name are on disk. */
  open(segment: NewSegment, extent: SegmentExtent): SegmentRowWriter {
    const row = new OwedRow({ segment, extent, onChange: () => this.#owe(row) });
    this.#owe(row);
    return row;
  }

  /** Whether the index does not know yet what became of a file. */
  owes(filePath: string): boolean {
    return this.#owed.has(filePath);
  }

  /** Tries once more. Resolves when everything is filed or the index failed; the caller's patience is its own. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelRetry();
    this.#file();
    await this.#filing;
  }

  #owe(row: OwedRow): void {
    this.#owed.set(row.filePath, row);
    if (this.#owed.size > (this.#options.maximumOwed ?? defaultMaximumOwed)) this.#giveUpOldest();
    if (this.#retry === undefined) this.#file();
  }

  #giveUpOldest(): void {
    for (const row of this.#owed.values()) {
      if (!row.hasEnded) continue;
      this.#settle(row);
      if (!this.#hasGivenUp)
        this.#options.log.error(
          { file: row.filePath, owed: this.#owed.size },
          'Too much waits for the index: the oldest of it is found in the files at the next start.',
        );
      this.#hasGivenUp = true;
      return;
    }
  }

  #file(): void {
    this.#filing ??= this.#fileAll().finally(() => {
      this.#filing = undefined;
      // What came after the last look at what is owed, and before this.
      if (this.#owed.size > 0 && this.#retry === undefined && !this.#isStopped) this.#file();
    });
  }

  async #fileAll(): Promise<void> {
    const { index, clock, log } = this.#options;
    for (const row of this.#owed.values()) {
      try {
        // It may change while the index answers.
        while (!row.isFiled) await row.file(index);
      } catch (error) {
        if (isIndexDown(error)) {
          if (!this.#isStopped) this.#retry = clock.after(retryAfterMs, () => this.#tryAgain());
          return;
        }
        log.error(
          { file: row.filePath, error },
          'The index does not take a segment; the next start finds its file.',
        );
      }
      if (this.#owed.get(row.filePath) === row) this.#settle(row);
    }
    this.#hasGivenUp = false;
  }

  #settle(row: OwedRow): void {
    this.#owed.delete(row.filePath);
    if (row.hasEnded) this.#options.onEnded(row.filePath);
  }

  #tryAgain(): void {
    this.#retry = undefined;
    this.#file();
  }

  #cancelRetry(): void {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
  }
}

/** What a row is to come to; `writing`: to be there at all. */
type RowAim = 'writing' | 'finished' | 'removed';

class OwedRow implements SegmentRowWriter {
  readonly #segment: NewSegment;
  readonly #onChange: () => void;
  #extent: SegmentExtent;
  #aim: RowAim = 'writing';
  #filed: RowAim | undefined;
  #id: number | undefined;

  constructor({
    segment,
    extent,
    onChange,
  }: {
    readonly segment: NewSegment;
    readonly extent: SegmentExtent;
    readonly onChange: () => void;
  }) {
    this.#segment = segment;
    this.#extent = extent;
    this.#onChange = onChange;
  }

  get id(): number | undefined {
    return this.#id;
  }

  get filePath(): string {
    return this.#segment.filePath;
  }

  get hasEnded(): boolean {
    return this.#aim !== 'writing';
  }

  get isFiled(): boolean {
    return this.#filed === this.#aim;
  }

  follow(extent: SegmentExtent): void {
    this.#extent = extent;
  }

  finish(extent: SegmentExtent): void {
    this.#extent = extent;
    this.#become('finished');
  }

  remove(): void {
    this.#become('removed');
  }

  /** Rejects with the index's error. */
  async file(index: SegmentRowsOptions['index']): Promise<void> {
    const aim = this.#aim;
    if (aim === 'removed') {
      if (this.#id !== undefined) await index.remove([this.#id]);
    } else if (this.#id === undefined) this.#id = await this.#insert(index, aim);
    else await index.update({ id: this.#id, extent: this.#extent, state: aim });
    this.#filed = aim;
  }

  async #insert(index: SegmentRowsOptions['index'], state: 'writing' | 'finished'): Promise<number> {
    const { volumeId, filePath } = this.#segment;
    try {
      return await index.insert(this.#segment, { extent: this.#extent, state });
    } catch (error) {
      if (errorCode(error) !== 'SQLITE_CONSTRAINT_UNIQUE') throw error;
      // Of a file of the same name that is gone: this one could be made.
      const stale = await index.findByPath(volumeId, filePath);
      if (stale !== undefined) await index.remove([stale.id]);
      return index.insert(this.#segment, { extent: this.#extent, state });
    }
  }

  #become(aim: RowAim): void {
    this.#aim = aim;
    this.#onChange();
  }
}
