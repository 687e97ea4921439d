import type { z } from 'zod';
import type { Run, RunLogLine } from '../../shared/contract/index.ts';

/** What a step may use of the engine that runs it. */
export interface StepIo {
  /** Ends on cancellation, at the step's deadline and when the desk stops. */
  readonly signal: AbortSignal;
  /** One plain sentence for the person who follows the run. Secrets that were given to `conceal` are masked. */
  readonly log: (text: string, level?: RunLogLine['level']) => void;
  /** Part of the step that is done, 0 to 1. */
  readonly progress: (fraction: number) => void;
}

/**
 * One step of a procedure. `probe` and `verify` change nothing; `act` may be repeated after it was killed in the middle;
 * `undo` copes with a step that was done, half done or not done at all.
 */
export interface Step<C> {
  readonly id: string;
  readonly title: string;
  readonly timeoutMs: number;
  /** True when the step's result is there already. */
  probe(context: C, io: StepIo): Promise<boolean>;
  act(context: C, io: StepIo): Promise<void>;
  /** Fails when the result is not there after all. */
  verify(context: C, io: StepIo): Promise<void>;
  undo?(context: C, io: StepIo): Promise<void>;
}

export interface RunRequest<I> {
  readonly nodeId: string;
  readonly input: I;
  /** Masks a secret in everything the run logs from now on. */
  readonly conceal: (secret: string) => void;
}

/** A procedure: its steps, and how to get at what they work on. */
export interface RunDefinition<I, C extends AsyncDisposable> {
  readonly kind: Run['kind'];
  /** What the run was asked to do; stored with it and parsed again when it is resumed. Holds no secret. */
  readonly input: z.ZodType<I>;
  readonly steps: readonly Step<C>[];
  /** Before the first step, each time the run starts or resumes. Reaches for nothing yet. */
  open(request: RunRequest<I>): C;
}

/** A definition whose input and context are its own business. */
export interface AnyRunDefinition {
  readonly kind: Run['kind'];
  readonly stepTitles: readonly { readonly id: string; readonly title: string }[];
  /** Parses the stored input and binds the steps to a context. */
  open(request: RunRequest<unknown>): OpenRun;
}

export interface OpenRun extends AsyncDisposable {
  readonly steps: readonly BoundStep[];
}

export interface BoundStep {
  readonly timeoutMs: number;
  probe(io: StepIo): Promise<boolean>;
  act(io: StepIo): Promise<void>;
  verify(io: StepIo): Promise<void>;
  undo: ((io: StepIo) => Promise<void>) | undefined;
}

export function defineRun<I, C extends AsyncDisposable>(definition: RunDefinition<I, C>): AnyRunDefinition {
  return {
    kind: definition.kind,
    stepTitles: definition.steps.map(({ id, title }) => ({ id, title })),
    open: (request) => {
      const context = definition.open({ ...request, input: definition.input.parse(request.input) });
      return {
        steps: definition.steps.map((step) => bind(step, context)),
        [Symbol.asyncDispose]: () => Promise.resolve(context[Symbol.asyncDispose]()),
      };
    },
  };
}

function bind<C>(step: Step<C>, context: C): BoundStep {
  return {
    timeoutMs: step.timeoutMs,
    probe: (io) => step.probe(context, io),
    act: (io) => step.act(context, io),
    verify: (io) => step.verify(context, io),
    undo: step.undo === undefined ? undefined : (io) => step.undo?.(context, io) ?? Promise.resolve(),
  };
}
