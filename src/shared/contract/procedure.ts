import { z } from 'zod';

/**
 * The page and the desk speak through procedures declared as data, one file a feature. The desk implements every one of
 * them (`main/server`), the page calls them through a client derived from the same declarations (`renderer/api`); input
 * and output are parsed on both sides, so a test that calls in process meets the wire's rules.
 */
export interface Query<I extends z.ZodType, O extends z.ZodType> {
  readonly kind: 'query';
  readonly input: I;
  readonly output: O;
}
export interface Mutation<I extends z.ZodType, O extends z.ZodType> {
  readonly kind: 'mutation';
  readonly input: I;
  readonly output: O;
}
/** A stream of events; the first one always carries the whole present state, so that a reconnect needs no history. */
export interface Subscription<I extends z.ZodType, O extends z.ZodType> {
  readonly kind: 'subscription';
  readonly input: I;
  readonly output: O;
}
export type Procedure =
  | Query<z.ZodType, z.ZodType>
  | Mutation<z.ZodType, z.ZodType>
  | Subscription<z.ZodType, z.ZodType>;

export type FeatureContract = Readonly<Record<string, Procedure>>;
export type Contract = Readonly<Record<string, FeatureContract>>;

/** Input of a procedure that takes nothing, output of one that answers nothing. */
export const Nothing = z.undefined();

export function query<I extends z.ZodType, O extends z.ZodType>(input: I, output: O): Query<I, O> {
  return { kind: 'query', input, output };
}
export function mutation<I extends z.ZodType, O extends z.ZodType>(input: I, output: O): Mutation<I, O> {
  return { kind: 'mutation', input, output };
}
export function subscription<I extends z.ZodType, O extends z.ZodType>(
  input: I,
  event: O,
): Subscription<I, O> {
  return { kind: 'subscription', input, output: event };
}
