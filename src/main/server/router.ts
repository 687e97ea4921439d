import { initTRPC, TRPCError } from '@trpc/server';
import type { Failure } from '../../shared/contract/index.ts';
import { DeskError, fail } from '../failure.ts';
import type { BoundContract, BoundProcedure } from './bind.ts';

/** What every call of one connection shares. */
export interface CallContext {
  /** Ends with the connection or the desk. */
  readonly signal: AbortSignal;
  /** Counts a call in until disposed; throws when the page has too many open. */
  admitCall(): Disposable;
  /** Waits until the page has taken most of what was sent, so that a slow page slows its own subscriptions. */
  drained(signal: AbortSignal): Promise<void>;
}

const t = initTRPC.context<CallContext>().create({
  isDev: false,
  errorFormatter: ({ shape, error }) => {
    const failure = failureOf(error);
    return { code: shape.code, message: failure.message, data: { failure } };
  },
});

/** The tRPC router of a bound contract. Errors carry `data.failure`, and nothing else of what was thrown. */
export function createRouter(bound: BoundContract) {
  return t.router(mapValues(bound, (feature) => t.router(mapValues(feature, toProcedure))));
}
export type DeskRouter = ReturnType<typeof createRouter>;

/** What may be told of an error. Whatever is not an expected failure is a bug, and its text stays in the log. */
export function failureOf(error: TRPCError): Failure {
  if (error.cause instanceof DeskError) return error.cause.failure;
  if (error.code === 'NOT_FOUND' || error.code === 'METHOD_NOT_SUPPORTED')
    return { code: 'not-found', message: 'The desk does not know this call.', remedy: 'Reload the window.' };
  if (error.code === 'PARSE_ERROR' || error.code === 'BAD_REQUEST')
    return {
      code: 'invalid-input',
      message: 'The desk cannot read this call.',
      remedy: 'Reload the window.',
    };
  return {
    code: 'internal',
    message: 'Something went wrong inside Belvedere.',
    remedy: 'Try again; the log in the data folder says what happened.',
  };
}

/** The refusal of a connection without a good token. */
export function unauthorized(): TRPCError {
  return new TRPCError({
    code: 'UNAUTHORIZED',
    cause: fail('unauthorized', 'This window is not signed in to the desk.', 'Open it again from Belvedere.'),
  });
}

const anyInput = t.procedure.input((raw: unknown) => raw);

function toProcedure(bound: BoundProcedure) {
  if (bound.kind === 'subscription')
    return anyInput.subscription(({ input, ctx, signal }) => events(bound, input, { ctx, signal }));
  const resolve = ({ input, ctx, signal }: CallScope & { readonly input: unknown }): Promise<unknown> =>
    answer(bound, input, { ctx, signal });
  return bound.kind === 'query' ? anyInput.query(resolve) : anyInput.mutation(resolve);
}

interface CallScope {
  readonly ctx: CallContext;
  readonly signal: AbortSignal | undefined;
}

async function answer(
  bound: BoundProcedure & { readonly kind: 'query' | 'mutation' },
  input: unknown,
  scope: CallScope,
): Promise<unknown> {
  using open = new DisposableStack();
  open.use(scope.ctx.admitCall());
  return await bound.call(input, joined(scope));
}

async function* events(
  bound: BoundProcedure & { readonly kind: 'subscription' },
  input: unknown,
  scope: CallScope,
): AsyncGenerator<unknown, void> {
  using open = new DisposableStack();
  open.use(scope.ctx.admitCall());
  const signal = joined(scope);
  for await (const event of bound.call(input, signal)) {
    yield event;
    await scope.ctx.drained(signal);
  }
}

function joined({ ctx, signal }: CallScope): AbortSignal {
  return signal === undefined ? ctx.signal : AbortSignal.any([ctx.signal, signal]);
}

function mapValues<V, W>(record: Readonly<Record<string, V>>, map: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
