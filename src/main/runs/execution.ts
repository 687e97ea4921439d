import type { Failure, Run, RunLogLine, RunState, StepState } from '../../shared/contract/index.ts';
import { DeskError, fail } from '../failure.ts';
import type { Clock, Log } from '../platform/ports.ts';
import type { BoundStep, OpenRun, StepIo } from './definition.ts';
import type { RunJournal, StoredRun } from './journal.ts';
import { RunLogWriter, appendLine } from './run-log.ts';
import { foundDone, isTouchedBy, withRunState, withStepState } from './transitions.ts';

export interface ExecutionOptions {
  readonly journal: RunJournal;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after every change of `run`. */
  readonly onChange: () => void;
}

/** How long one step may take to be undone. */
const undoTimeoutMs = 60_000;

/** One run from its start, or from where it was interrupted, to its end. */
export class Execution {
  readonly writer = new RunLogWriter();
  readonly #options: ExecutionOptions;
  readonly #abort = new AbortController();
  readonly #touched: Set<number>;
  #stop: 'no' | 'cancel' | 'desk-stops' = 'no';
  #run: Run;

  constructor(stored: StoredRun, options: ExecutionOptions) {
    this.#run = stored.run;
    this.#touched = new Set(stored.touched);
    this.#options = options;
  }

  get run(): Run {
    return this.#run;
  }

  /** Makes the run undo what it did as soon as the present step has let go. Nothing happens when it is too late. */
  cancel(): void {
    if (this.#stop !== 'no' || this.#run.state.kind !== 'running') return;
    this.#stop = 'cancel';
    this.#setRunState({ kind: 'cancelling' });
    this.#abort.abort(fail('cancelled', 'The run was cancelled.'));
  }

  /** Lets go at once and leaves the run as it is, to be resumed. */
  interrupt(): void {
    this.#stop = 'desk-stops';
    this.#abort.abort(fail('cancelled', 'The desk is stopping.'));
  }

  /** Runs the steps; never rejects. */
  async forward(open: () => OpenRun): Promise<void> {
    await this.#within(open, async (steps) => {
      this.#setRunState({ kind: 'running' });
      for (const [position, step] of steps.entries()) {
        const failure = await this.#forwardStep(position, step);
        if (failure !== undefined) {
          await this.#giveUp(steps, failure);
          return;
        }
      }
      this.#setRunState({ kind: 'succeeded', finishedUtcMs: this.#nowUtcMs() });
    });
  }

  /** Undoes what an interrupted run did; never rejects. */
  async backward(open: () => OpenRun): Promise<void> {
    this.#stop = 'cancel';
    await this.#within(open, async (steps) => {
      this.#setRunState({ kind: 'cancelling' });
      await this.#giveUp(steps, { code: 'cancelled', message: 'The run was cancelled.' });
    });
  }

  async #within(open: () => OpenRun, work: (steps: readonly BoundStep[]) => Promise<void>): Promise<void> {
    try {
      await using opened = open();
      await work(opened.steps);
    } catch (error) {
      // Steps fail by themselves below; what comes here is a bug, or a journal that cannot be written.
      const failure = this.#asFailure(error);
      this.#run = withRunState(this.#run, { kind: 'failed', finishedUtcMs: this.#nowUtcMs(), failure });
      this.#options.onChange();
    }
  }

  async #forwardStep(position: number, step: BoundStep): Promise<Failure | undefined> {
    const before = this.#stepState(position);
    const startedUtcMs = this.#nowUtcMs();
    using deadline = this.#startDeadline(step.timeoutMs, this.#abort.signal);
    const io = this.#ioFor(position, deadline.signal);
    try {
      deadline.signal.throwIfAborted();
      // Shown, not stored: nothing is changed before the probe has spoken.
      this.#showStepState(position, { kind: 'running', startedUtcMs });
      if (await step.probe(io)) {
        const state = foundDone(before, this.#touched.has(position), this.#nowUtcMs());
        this.#setStepState(position, state);
        return undefined;
      }
      deadline.signal.throwIfAborted();
      this.#setStepState(position, { kind: 'running', startedUtcMs });
      await step.act(io);
      await step.verify(io);
      this.#setStepState(position, { kind: 'done', startedUtcMs, finishedUtcMs: this.#nowUtcMs() });
      return undefined;
    } catch (error) {
      const failure = this.#asFailure(deadline.signal.aborted ? deadline.signal.reason : error);
      if (this.#stop === 'desk-stops') {
        this.#showStepState(position, before);
      } else {
        this.#appendLog(position, failure.message, 'error');
        this.#setStepState(position, {
          kind: 'failed',
          startedUtcMs,
          finishedUtcMs: this.#nowUtcMs(),
          failure,
        });
      }
      return failure;
    }
  }

  async #giveUp(steps: readonly BoundStep[], failure: Failure): Promise<void> {
    const backwards = [...this.#touched].sort((left, right) => right - left);
    for (const position of this.#stop === 'desk-stops' ? [] : backwards) {
      const step = steps[position];
      if (step !== undefined) await this.#undoStep(position, step);
    }
    const finishedUtcMs = this.#nowUtcMs();
    switch (this.#stop) {
      case 'desk-stops':
        this.#setRunState({ kind: 'interrupted' });
        return;
      case 'cancel':
        this.#setRunState({ kind: 'cancelled', finishedUtcMs });
        return;
      case 'no':
        this.#setRunState({ kind: 'failed', finishedUtcMs, failure });
    }
  }

  async #undoStep(position: number, step: BoundStep): Promise<void> {
    if (step.undo === undefined) return;
    const before = this.#stepState(position);
    const startedUtcMs = this.#nowUtcMs();
    using deadline = this.#startDeadline(undoTimeoutMs);
    // The step that failed goes on showing why; the others show that they are taken back.
    if (before.kind !== 'failed') this.#setStepState(position, { kind: 'undoing', startedUtcMs });
    try {
      await step.undo(this.#ioFor(position, deadline.signal));
      if (before.kind !== 'failed') {
        this.#setStepState(position, { kind: 'undone', finishedUtcMs: this.#nowUtcMs() });
      }
    } catch (error) {
      const failure = this.#asFailure(deadline.signal.aborted ? deadline.signal.reason : error);
      this.#appendLog(position, `This step could not be undone. ${failure.message}`, 'warning');
      this.#setStepState(position, {
        kind: 'failed',
        startedUtcMs,
        finishedUtcMs: this.#nowUtcMs(),
        failure: before.kind === 'failed' ? before.failure : failure,
      });
    }
  }

  #ioFor(position: number, signal: AbortSignal): StepIo {
    return {
      signal,
      log: (text, level = 'info') => {
        this.#appendLog(position, text, level);
      },
      progress: (fraction) => {
        const state = this.#stepState(position);
        if (state.kind !== 'running') return;
        this.#showStepState(position, { ...state, progress: Math.min(Math.max(fraction, 0), 1) });
      },
    };
  }

  #startDeadline(timeoutMs: number, outer?: AbortSignal): Disposable & { readonly signal: AbortSignal } {
    const late = new AbortController();
    const timer = this.#options.clock.after(timeoutMs, () => {
      const seconds = Math.round(timeoutMs / 1000);
      late.abort(
        fail('timed-out', `The step did not end within ${seconds} s.`, 'Check the node, then try again.'),
      );
    });
    return {
      signal: outer === undefined ? late.signal : AbortSignal.any([outer, late.signal]),
      [Symbol.dispose]: () => {
        timer[Symbol.dispose]();
      },
    };
  }

  #stepState(position: number): StepState {
    return this.#run.steps[position]?.state ?? { kind: 'waiting' };
  }

  #showStepState(position: number, state: StepState): void {
    this.#run = withStepState(this.#run, position, state);
    this.#options.onChange();
  }

  #setStepState(position: number, state: StepState): void {
    const isTouched = isTouchedBy(state, this.#touched.has(position));
    this.#options.journal.setStepState(this.#run.id, position, { state, isTouched });
    if (isTouched) this.#touched.add(position);
    else this.#touched.delete(position);
    this.#showStepState(position, state);
  }

  #setRunState(state: RunState): void {
    this.#options.journal.setRunState(this.#run.id, state);
    this.#run = withRunState(this.#run, state);
    this.#options.onChange();
  }

  #appendLog(step: number, text: string, level: RunLogLine['level']): void {
    const line = this.writer.line({ atUtcMs: this.#nowUtcMs(), step, level }, text);
    this.#options.journal.appendLog(this.#run.id, line);
    this.#run = { ...this.#run, log: appendLine(this.#run.log, line) };
    this.#options.onChange();
  }

  #asFailure(error: unknown): Failure {
    if (error instanceof DeskError) {
      const { code, message, remedy } = error.failure;
      const clean = { code, message: this.writer.clean(message) };
      return remedy === undefined ? clean : { ...clean, remedy: this.writer.clean(remedy) };
    }
    this.#options.log.error({ runId: this.#run.id, err: error }, 'A run met a bug.');
    return {
      code: 'internal',
      message: 'Something went wrong inside Belvedere.',
      remedy: 'Try again; the log has the details.',
    };
  }

  #nowUtcMs(): number {
    return this.#options.clock.utcMs();
  }
}
