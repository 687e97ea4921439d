import { create } from 'zustand';
import { contract } from '../../../shared/contract/index.ts';
import type { Failure, Run, RunId } from '../../../shared/contract/index.ts';
import type { Answer, Desk, Unfollow } from '../../api/index.ts';

export interface RunsState {
  readonly failure?: Failure;
  readonly runs: ReadonlyMap<RunId, Run>;
}

export const useRuns = create<RunsState>(() => ({ runs: new Map() }));

export function applyRuns(state: RunsState, changed: readonly Run[]): RunsState {
  const runs = new Map(state.runs);
  for (const run of changed) runs.set(run.id, run);
  return { runs };
}

export function followRuns(desk: Desk): Unfollow {
  return desk.follow(contract.runs.watch, {
    onEvent: ({ runs }) => {
      useRuns.setState((state) => applyRuns(state, runs), true);
    },
    onFailure: (failure) => {
      useRuns.setState({ failure });
    },
  });
}

/** The run that a node's page shows: its newest. */
export function newestRun(runs: ReadonlyMap<RunId, Run>, nodeId: string): Run | undefined {
  let newest: Run | undefined;
  for (const run of runs.values()) {
    if (run.nodeId === nodeId && (newest === undefined || run.startedUtcMs > newest.startedUtcMs))
      newest = run;
  }
  return newest;
}

export async function cancelRun(desk: Desk, runId: RunId): Promise<Answer<undefined>> {
  return desk.ask(contract.runs.cancel, { runId });
}

export async function resumeRun(desk: Desk, runId: RunId): Promise<Answer<undefined>> {
  return desk.ask(contract.runs.resume, { runId });
}
