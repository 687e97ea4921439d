import type { Run, RunState, StepState } from '../../shared/contract/index.ts';

/** Nothing happens to a finished run any more. */
export function isFinished(state: RunState): boolean {
  return state.kind === 'succeeded' || state.kind === 'failed' || state.kind === 'cancelled';
}

/**
 * Whether the run may have changed something in a step, after the step got this state. What was found done is not ours to
 * undo; a step that failed in its probe is as it was.
 */
export function isTouchedBy(state: StepState, wasTouched: boolean): boolean {
  if (state.kind === 'running' || state.kind === 'done') return true;
  return wasTouched && (state.kind === 'failed' || state.kind === 'undoing');
}

/** A step whose probe found it done: skipped, unless this run did it before it was interrupted. */
export function foundDone(before: StepState, wasTouched: boolean, nowUtcMs: number): StepState {
  if (!wasTouched) return { kind: 'skipped', finishedUtcMs: nowUtcMs };
  if (before.kind === 'done') return before;
  const startedUtcMs = 'startedUtcMs' in before ? before.startedUtcMs : nowUtcMs;
  return { kind: 'done', startedUtcMs, finishedUtcMs: nowUtcMs };
}

export function withRunState(run: Run, state: RunState): Run {
  return { ...run, state };
}

export function withStepState(run: Run, position: number, state: StepState): Run {
  return { ...run, steps: run.steps.map((step, index) => (index === position ? { ...step, state } : step)) };
}
