/**
 * The thread that the index's database lives on, so that a slow or hanging system disk delays nothing but the index. Loads as
 * little as possible: it costs memory in every engine.
 */
import type { Database } from 'better-sqlite3';
import { parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from './database.ts';
import type {
  IndexWorkerAnswer,
  IndexWorkerData,
  IndexWorkerError,
  IndexWorkerRequest,
  IndexWorkerResult,
} from './index-worker-messages.ts';
import { setDurability, StatementRunner, type SqlStatement } from './sql-connection.ts';

if (parentPort === null) throw new Error('The index-worker is started by the engine.');
const port = parentPort;
const { path }: IndexWorkerData = workerData;

function answer(message: IndexWorkerAnswer): void {
  port.postMessage(message);
}

function describe(error: unknown): IndexWorkerError {
  if (!(error instanceof Error)) return { name: 'Error', code: '', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { name: error.name, code, message: error.message };
}

/** One transaction around all; a request that fails undoes itself alone, unless SQLite has undone everything. */
class BatchRunner {
  readonly #database: Database;
  readonly #runner: StatementRunner;
  #isDurable = false;

  constructor(database: Database) {
    this.#database = database;
    this.#runner = new StatementRunner(database);
  }

  run(requests: readonly (readonly SqlStatement[])[], isDurable: boolean): IndexWorkerAnswer {
    try {
      if (isDurable !== this.#isDurable) setDurability(this.#database, isDurable);
      this.#isDurable = isDurable;
      this.#runner.takeHasWritten();
      this.#database.exec('BEGIN');
      const results = requests.map((statements) => this.#runOne(statements));
      this.#database.exec('COMMIT');
      return { kind: 'batch', results, hasWritten: this.#runner.takeHasWritten() };
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      const failed: IndexWorkerResult = { kind: 'failed', error: describe(error) };
      return { kind: 'batch', results: requests.map(() => failed), hasWritten: false };
    }
  }

  #runOne(statements: readonly SqlStatement[]): IndexWorkerResult {
    const isCompound = statements.length > 1;
    if (isCompound) this.#database.exec('SAVEPOINT request');
    try {
      return { kind: 'done', rows: this.#runner.run(statements) };
    } catch (error) {
      // A full or broken disk makes SQLite roll back the whole transaction: then nothing of the batch has happened.
      if (!this.#database.inTransaction) throw error;
      if (isCompound) this.#database.exec('ROLLBACK TO request');
      return { kind: 'failed', error: describe(error) };
    } finally {
      if (isCompound && this.#database.inTransaction) this.#database.exec('RELEASE request');
    }
  }
}

/** The database, opened as soon as its disk lets it be: until then every request is answered with the reason. */
class LateDatabase {
  #database: Database | undefined;
  #batches: BatchRunner | undefined;
  #wasThere = false;

  /** @throws SQLite's error, NewerDatabaseError */
  open(): BatchRunner {
    // One that has been there and is gone must not be taken for one without footage.
    this.#database ??= openDatabase(path, { mustExist: this.#wasThere });
    this.#wasThere = true;
    this.#batches ??= new BatchRunner(this.#database);
    return this.#batches;
  }

  run(requests: readonly (readonly SqlStatement[])[], isDurable: boolean): IndexWorkerAnswer {
    try {
      const outcome = this.open().run(requests, isDurable);
      if (isReadOnly(outcome)) this.#reopenNext();
      return outcome;
    } catch (error) {
      const failed: IndexWorkerResult = { kind: 'failed', error: describe(error) };
      return { kind: 'batch', results: requests.map(() => failed), hasWritten: false };
    }
  }

  close(): void {
    this.#database?.close();
  }

  #reopenNext(): void {
    this.close();
    this.#database = undefined;
    this.#batches = undefined;
  }
}

/** A file that could only be opened for reading stays that for as long as it is open, whatever becomes of its disk. */
function isReadOnly(outcome: IndexWorkerAnswer): boolean {
  const results = outcome.kind === 'batch' ? outcome.results : [];
  return results.some((result) => result.kind === 'failed' && readOnlyCodes.has(result.error.code));
}

const readOnlyCodes: ReadonlySet<string> = new Set(['SQLITE_READONLY', 'SQLITE_READONLY_DIRECTORY']);

const database = new LateDatabase();
port.on('message', (request: IndexWorkerRequest) => {
  switch (request.kind) {
    case 'batch':
      answer(database.run(request.requests, request.isDurable));
      return;
    case 'close':
      database.close();
      answer({ kind: 'closed' });
      port.close();
  }
});
try {
  database.open();
  answer({ kind: 'opened' });
} catch (error) {
  answer({ kind: 'refused', error: describe(error) });
}
