import Sqlite from 'better-sqlite3';
import { DeskError, fail } from '../../failure.ts';
import type { Database } from '../ports.ts';
import type { Migration } from './migration.ts';

export type { Migration } from './migration.ts';
export { migrations } from './migrations/index.ts';

export interface DatabaseOptions {
  /** A file, or `:memory:`. */
  readonly path: string;
  readonly migrations: readonly Migration[];
}

/**
 * Opens the site's database and brings its schema to the newest version. Throws `database-newer` (the file is left as it
 * was) or `database-damaged`.
 */
export function openDatabase(options: DatabaseOptions): Database {
  const database = new Sqlite(options.path);
  try {
    database.pragma('busy_timeout = 5000');
    refuseNewer(database, options);
    database.pragma('journal_mode = WAL');
    // An acknowledged change survives a power cut; the desk writes rarely enough to afford it.
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma('trusted_schema = OFF');
    migrate(database, options.migrations);
    return database;
  } catch (error) {
    database.close();
    throw asDeskError(error, options.path);
  }
}

function refuseNewer(database: Database, options: DatabaseOptions): void {
  const version = schemaVersion(database);
  const newest = options.migrations.length;
  if (version > newest)
    throw fail(
      'database-newer',
      `The site's database at ${options.path} has schema version ${version}; this Belvedere knows versions up to ${newest}.`,
      'Open it with the newer Belvedere that wrote it, or choose another data folder.',
    );
}

function migrate(database: Database, known: readonly Migration[]): void {
  for (const migration of known.slice(schemaVersion(database))) {
    database.transaction(() => {
      database.exec(migration.sql);
      database.pragma(`user_version = ${migration.version}`);
    })();
  }
}

function schemaVersion(database: Database): number {
  return Number(database.pragma('user_version', { simple: true }));
}

function asDeskError(error: unknown, path: string): unknown {
  if (error instanceof DeskError || !(error instanceof Sqlite.SqliteError)) return error;
  if (error.code === 'SQLITE_NOTADB' || error.code.startsWith('SQLITE_CORRUPT'))
    return new DeskError(
      {
        code: 'database-damaged',
        message: `The site's database at ${path} is damaged and cannot be read.`,
        remedy: 'Put back a copy of the data folder, or choose another data folder.',
      },
      { cause: error },
    );
  if (error.code === 'SQLITE_FULL')
    return new DeskError(
      {
        code: 'no-space',
        message: `There is no space left for the site's database at ${path}.`,
        remedy: 'Free space on that disk and start again.',
      },
      { cause: error },
    );
  return error;
}
