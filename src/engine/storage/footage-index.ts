import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { openDatabase } from './database.ts';
import { errorCode, isDamage } from './failure.ts';
import type { IndexHealth } from './index-health.ts';
import { SqliteFootageIndex, type FootageIndex } from './sqlite-segment-index.ts';
import { openWorkerConnection, type WorkerConnectionLimits } from './worker-sql-connection.ts';

export interface FootageIndexOptions {
  /** The database file. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly health?: IndexHealth;
  readonly limits?: Partial<WorkerConnectionLimits>;
}

/**
 * Opens the index on a thread of its own. One that is too damaged to be opened is put aside (`PATH.damaged`) and begun anew:
 * comparing it with the files brings back what was in it.
 * @throws NewerDatabaseError, SQLite's error
 */
export async function openFootageIndex(options: FootageIndexOptions): Promise<FootageIndex> {
  const { path, log } = options;
  try {
    return new SqliteFootageIndex(await openWorkerConnection(options));
  } catch (error) {
    if (!isDamage(errorCode(error))) throw error;
    log.error(
      { path, code: errorCode(error) },
      'The index is damaged; it is put aside and made again from the files.',
    );
    await putIndexAside(path);
    return new SqliteFootageIndex(await openWorkerConnection(options));
  }
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

/** Moves an index to `PATH.damaged`, with the files that SQLite keeps beside it. */
export async function putIndexAside(path: string): Promise<void> {
  for (const suffix of ['', '-wal', '-shm']) {
    await rename(`${path}${suffix}`, `${path}.damaged${suffix}`).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error;
    });
  }
}
