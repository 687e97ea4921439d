import { existsSync } from 'node:fs';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { openDatabase } from './database.ts';
import { errorCode, isDamage, isSystemError } from './failure.ts';
import { isKnownAsDamaged, putIndexAside, salvageGaps, type IndexDamage } from './index-damage.ts';
import type { IndexHealth } from './index-health.ts';
import { SqliteFootageIndex, type FootageIndex } from './sqlite-segment-index.ts';
import { openWorkerConnection, type WorkerConnectionLimits } from './worker-sql-connection.ts';

export interface FootageIndexOptions {
  /** The database file. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly health?: IndexHealth;
  readonly damage?: IndexDamage;
  readonly limits?: Partial<WorkerConnectionLimits>;
  /** Of the file, which is then there and answers nothing: whoever asks has nothing better. */
  readonly toleratesDamage?: boolean;
}

/**
 * Opens the index on a thread of its own. One that is known as damaged, or too damaged to be opened, is put aside
 * (`PATH.damaged`) and begun anew with the gaps that can be read in it: comparing it with the files brings back the rest.
 * @throws NewerDatabaseError, SQLite's error
 */
export async function openFootageIndex(options: FootageIndexOptions): Promise<FootageIndex> {
  if (isKnownAsDamaged(options.path)) return openAnew('SQLITE_CORRUPT', options);
  try {
    return await openWhatIsThere(options);
  } catch (error) {
    if (!isDamage(errorCode(error))) throw error;
    return openAnew(errorCode(error), options);
  }
}

async function openWhatIsThere(options: FootageIndexOptions): Promise<FootageIndex> {
  const { health } = options;
  return new SqliteFootageIndex(await openWorkerConnection(options), (code) => health?.damaged(code));
}

async function openAnew(code: string, options: FootageIndexOptions): Promise<FootageIndex> {
  const { path, log, damage } = options;
  damage?.remade();
  let aside: string;
  try {
    aside = await putIndexAside(path);
  } catch (error) {
    if (!isSystemError(error) || !existsSync(path)) throw error;
    log.error({ path, code, error }, 'The damaged index cannot be put aside; recording does without one.');
    const index = await openWhatIsThere({ ...options, toleratesDamage: true });
    options.health?.damaged(code);
    return index;
  }
  const index = await openWhatIsThere(options);
  const gaps = await salvageGaps(aside, index);
  log.error(
    { path, code, aside, gaps },
    'The index is damaged; it was put aside and is made again from the files.',
  );
  return index;
}

/** What the file of an index is worth, without changing it. */
export type IndexFileState =
  | { readonly kind: 'sound' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'damaged'; readonly detail: string };

/**
 * Looks through the whole database.
 * @throws NewerDatabaseError, SQLite's error
 */
export function checkIndexFile(path: string): IndexFileState {
  if (!existsSync(path)) return { kind: 'missing' };
  try {
    const database = openDatabase(path);
    try {
      const verdict = String(database.pragma('integrity_check(1)', { simple: true }));
      return verdict === 'ok' ? { kind: 'sound' } : { kind: 'damaged', detail: verdict };
    } finally {
      database.close();
    }
  } catch (error) {
    if (!isDamage(errorCode(error))) throw error;
    return { kind: 'damaged', detail: errorCode(error) };
  }
}
