import type { Migration } from '../migration.ts';

export const migration0003Runs: Migration = {
  version: 3,
  name: 'runs',
  sql: `
    -- One execution of a guided procedure on a node. A state is written before it is acted on.
    CREATE TABLE run (
      id TEXT NOT NULL UNIQUE,
      kind TEXT NOT NULL,
      node_id TEXT NOT NULL REFERENCES node (id) ON DELETE CASCADE,
      -- JSON, what the run was asked to do; parsed by its definition.
      input TEXT NOT NULL,
      started_utc_ms INTEGER NOT NULL,
      -- JSON, the contract's RunState.
      state TEXT NOT NULL,
      is_finished INTEGER NOT NULL CHECK (is_finished IN (0, 1))
    ) STRICT;
    CREATE INDEX run_by_node ON run (node_id, started_utc_ms);

    CREATE TABLE run_step (
      run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
      position INTEGER NOT NULL CHECK (position >= 0),
      step_id TEXT NOT NULL,
      title TEXT NOT NULL,
      -- JSON, the contract's StepState.
      state TEXT NOT NULL,
      -- The run may have changed something here, and is to undo it when it fails.
      is_touched INTEGER NOT NULL CHECK (is_touched IN (0, 1)),
      PRIMARY KEY (run_id, position)
    ) STRICT, WITHOUT ROWID;

    -- The newest lines of each run.
    CREATE TABLE run_log (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT,
      run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
      at_utc_ms INTEGER NOT NULL,
      step INTEGER NOT NULL CHECK (step >= 0),
      level TEXT NOT NULL CHECK (level IN ('info', 'warning', 'error')),
      text TEXT NOT NULL
    ) STRICT;
    CREATE INDEX run_log_by_run ON run_log (run_id, sequence);
  `,
};
