import { Worker } from 'node:worker_threads';
import type { Clock } from '../../shared/domain/clock.ts';
import { isDamage, isIndexTrouble } from './failure.ts';
import type { IndexHealth } from './index-health.ts';
import type {
  IndexWorkerAnswer,
  IndexWorkerData,
  IndexWorkerError,
  IndexWorkerRequest,
  IndexWorkerResult,
} from './index-worker-messages.ts';
import { migrations } from './migrations/index.ts';
import { NewerDatabaseError } from './newer-database-error.ts';
import {
  ClosedDatabaseError,
  type SqlConnection,
  type SqlMeter,
  type SqlRows,
  type SqlStatement,
  type SqlUrgency,
} from './sql-connection.ts';

export interface WorkerConnectionLimits {
  /** Requests waiting for the thread; more are refused. */
  readonly maximumWaiting: number;
  /** Requests in one transaction: their answers are in memory together. */
  readonly maximumBatch: number;
  /** After so long without an answer, what waits is refused until there is one. */
  readonly patienceMs: number;
  /** Opening waits for the thread for so long; then it counts as silent. */
  readonly openPatienceMs: number;
  /** Closing waits for the thread for so long. */
  readonly closePatienceMs: number;
  /** How long requests that are in no hurry may be gathered, so that they are one transaction. */
  readonly gatherMs: number;
  /** How often something is written while the database is in trouble, so that its end is noticed. */
  readonly probeMs: number;
}

export const defaultWorkerConnectionLimits: WorkerConnectionLimits = {
  maximumWaiting: 10_000,
  maximumBatch: 32,
  patienceMs: 10_000,
  openPatienceMs: 10_000,
  closePatienceMs: 1_000,
  gatherMs: 200,
  probeMs: 5_000,
};

export interface WorkerConnectionOptions {
  /** The database file. */
  readonly path: string;
  readonly clock: Clock;
  /** Hears of everything that is answered, and of silence. */
  readonly health?: IndexHealth;
  readonly limits?: Partial<WorkerConnectionLimits>;
  /** A file that contradicts itself, or is no database, is one that cannot be opened at the moment. */
  readonly toleratesDamage?: boolean;
}

/**
 * The thread costs 11 MB, nearly all of it Node's own. What it may grow to is for many long answers at once; the database's
 * memory is outside of its heap.
 */
const threadLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 } as const;
/** In a bundle the thread's module lies beside that of the engine. */
const threadModule = new URL(
  import.meta.url.endsWith('.ts') ? './index-worker.ts' : './index-worker.mjs',
  import.meta.url,
);

/**
 * Opens a database on a thread of its own and brings its schema up to date. A disk that does not let it, or does not answer, is
 * asked again and again: until then requests are refused with the reason.
 * @throws SQLite's error where the file is none of a database, NewerDatabaseError
 */
export async function openWorkerConnection(options: WorkerConnectionOptions): Promise<SqlConnection> {
  const connection = new WorkerSqlConnection(options);
  await connection.opened;
  return connection;
}

/** An error that SQLite, or the thread it is on, gave. */
export class IndexDatabaseError extends Error {
  readonly code: string;

  constructor({ name, code, message }: IndexWorkerError) {
    super(message);
    this.name = name;
    this.code = code;
  }
}

type State =
  | { readonly kind: 'open' }
  /** The thread has not answered for too long. */
  | { readonly kind: 'silent'; readonly refusal: Error }
  /** What waits is still sent. */
  | { readonly kind: 'closing'; readonly refusal: Error }
  | { readonly kind: 'closed'; readonly refusal: Error };

interface Waiting {
  readonly statements: readonly SqlStatement[];
  readonly isDurable: boolean;
  readonly resolve: (rows: SqlRows) => void;
  readonly reject: (error: Error) => void;
}

class WorkerSqlConnection implements SqlConnection {
  readonly opened: Promise<void>;
  readonly #clock: Clock;
  readonly #limits: WorkerConnectionLimits;
  readonly #health: IndexHealth | undefined;
  readonly #toleratesDamage: boolean;
  readonly #worker: Worker;
  readonly #opening = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #hasBegun = false;
  #isLeftBehind = false;
  #refused = 0;
  #state: State = { kind: 'open' };
  #waiting: Waiting[] = [];
  /** What the thread works on. */
  #batch: readonly Waiting[] | undefined;
  #gathering: Disposable | undefined;
  #patience: Disposable | undefined;
  #probing: Disposable | undefined;

  constructor({ path, clock, health, limits, toleratesDamage = false }: WorkerConnectionOptions) {
    this.#clock = clock;
    this.#health = health;
    this.#toleratesDamage = toleratesDamage;
    this.#limits = { ...defaultWorkerConnectionLimits, ...limits };
    this.opened = this.#opening.promise;
    const workerData: IndexWorkerData = { path };
    this.#worker = new Worker(threadModule, {
      workerData,
      name: 'index',
      env: {},
      execArgv: [],
      resourceLimits: threadLimits,
    });
    this.#worker.on('message', (answer: IndexWorkerAnswer) => this.#onAnswer(answer));
    this.#worker.on('error', (error) => this.#onDeath(error));
    this.#worker.on('exit', () => this.#ended.resolve());
    const { openPatienceMs } = this.#limits;
    this.#patience = clock.after(openPatienceMs, () => {
      this.#onSilence(openPatienceMs);
      this.#begin();
    });
  }

  execute(statements: readonly SqlStatement[], urgency: SqlUrgency = 'at-once'): Promise<SqlRows> {
    if (this.#state.kind !== 'open') return this.#refuse(this.#state.refusal);
    const { maximumWaiting, gatherMs } = this.#limits;
    if (this.#waiting.length >= maximumWaiting) return this.#refuse(tooMuchWaits());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ statements, isDurable: urgency === 'durable', resolve, reject });
      if (urgency !== 'soon') this.#send();
      else if (this.#batch === undefined) this.#gathering ??= this.#clock.after(gatherMs, () => this.#send());
    });
  }

  meter(): SqlMeter {
    return {
      waiting: this.#waiting.length + (this.#batch?.length ?? 0),
      refused: this.#refused,
      isAnswering: this.#state.kind === 'open',
      isLeftBehind: this.#isLeftBehind,
    };
  }

  async close(): Promise<void> {
    if (this.#state.kind === 'open' || this.#state.kind === 'silent') {
      this.#state = { kind: 'closing', refusal: new ClosedDatabaseError() };
      this.#send();
    }
    const { promise: patienceEnds, resolve } = Promise.withResolvers<'silent'>();
    const patience = this.#clock.after(this.#limits.closePatienceMs, () => resolve('silent'));
    const outcome = await Promise.race([this.#ended.promise, patienceEnds]);
    patience[Symbol.dispose]();
    this.#isLeftBehind = outcome === 'silent';
    this.#failAll(new ClosedDatabaseError());
    // A thread that hangs in the system is left behind; it must not keep the process.
    this.#worker.unref();
  }

  /** Everything that waits becomes the next transaction, once the thread has answered the one before. */
  #send(): void {
    if (this.#batch !== undefined) return;
    this.#gathering?.[Symbol.dispose]();
    this.#gathering = undefined;
    if (this.#waiting.length === 0) {
      if (this.#state.kind === 'closing') this.#post({ kind: 'close' });
      return;
    }
    const batch = this.#waiting.splice(0, this.#limits.maximumBatch);
    this.#batch = batch;
    const { patienceMs } = this.#limits;
    this.#patience = this.#clock.after(patienceMs, () => this.#onSilence(patienceMs));
    this.#post({
      kind: 'batch',
      requests: batch.map(({ statements }) => statements),
      isDurable: batch.some(({ isDurable }) => isDurable),
    });
  }

  #onAnswer(answer: IndexWorkerAnswer): void {
    switch (answer.kind) {
      case 'opened':
        this.#onOpened();
        return;
      case 'refused':
        this.#onRefused(answer.error);
        return;
      case 'batch':
        this.#settle(answer.results);
        this.#tellHealth(answer);
        return;
      case 'closed':
        this.#ended.resolve();
    }
  }

  /** From here on requests are taken. */
  #begin(): void {
    this.#hasBegun = true;
    this.#opening.resolve();
  }

  #onOpened(): void {
    this.#endSilence();
    this.#begin();
    this.#probeWhileUnwell();
  }

  #onRefused(error: IndexWorkerError): void {
    this.#endSilence();
    // A disk that is full or fails may let it be opened later.
    const isTolerated = this.#hasBegun || this.#toleratesDamage;
    if (isIndexTrouble(error.code) || (isTolerated && isDamage(error.code))) {
      this.#health?.answered({ codes: [error.code], hasWritten: false });
      this.#onOpened();
      return;
    }
    const failure =
      error.name === 'NewerDatabaseError'
        ? new NewerDatabaseError(error.message)
        : new IndexDatabaseError(error);
    if (this.#hasBegun) throw failure;
    this.#opening.reject(failure);
    this.#post({ kind: 'close' });
  }

  #endSilence(): void {
    this.#patience?.[Symbol.dispose]();
    if (this.#state.kind === 'silent') this.#state = { kind: 'open' };
  }

  #settle(results: readonly IndexWorkerResult[]): void {
    const batch = this.#batch ?? [];
    this.#batch = undefined;
    this.#endSilence();
    for (const [position, { resolve, reject }] of batch.entries()) {
      const result = results[position];
      if (result?.kind === 'done') resolve(result.rows);
      else reject(new IndexDatabaseError(result?.error ?? missingResult));
    }
    this.#send();
  }

  #tellHealth({ results, hasWritten }: Extract<IndexWorkerAnswer, { kind: 'batch' }>): void {
    if (this.#health === undefined) return;
    const codes = results.flatMap((result) => (result.kind === 'failed' ? [result.error.code] : []));
    this.#health.answered({ codes, hasWritten });
    this.#probeWhileUnwell();
  }

  #probeWhileUnwell(): void {
    const isUnwell = this.#health !== undefined && this.#health.state.kind !== 'ok';
    if (!isUnwell || this.#state.kind !== 'open') return;
    this.#probing ??= this.#clock.after(this.#limits.probeMs, () => {
      this.#probing = undefined;
      // Whatever comes of it, its answer is told as any other.
      this.execute([probe]).catch(() => undefined);
    });
  }

  /** What has not been sent has not happened and never will; of what was sent nobody knows yet. */
  #onSilence(patienceMs: number): void {
    if (this.#state.kind !== 'open') return;
    const refusal = silentFor(patienceMs);
    this.#state = { kind: 'silent', refusal };
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#refused += waiting.length;
    this.#health?.silent(patienceMs);
    for (const { reject } of waiting) reject(refusal);
  }

  #refuse(refusal: Error): Promise<never> {
    this.#refused += 1;
    return Promise.reject(refusal);
  }

  /** A mistake of ours, or no memory: the engine cannot go on without its index, and its supervisor starts it again. */
  #onDeath(cause: unknown): void {
    const failure = new Error('The thread of the index died.', { cause });
    this.#opening.reject(failure);
    this.#ended.resolve();
    this.#failAll(failure);
    if (this.#hasBegun) throw failure;
  }

  #failAll(refusal: Error): void {
    this.#gathering?.[Symbol.dispose]();
    this.#patience?.[Symbol.dispose]();
    this.#probing?.[Symbol.dispose]();
    this.#state = { kind: 'closed', refusal };
    const lost = [...(this.#batch ?? []), ...this.#waiting];
    this.#batch = undefined;
    this.#waiting = [];
    for (const { reject } of lost) reject(refusal);
  }

  #post(request: IndexWorkerRequest): void {
    this.#worker.postMessage(request);
  }
}

/** Changes nothing, and is written all the same. */
const probe: SqlStatement = { sql: `PRAGMA user_version = ${migrations.length}` };

const missingResult = {
  name: 'IndexDatabaseError',
  code: 'SQLITE_INTERNAL',
  message: 'The index gave no answer.',
} as const;

function tooMuchWaits(): IndexDatabaseError {
  const message = 'Too much waits for the index. Check the disk it is on.';
  return new IndexDatabaseError({ name: 'IndexDatabaseError', code: 'SQLITE_BUSY', message });
}

function silentFor(patienceMs: number): IndexDatabaseError {
  const message = `The index has not answered for ${patienceMs / 1000} s. Check the disk it is on.`;
  return new IndexDatabaseError({ name: 'IndexDatabaseError', code: 'SQLITE_BUSY', message });
}
