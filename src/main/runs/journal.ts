import type { Run, RunId, RunLogLine, RunState, StepState } from '../../shared/contract/index.ts';

/** A run as it is stored: what the page sees, and what it was asked to do. */
export interface StoredRun {
  readonly run: Run;
  /** JSON value; parsed by the run's definition. */
  readonly input: unknown;
  /** Positions of the steps in which this run may have changed something. */
  readonly touched: readonly number[];
}

export interface StoredStepState {
  readonly state: StepState;
  readonly isTouched: boolean;
}

/** Where every transition is stored before it is acted on. Each call is durable when it returns. */
export interface RunJournal {
  create(stored: StoredRun): void;
  setRunState(runId: RunId, state: RunState): void;
  setStepState(runId: RunId, position: number, stored: StoredStepState): void;
  /** Keeps the newest 500 lines of a run. */
  appendLog(runId: RunId, line: RunLogLine): void;
  find(runId: RunId): StoredRun | undefined;
  /** Every unfinished run, and the newest one of each node. */
  current(): readonly StoredRun[];
}
