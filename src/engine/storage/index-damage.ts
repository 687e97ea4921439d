import Database from 'better-sqlite3';
import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import type { Gap } from '../../shared/engine-api/index.ts';
import { errorCode } from './failure.ts';
import { StoredGaps } from './index-rows.ts';
import { gapStatements } from './index-statements.ts';
import type { GapIndex } from './segment-index.ts';

/** An index that was just made again and is damaged too lies on a disk that no restart mends. */
const restartAtMostEveryMs = 60 * 60 * 1000;
/** Damaged indexes that are kept, the newest as `PATH.damaged`. */
const keptAside = 3;
const maximumSalvagedGaps = 200_000;
const salvagePageSize = 500;
const companionSuffixes = ['', '-wal', '-shm'] as const;

export interface IndexDamageOptions {
  /** The database file. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * What becomes of an index that contradicts itself while an engine has it open. That is written down beside it, so that the
 * next start puts it aside before it is opened; and the engine is asked to start again, once an hour at most.
 */
export class IndexDamage implements Disposable {
  readonly #options: IndexDamageOptions;
  readonly #restart = Promise.withResolvers<void>();
  #mayRestartMonotonicMs = -Infinity;
  #found: Promise<void> | undefined;
  #isRestartWanted = false;
  #waiting: Disposable | undefined;

  constructor(options: IndexDamageOptions) {
    this.#options = options;
  }

  /** Resolves when the engine should start again. */
  get restart(): Promise<void> {
    return this.#restart.promise;
  }

  get isRestartWanted(): boolean {
    return this.#isRestartWanted;
  }

  /** The index was put aside and made again at this start. */
  remade(): void {
    this.#mayRestartMonotonicMs = this.#options.clock.monotonicMs() + restartAtMostEveryMs;
  }

  found(code: string): void {
    this.#found ??= this.#onFound(code);
  }

  /** Resolves when it is known what follows from what was found so far. */
  async decided(): Promise<void> {
    await this.#found;
  }

  async #onFound(code: string): Promise<void> {
    const { path, clock, log } = this.#options;
    if (!(await this.#remember(code))) {
      // Its disk may take it later.
      this.#waiting = clock.after(restartAtMostEveryMs, () => {
        this.#found = this.#onFound(code);
      });
      return;
    }
    const waitMs = this.#mayRestartMonotonicMs - clock.monotonicMs();
    log.error({ path, code, inMs: Math.max(0, waitMs) }, 'The engine starts again to make its index anew.');
    if (waitMs > 0) this.#waiting = clock.after(waitMs, () => this.#wantRestart());
    else this.#wantRestart();
  }

  [Symbol.dispose](): void {
    this.#waiting?.[Symbol.dispose]();
  }

  /** Without the mark the next start would open the same index again, and so on without end. */
  async #remember(code: string): Promise<boolean> {
    const { path, log } = this.#options;
    try {
      await writeFile(markOf(path), code);
      return true;
    } catch (error) {
      log.error({ path, error }, 'The index is damaged, and its disk does not let that be written down.');
      return false;
    }
  }

  #wantRestart(): void {
    this.#isRestartWanted = true;
    this.#restart.resolve();
  }
}

/** Whether an engine has met damage in it, and it was not put aside since. */
export function isKnownAsDamaged(path: string): boolean {
  return existsSync(markOf(path));
}

export async function forgetDamage(path: string): Promise<void> {
  await rm(markOf(path), { force: true });
}

/** Moves an index to `PATH.damaged`, with the files that SQLite keeps beside it. The answer is that path. */
export async function putIndexAside(path: string): Promise<string> {
  if (existsSync(path)) {
    for (let number = keptAside; number > 1; number -= 1)
      await moveIndex(asidePath(path, number - 1), asidePath(path, number));
  }
  await moveIndex(path, asidePath(path, 1));
  await forgetDamage(path);
  return asidePath(path, 1);
}

/**
 * Copies the gaps that can still be read in a damaged index to another: they cannot be learnt from the files. From both ends,
 * as far as the damage lets. The answer is their number.
 */
export async function salvageGaps(path: string, index: Pick<GapIndex, 'insertGap'>): Promise<number> {
  let count = 0;
  let lastId = 0;
  for (const sql of [gapStatements.allFromOldest, gapStatements.allFromNewest]) {
    for (const page of readablePages(path, sql)) {
      const isMet = sql === gapStatements.allFromNewest && page.some(({ id }) => id <= lastId);
      const gaps = isMet ? page.filter(({ id }) => id > lastId) : page;
      const outcomes = await Promise.allSettled(gaps.map((gap) => index.insertGap(gap)));
      count += outcomes.filter(({ status }) => status === 'fulfilled').length;
      if (sql === gapStatements.allFromOldest) lastId = page.at(-1)?.id ?? lastId;
      if (isMet || count >= maximumSalvagedGaps) break;
    }
  }
  return count;
}

/** Up to the first page of the database that cannot be read. */
function* readablePages(path: string, sql: string): Generator<readonly Gap[]> {
  let page: Gap[] = [];
  try {
    const database = new Database(path, { readonly: true, fileMustExist: true });
    try {
      for (const row of database.prepare(sql).iterate()) {
        page.push(...gapOf(row));
        if (page.length < salvagePageSize) continue;
        yield page;
        page = [];
      }
    } finally {
      database.close();
    }
  } catch {
    // What was read before the damage is worth having.
  }
  if (page.length > 0) yield page;
}

function gapOf(row: unknown): readonly Gap[] {
  try {
    return StoredGaps.parse([row]);
  } catch {
    return [];
  }
}

async function moveIndex(from: string, to: string): Promise<void> {
  if (!existsSync(from)) return;
  for (const suffix of companionSuffixes) {
    try {
      await rename(`${from}${suffix}`, `${to}${suffix}`);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      // What may be there belongs to another index.
      await rm(`${to}${suffix}`, { force: true });
    }
  }
}

function asidePath(path: string, number: number): string {
  return number === 1 ? `${path}.damaged` : `${path}.damaged.${number}`;
}

function markOf(path: string): string {
  return `${path}.is-damaged`;
}
