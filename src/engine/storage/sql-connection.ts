import type { Database, Statement } from 'better-sqlite3';

export type SqlValue = string | number | null;

/** `sql` is a constant of the program: statements are prepared once and kept. */
export interface SqlStatement {
  readonly sql: string;
  /** By name, without the colon. */
  readonly parameters?: Readonly<Record<string, SqlValue>>;
}

/** The rows of each statement; none for one that yields none. */
export type SqlRows = readonly (readonly unknown[])[];

/**
 * `soon`: may wait a moment for others, to be one transaction with them. `durable`: once answered it survives a power cut, and
 * with it everything before; the others survive the end of the process, and after a power cut the newest may be missing.
 */
export type SqlUrgency = 'at-once' | 'soon' | 'durable';

/** How a connection fares. */
export interface SqlMeter {
  /** Requests that are not answered yet. */
  readonly waiting: number;
  /** Since it was opened: for too much waited, or the disk did not answer. */
  readonly refused: number;
  readonly isAnswering: boolean;
  /** It was closed while the disk did not answer: its thread is left behind and keeps an orderly end of the process waiting. */
  readonly isLeftBehind: boolean;
}

/** One database, here or on another thread. */
export interface SqlConnection {
  /**
   * Statements that take effect together or not at all, after those of earlier calls.
   * @throws SQLite's error, or one with a code of SQLite's
   */
  execute(statements: readonly SqlStatement[], urgency?: SqlUrgency): Promise<SqlRows>;
  meter(): SqlMeter;
  /** Calls from now on are rejected with SQLITE_MISUSE. */
  close(): Promise<void>;
}

/** Runs statements that the program gives as constants. */
export class StatementRunner {
  readonly #database: Database;
  readonly #prepared = new Map<string, Statement>();
  #hasWritten = false;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws SQLite's error; statements before the failed one have taken effect unless a transaction is rolled back */
  run(statements: readonly SqlStatement[]): SqlRows {
    return statements.map(({ sql, parameters = {} }) => {
      const statement = this.#prepare(sql);
      this.#hasWritten ||= !statement.readonly;
      if (statement.reader) return statement.all(parameters);
      statement.run(parameters);
      return [];
    });
  }

  /** Whether a statement was run since the last call that changes the database. */
  takeHasWritten(): boolean {
    const hasWritten = this.#hasWritten;
    this.#hasWritten = false;
    return hasWritten;
  }

  #prepare(sql: string): Statement {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }
}

/** Outside of transactions. Whether the next ones are synced to the disk as they are committed. */
export function setDurability(database: Database, isDurable: boolean): void {
  database.pragma(`synchronous = ${isDurable ? 'FULL' : 'NORMAL'}`);
}

/** The database on the calling thread: for tools and tests. */
export class LocalSqlConnection implements SqlConnection {
  readonly #database: Database;
  readonly #runner: StatementRunner;
  #isDurable = false;

  constructor(database: Database) {
    this.#database = database;
    this.#runner = new StatementRunner(database);
  }

  async execute(statements: readonly SqlStatement[], urgency: SqlUrgency = 'at-once'): Promise<SqlRows> {
    if (!this.#database.open) throw new ClosedDatabaseError();
    const isDurable = urgency === 'durable';
    if (isDurable !== this.#isDurable) setDurability(this.#database, isDurable);
    this.#isDurable = isDurable;
    if (statements.length === 1) return this.#runner.run(statements);
    return this.#database.transaction(() => this.#runner.run(statements))();
  }

  meter(): SqlMeter {
    return { waiting: 0, refused: 0, isAnswering: true, isLeftBehind: false };
  }

  async close(): Promise<void> {
    this.#database.close();
  }
}

/** Something was asked of a database after it was closed, or was under way when it was. */
export class ClosedDatabaseError extends Error {
  readonly code = 'SQLITE_MISUSE';

  constructor() {
    super('The index is closed.');
    this.name = 'ClosedDatabaseError';
  }
}
