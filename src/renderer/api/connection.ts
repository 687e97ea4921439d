import { create } from 'zustand';
import type { Failure } from '../../shared/contract/index.ts';

/** How the page stands with its desk. */
export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected' }
  /** Was connected; tries again by itself. `attempt` counts from 1. */
  | { readonly kind: 'reconnecting'; readonly sinceMs: number; readonly attempt: number }
  /** The code or the token is not accepted: only a new start helps. */
  | { readonly kind: 'expired'; readonly failure: Failure };

export const useConnection = create<{ readonly connection: Connection }>(() => ({
  connection: { kind: 'connecting' },
}));

export function setConnection(connection: Connection): void {
  useConnection.setState({ connection });
}
