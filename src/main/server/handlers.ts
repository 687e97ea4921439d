import type { z } from 'zod';
import type { Contract, FeatureContract, Procedure } from '../../shared/contract/index.ts';

type Maybe<T> = T | Promise<T>;

/** A procedure that answers `Nothing` may as well return nothing. */
type Answer<O extends z.ZodType> = undefined extends z.input<O> ? z.input<O> | void : z.input<O>;

/** What the desk does for one declared procedure. `signal` ends with the page's interest or the desk. */
export type Handler<P extends Procedure> = P['kind'] extends 'subscription'
  ? (input: z.output<P['input']>, signal: AbortSignal) => AsyncIterable<z.input<P['output']>>
  : (input: z.output<P['input']>, signal: AbortSignal) => Maybe<Answer<P['output']>>;

/** One handler for each procedure of a feature's contract, no more and no fewer. */
export type Handlers<F extends FeatureContract> = { readonly [K in keyof F]: Handler<F[K]> };

/** The handlers of every feature of a contract. */
export type ContractHandlers<C extends Contract> = { readonly [N in keyof C]: Handlers<C[N]> };
