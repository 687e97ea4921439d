import { randomUUID } from 'node:crypto';
import type { Run, RunId } from '../../shared/contract/index.ts';
import { fail } from '../failure.ts';
import type { Clock, Log } from '../platform/ports.ts';
import type { AnyRunDefinition, OpenRun } from './definition.ts';
import { Execution } from './execution.ts';
import type { RunJournal, StoredRun } from './journal.ts';
import { withRunState } from './transitions.ts';

export interface RunEngineOptions {
  readonly journal: RunJournal;
  readonly clock: Clock;
  readonly log: Log;
  readonly definitions: readonly AnyRunDefinition[];
  /** Called with the run that changed, after each change. */
  readonly onChange: (runId: RunId) => void;
}

export interface RunOrder {
  readonly kind: Run['kind'];
  readonly nodeId: string;
  /** JSON value without secrets. */
  readonly input: unknown;
}

interface ActiveRun {
  readonly execution: Execution;
  readonly ended: Promise<void>;
}

/**
 * Executes runs: one a node at a time, every transition stored before it is acted on. A run that a stopped or killed desk
 * left behind is `interrupted`; it blocks its node until it is resumed, which probes before it acts, or cancelled, which
 * undoes what it did.
 */
export class RunEngine {
  readonly #options: RunEngineOptions;
  readonly #active = new Map<RunId, ActiveRun>();

  constructor(options: RunEngineOptions) {
    this.#options = options;
  }

  /** Marks what was left unfinished; starts nothing by itself. */
  start(): void {
    for (const { run } of this.#options.journal.current()) {
      if (run.state.kind === 'running' || run.state.kind === 'cancelling')
        this.#options.journal.setRunState(run.id, { kind: 'interrupted' });
    }
  }

  /** Interrupts what is running and waits until it has let go. */
  async stop(): Promise<void> {
    const active = [...this.#active.values()];
    for (const { execution } of active) execution.interrupt();
    await Promise.all(active.map(({ ended }) => ended));
  }

  /** The newest run of each node and all unfinished ones, as they are now. */
  current(): readonly Run[] {
    return this.#options.journal.current().map(({ run }) => this.#live(run));
  }

  /** Fails with `not-found`. */
  get(runId: RunId): Run {
    return this.#live(this.#find(runId).run);
  }

  /** Starts a run and returns at once. Fails with `conflict` while an unfinished one is on that node. */
  begin(order: RunOrder): RunId {
    const { kind, nodeId, input } = order;
    this.#refuseSecond(nodeId);
    const definition = this.#definition(kind);
    const run: Run = {
      id: randomUUID(),
      kind,
      nodeId,
      startedUtcMs: this.#options.clock.utcMs(),
      state: { kind: 'running' },
      steps: definition.stepTitles.map((step) => ({ ...step, state: { kind: 'waiting' } })),
      log: [],
    };
    const stored = { run, input, touched: [] };
    this.#options.journal.create(stored);
    this.#execute(stored, 'forward');
    return run.id;
  }

  /** Fails with `not-found`, or with `conflict` unless the run is interrupted. */
  resume(runId: RunId): void {
    const stored = this.#find(runId);
    if (this.#live(stored.run).state.kind !== 'interrupted')
      throw fail('conflict', 'Only a run that was interrupted can be resumed.', 'Start a new one.');
    this.#execute(stored, 'forward');
  }

  /** Ends a run and undoes what it did. Fails with `not-found`; a finished run stays as it is. */
  cancel(runId: RunId): void {
    const active = this.#active.get(runId);
    if (active !== undefined) {
      active.execution.cancel();
      return;
    }
    const stored = this.#find(runId);
    if (stored.run.state.kind === 'interrupted') this.#execute(stored, 'backward');
  }

  /** Resolves when the run is not being executed (any more). */
  async ended(runId: RunId): Promise<void> {
    await this.#active.get(runId)?.ended;
  }

  #execute(stored: StoredRun, direction: 'forward' | 'backward'): void {
    const { journal, clock, log, onChange } = this.#options;
    const { id, kind, nodeId } = stored.run;
    const execution = new Execution(
      // Not interrupted any more from now on, so that a second click finds it so.
      {
        ...stored,
        run: withRunState(stored.run, { kind: direction === 'forward' ? 'running' : 'cancelling' }),
      },
      { journal, clock, log, onChange: () => onChange(id) },
    );
    const open = (): OpenRun =>
      this.#definition(kind).open({
        nodeId,
        input: stored.input,
        conceal: (secret) => execution.writer.conceal(secret),
      });
    const ended = execution[direction](open).finally(() => {
      this.#active.delete(id);
      onChange(id);
    });
    this.#active.set(id, { execution, ended });
    onChange(id);
  }

  #refuseSecond(nodeId: string): void {
    for (const run of this.current()) {
      if (run.nodeId !== nodeId) continue;
      if (run.state.kind === 'interrupted')
        throw fail('conflict', 'A run on this node was interrupted.', 'Resume or cancel it first.');
      if (run.state.kind === 'running' || run.state.kind === 'cancelling')
        throw fail('conflict', 'A run is on this node already.', 'Wait until it has ended, or cancel it.');
    }
  }

  #live(run: Run): Run {
    return this.#active.get(run.id)?.execution.run ?? run;
  }

  #find(runId: RunId): StoredRun {
    const stored = this.#options.journal.find(runId);
    if (stored === undefined) throw fail('not-found', 'This run is not known (any more).');
    return stored;
  }

  #definition(kind: Run['kind']): AnyRunDefinition {
    const definition = this.#options.definitions.find((candidate) => candidate.kind === kind);
    if (definition === undefined) throw new Error(`Nothing defines runs of kind ${kind}.`);
    return definition;
  }
}
