import type { FeatureContract } from '../../shared/contract/index.ts';
import type { Handlers } from '../server/handlers.ts';

/** A feature's life between `createApp`'s start and stop. */
export interface FeatureLife {
  start?(): void | Promise<void>;
  stop?(): void | Promise<void>;
}

/** A part of the desk: what it answers to the page, and its life. */
export interface Feature<F extends FeatureContract> extends FeatureLife {
  readonly handlers: Handlers<F>;
}
