import type {
  SqlConnection,
  SqlMeter,
  SqlRows,
  SqlStatement,
  SqlUrgency,
} from '../../src/engine/storage/sql-connection.ts';
import { LocalSqlConnection } from '../../src/engine/storage/sql-connection.ts';
import { openDatabase } from '../../src/engine/storage/database.ts';

type Request = readonly SqlStatement[];

/**
 * A database that loses power. SQLite's promise for a write-ahead log that is synced at checkpoints only (`synchronous =
 * NORMAL`): after a cut the newest transactions may be missing, none is there without all before it, and none in part; what a
 * synced transaction (`FULL`) and a checkpoint cover stays. So what is left is the first so many of them, made again here.
 */
export class PowerCutDatabase implements SqlConnection {
  readonly #isOff: () => boolean;
  readonly #connection = new LocalSqlConnection(openDatabase(':memory:'));
  readonly #committed: Request[] = [];
  #durableCount = 0;

  constructor(isOff: () => boolean) {
    this.#isOff = isOff;
  }

  /** What a cut leaves of it, and the choice is the seed's. */
  async afterCut(random: () => number, isOff: () => boolean): Promise<PowerCutDatabase> {
    const lost = Math.floor(random() * (this.#committed.length - this.#durableCount + 1));
    const survivor = new PowerCutDatabase(isOff);
    for (const request of this.#committed.slice(0, this.#committed.length - lost)) {
      await survivor.#connection.execute(request);
      survivor.#committed.push(request);
    }
    survivor.#durableCount = survivor.#committed.length;
    return survivor;
  }

  async execute(statements: Request, urgency: SqlUrgency = 'at-once'): Promise<SqlRows> {
    await this.#turn();
    const rows = await this.#connection.execute(statements);
    if (statements.some(({ sql }) => !/^\s*(?:SELECT|WITH)/i.test(sql))) this.#committed.push(statements);
    if (urgency === 'durable') this.#durableCount = this.#committed.length;
    await this.#turn();
    return rows;
  }

  meter(): SqlMeter {
    return this.#connection.meter();
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #turn(): Promise<void> {
    await Promise.resolve();
    if (this.#isOff()) await new Promise(() => undefined);
  }
}
