import type { z } from 'zod';
import type { Contract, FeatureContract, Procedure } from '../../shared/contract/index.ts';
import { fail } from '../failure.ts';
import type { ContractHandlers, Handler, Handlers } from './handlers.ts';

/** A declared procedure and its handler as one function: parses what comes in and what goes out. */
export type BoundProcedure =
  | {
      readonly kind: 'query' | 'mutation';
      readonly call: (input: unknown, signal: AbortSignal) => Promise<unknown>;
    }
  | {
      readonly kind: 'subscription';
      readonly call: (input: unknown, signal: AbortSignal) => AsyncIterable<unknown>;
    };

/** By feature name, then procedure name. */
export type BoundContract = Readonly<Record<string, Readonly<Record<string, BoundProcedure>>>>;

/** Binds every procedure of a contract to its handler. */
export function bindContract<C extends Contract>(contract: C, handlers: ContractHandlers<C>): BoundContract {
  const bound: Record<string, Record<string, BoundProcedure>> = {};
  for (const name in contract) bound[name] = bindFeature(contract[name], handlers[name]);
  return bound;
}

function bindFeature<F extends FeatureContract>(
  contract: F,
  handlers: Handlers<F>,
): Record<string, BoundProcedure> {
  const bound: Record<string, BoundProcedure> = {};
  for (const name in contract) bound[name] = bind(contract[name], handlers[name]);
  return bound;
}

/** The schemas stand between `unknown` and the handler's types, so past this point the types need not be known. */
function bind<P extends Procedure>(declared: P, handler: Handler<P>): BoundProcedure;
function bind(
  declared: Procedure,
  handler: (input: unknown, signal: AbortSignal) => unknown,
): BoundProcedure {
  if (declared.kind === 'subscription')
    return {
      kind: 'subscription',
      call: async function* events(raw, signal) {
        const input = parseInput(declared, raw);
        const stream = handler(input, signal);
        for await (const event of asStream(stream)) yield declared.output.parse(event);
      },
    };
  return {
    kind: declared.kind,
    call: async (raw, signal) => declared.output.parse(await handler(parseInput(declared, raw), signal)),
  };
}

/** Throws `invalid-input` that names each field and says what it should be. */
function parseInput(declared: Procedure, raw: unknown): unknown {
  const parsed = declared.input.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw fail(
    'invalid-input',
    `This cannot be used: ${describeIssues(parsed.error)}.`,
    'Correct it and try again.',
  );
}

const maximumIssues = 5;

function describeIssues(error: z.ZodError): string {
  const words = error.issues
    .slice(0, maximumIssues)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`));
  const more = error.issues.length - words.length;
  return [...words, ...(more > 0 ? [`and ${more} more`] : [])].join('; ').slice(0, 1000);
}

function asStream(value: unknown): AsyncIterable<unknown> {
  if (isStream(value)) return value;
  throw new TypeError('The handler of a subscription gave no stream.');
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Symbol.asyncIterator in value &&
    typeof value[Symbol.asyncIterator] === 'function'
  );
}
