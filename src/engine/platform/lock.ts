import Database from 'better-sqlite3';
import { EngineExit } from './exit.ts';
import { errorCode } from './layout.ts';
import type { EngineLayout } from './layout.ts';

/**
 * Makes sure that one engine at a time works on a directory, by an exclusive SQLite transaction on `engine.lock`: a
 * lock of the kernel (fcntl) on an empty file, which is gone with the process however that ends. Disposing releases it.
 * Throws `EngineExit` when another engine holds it.
 */
export function lockDirectory(layout: EngineLayout): Disposable {
  let database: Database.Database | undefined;
  try {
    database = new Database(layout.lock, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    if (errorCode(error) === 'SQLITE_BUSY') {
      throw new EngineExit(
        'already-running',
        `Another engine already works on ${layout.root}. Stop it first, or give this one another directory with --dir.`,
      );
    }
    if (!(error instanceof Database.SqliteError)) throw error;
    throw new EngineExit(
      'directory-unusable',
      `The engine cannot write to ${layout.root} (${errorCode(error)} at ${layout.lock}). Give its user write permission there or choose another directory with --dir.`,
    );
  }
  const held = database;
  return { [Symbol.dispose]: () => held.close() };
}
