import { z } from 'zod';
import { Failure } from './failure.ts';
import { NodeId } from './inventory.ts';
import { Nothing, mutation, subscription } from './procedure.ts';

export const RunId = z.uuid();
export type RunId = z.infer<typeof RunId>;

export const StepState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('waiting') }),
  z.object({
    kind: z.literal('running'),
    startedUtcMs: z.number(),
    progress: z.number().min(0).max(1).optional(),
  }),
  /** The probe found it done already. */
  z.object({ kind: z.literal('skipped'), finishedUtcMs: z.number() }),
  z.object({ kind: z.literal('done'), startedUtcMs: z.number(), finishedUtcMs: z.number() }),
  z.object({
    kind: z.literal('failed'),
    startedUtcMs: z.number(),
    finishedUtcMs: z.number(),
    failure: Failure,
  }),
  z.object({ kind: z.literal('undoing'), startedUtcMs: z.number() }),
  z.object({ kind: z.literal('undone'), finishedUtcMs: z.number() }),
]);
export type StepState = z.infer<typeof StepState>;

export const RunState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('running') }),
  z.object({ kind: z.literal('cancelling') }),
  z.object({ kind: z.literal('succeeded'), finishedUtcMs: z.number() }),
  z.object({ kind: z.literal('failed'), finishedUtcMs: z.number(), failure: Failure }),
  z.object({ kind: z.literal('cancelled'), finishedUtcMs: z.number() }),
  /** The desk stopped in the middle of it; it can be resumed, which probes before it acts. */
  z.object({ kind: z.literal('interrupted') }),
]);
export type RunState = z.infer<typeof RunState>;

export const RunLogLine = z.object({
  atUtcMs: z.number(),
  /** Index into `steps`. */
  step: z.int().nonnegative(),
  level: z.enum(['info', 'warning', 'error']),
  text: z.string().max(2000),
});
export type RunLogLine = z.infer<typeof RunLogLine>;

export const Run = z.object({
  id: RunId,
  kind: z.enum(['deploy']),
  nodeId: NodeId,
  startedUtcMs: z.number(),
  state: RunState,
  steps: z.array(z.object({ id: z.string().max(64), title: z.string().max(200), state: StepState })),
  /** The newest 500 lines. */
  log: z.array(RunLogLine).max(500),
});
export type Run = z.infer<typeof Run>;

export const runsContract = {
  /** The newest run of each node and all unfinished ones; then every run that changes, whole, at most ten times a second each. */
  watch: subscription(Nothing, z.object({ runs: z.array(Run) })),
  cancel: mutation(z.object({ runId: RunId }), Nothing),
  resume: mutation(z.object({ runId: RunId }), Nothing),
} as const;
