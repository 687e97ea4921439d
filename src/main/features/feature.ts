import type { FeatureContract } from '../../shared/contract/index.ts';
import type { Handlers } from '../server/handlers.ts';

/** A part of the desk: what it answers to the page, and its life between `createApp`'s start and stop. */
export interface Feature<F extends FeatureContract> {
  readonly handlers: Handlers<F>;
  start?(): void | Promise<void>;
  stop?(): void | Promise<void>;
}
