import { z } from 'zod';
import { Run, RunLogLine, RunState, StepState } from '../../shared/contract/index.ts';
import type { RunId } from '../../shared/contract/index.ts';
import type { Database } from '../platform/ports.ts';
import type { RunJournal, StoredRun, StoredStepState } from './journal.ts';
import { maxLogLines } from './run-log.ts';
import { isFinished } from './transitions.ts';

/** Finished runs of a node beyond these are forgotten, the oldest first. */
const keptRunsPerNode = 20;

const RunRow = z.object({
  id: z.string(),
  kind: Run.shape.kind,
  nodeId: z.string(),
  input: z.string(),
  startedUtcMs: z.number(),
  state: z.string(),
});
const StepRow = z.object({ stepId: z.string(), title: z.string(), state: z.string(), isTouched: z.int() });

const selectRun = 'SELECT id, kind, node_id AS nodeId, input, started_utc_ms AS startedUtcMs, state FROM run';

/** The journal in the site's database; with `synchronous = FULL` a stored transition survives a power cut. */
export function createSqliteJournal(database: Database): RunJournal {
  return new SqliteJournal(database);
}

class SqliteJournal implements RunJournal {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  create({ run, input }: StoredRun): void {
    const insertRun = this.#database.prepare(
      'INSERT INTO run (id, kind, node_id, input, started_utc_ms, state, is_finished) VALUES (?, ?, ?, ?, ?, ?, 0)',
    );
    const insertStep = this.#database.prepare(
      'INSERT INTO run_step (run_id, position, step_id, title, state, is_touched) VALUES (?, ?, ?, ?, ?, 0)',
    );
    const forgetOldest = this.#database.prepare(
      `DELETE FROM run WHERE node_id = ? AND is_finished = 1 AND id NOT IN
        (SELECT id FROM run WHERE node_id = ? ORDER BY started_utc_ms DESC, rowid DESC LIMIT ?)`,
    );
    this.#database.transaction(() => {
      insertRun.run(
        run.id,
        run.kind,
        run.nodeId,
        JSON.stringify(input),
        run.startedUtcMs,
        JSON.stringify(run.state),
      );
      for (const [position, step] of run.steps.entries())
        insertStep.run(run.id, position, step.id, step.title, JSON.stringify(step.state));
      forgetOldest.run(run.nodeId, run.nodeId, keptRunsPerNode);
    })();
  }

  setRunState(runId: RunId, state: RunState): void {
    this.#database
      .prepare('UPDATE run SET state = ?, is_finished = ? WHERE id = ?')
      .run(JSON.stringify(state), isFinished(state) ? 1 : 0, runId);
  }

  setStepState(runId: RunId, position: number, { state, isTouched }: StoredStepState): void {
    this.#database
      .prepare('UPDATE run_step SET state = ?, is_touched = ? WHERE run_id = ? AND position = ?')
      .run(JSON.stringify(state), isTouched ? 1 : 0, runId, position);
  }

  appendLog(runId: RunId, line: RunLogLine): void {
    this.#database.transaction(() => {
      const { lastInsertRowid } = this.#database
        .prepare('INSERT INTO run_log (run_id, at_utc_ms, step, level, text) VALUES (?, ?, ?, ?, ?)')
        .run(runId, line.atUtcMs, line.step, line.level, line.text);
      this.#database
        .prepare(
          `DELETE FROM run_log WHERE run_id = ? AND sequence <=
            (SELECT sequence FROM run_log WHERE run_id = ? AND sequence <= ? ORDER BY sequence DESC LIMIT 1 OFFSET ?)`,
        )
        .run(runId, runId, lastInsertRowid, maxLogLines);
    })();
  }

  find(runId: RunId): StoredRun | undefined {
    const row = this.#database.prepare(`${selectRun} WHERE id = ?`).get(runId);
    return row === undefined ? undefined : this.#assemble(row);
  }

  current(): readonly StoredRun[] {
    return this.#database
      .prepare(
        `${selectRun} WHERE is_finished = 0 OR rowid IN
          (SELECT rowid FROM (SELECT rowid, row_number() OVER
            (PARTITION BY node_id ORDER BY started_utc_ms DESC, rowid DESC) AS age FROM run) WHERE age = 1)
          ORDER BY started_utc_ms, rowid`,
      )
      .all()
      .map((row) => this.#assemble(row));
  }

  #assemble(row: unknown): StoredRun {
    const { id, kind, nodeId, input, startedUtcMs, state } = RunRow.parse(row);
    const stepRows = this.#database
      .prepare(
        'SELECT step_id AS stepId, title, state, is_touched AS isTouched FROM run_step WHERE run_id = ? ORDER BY position',
      )
      .all(id)
      .map((step) => StepRow.parse(step));
    const steps = stepRows.map((step) => ({
      id: step.stepId,
      title: step.title,
      state: StepState.parse(JSON.parse(step.state)),
    }));
    const log = this.#database
      .prepare(
        'SELECT at_utc_ms AS atUtcMs, step, level, text FROM run_log WHERE run_id = ? ORDER BY sequence',
      )
      .all(id)
      .map((line) => RunLogLine.parse(line));
    return {
      run: { id, kind, nodeId, startedUtcMs, state: RunState.parse(JSON.parse(state)), steps, log },
      input: JSON.parse(input),
      touched: stepRows.flatMap((step, position) => (step.isTouched === 1 ? [position] : [])),
    };
  }
}
