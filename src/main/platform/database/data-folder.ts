import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { z } from 'zod';
import { DeskError, fail } from '../../failure.ts';

const Holder = z.object({ pid: z.int().positive() });

/** What lies where in a data folder. */
export interface DataFolder extends Disposable {
  readonly path: string;
  readonly databasePath: string;
  readonly logPath: string;
}

/**
 * Makes the folder if need be (readable by its owner only) and holds it until disposed: one desk a folder. The hold is an
 * operating-system lock on a file, which ends with the process however it ends; the process id beside it is for the
 * message only. Throws `data-folder-in-use`.
 */
export function openDataFolder(path: string): DataFolder {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
  } catch (error) {
    throw new DeskError(
      {
        code: 'invalid-input',
        message: `The data folder ${path} cannot be made or is not ours.`,
        remedy: 'Choose a folder you may write to, with --data DIR.',
      },
      { cause: error },
    );
  }
  const lock = takeLock(path);
  const holderPath = join(path, 'desk.json');
  writeFileSync(holderPath, JSON.stringify({ pid: process.pid }), { mode: 0o600 });
  return {
    path,
    databasePath: join(path, 'site.sqlite'),
    logPath: join(path, 'logs', 'desk.log'),
    [Symbol.dispose]: () => {
      rmSync(holderPath, { force: true });
      lock.close();
    },
  };
}

/** SQLite's lock is the one advisory lock on every operating system that needs no native code of its own. */
function takeLock(path: string): Sqlite.Database {
  const lock = new Sqlite(join(path, 'desk.lock'), { timeout: 0 });
  try {
    lock.pragma('journal_mode = DELETE');
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE; COMMIT');
    return lock;
  } catch (error) {
    lock.close();
    if (!(error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY'))) throw error;
    const pid = readHolder(path);
    throw fail(
      'data-folder-in-use',
      `Another Belvedere${pid === undefined ? '' : ` (process ${pid})`} has the data folder ${path} open.`,
      'Go to its window, or close it and start again; --data DIR opens another site.',
    );
  }
}

function readHolder(path: string): number | undefined {
  try {
    return Holder.parse(JSON.parse(readFileSync(join(path, 'desk.json'), 'utf8'))).pid;
  } catch {
    return undefined;
  }
}
