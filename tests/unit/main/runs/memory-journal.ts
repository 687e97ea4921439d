import type { Run, RunLogLine, RunState } from '../../../../src/shared/contract/index.ts';
import { appendLine } from '../../../../src/main/runs/run-log.ts';
import type { RunJournal, StoredRun, StoredStepState } from '../../../../src/main/runs/journal.ts';

/** Keeps what a database would keep, and the order in which it was written. */
export class MemoryJournal implements RunJournal {
  readonly writes: string[] = [];
  readonly #runs = new Map<string, StoredRun>();

  create(stored: StoredRun): void {
    this.writes.push('create');
    this.#runs.set(stored.run.id, stored);
  }

  setRunState(runId: string, state: RunState): void {
    this.writes.push(`run ${state.kind}`);
    this.#change(runId, (stored) => ({ ...stored, run: { ...stored.run, state } }));
  }

  setStepState(runId: string, position: number, { state, isTouched }: StoredStepState): void {
    this.#change(runId, (stored) => {
      const steps = stored.run.steps.map((step, index) => (index === position ? { ...step, state } : step));
      this.writes.push(`${stored.run.steps[position]?.id} ${state.kind}`);
      const others = stored.touched.filter((other) => other !== position);
      return {
        ...stored,
        run: { ...stored.run, steps },
        touched: isTouched ? [...others, position] : others,
      };
    });
  }

  appendLog(runId: string, line: RunLogLine): void {
    this.#change(runId, (stored) => ({
      ...stored,
      run: { ...stored.run, log: appendLine(stored.run.log, line) },
    }));
  }

  find(runId: string): StoredRun | undefined {
    return this.#runs.get(runId);
  }

  current(): readonly StoredRun[] {
    return [...this.#runs.values()];
  }

  put(run: Run, touched: readonly number[]): void {
    this.#runs.set(run.id, { run, input: {}, touched });
  }

  #change(runId: string, change: (stored: StoredRun) => StoredRun): void {
    const stored = this.#runs.get(runId);
    if (stored === undefined) throw new Error(`no run ${runId}`);
    this.#runs.set(runId, change(stored));
  }
}
