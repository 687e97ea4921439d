import Database from 'better-sqlite3';
import { migrations } from './migrations/index.ts';
import { NewerDatabaseError } from './newer-database-error.ts';

/** Long enough for a checkpoint of another connection, such as `sqlite3` in a support case. */
const busyTimeoutMs = 5000;

/**
 * Opens or makes the index database, and brings its schema up to date in one transaction. Commits survive the process; after
 * a power cut the newest may be missing, which reconciling at the start makes good.
 * @throws NewerDatabaseError
 */
export function openDatabase(
  path: string,
  { mustExist = false }: { readonly mustExist?: boolean } = {},
): Database.Database {
  const database = new Database(path, { timeout: busyTimeoutMs, fileMustExist: mustExist });
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    migrate(database, path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function migrate(database: Database.Database, path: string): void {
  const version = Number(database.pragma('user_version', { simple: true }));
  if (version > migrations.length) {
    throw new NewerDatabaseError(
      `The index ${path} has version ${version}; this engine knows up to ${migrations.length}. ` +
        'Install the newer engine again, or move the index away to have it rebuilt from the files.',
    );
  }
  // Nothing is written for nothing: there may be no room.
  if (version === migrations.length) return;
  database.transaction(() => {
    for (const migration of migrations.slice(version)) database.exec(migration);
    database.pragma(`user_version = ${migrations.length}`);
  })();
}
