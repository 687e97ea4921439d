import type { CameraRow } from '../fleet/index.ts';
import type { NodeFact } from './attention.ts';

/** The whole site in one word. The first that applies. */
export type Verdict =
  /** The desk has not said how things are, or no longer does. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'attention'; readonly count: number }
  /** Nothing is wrong, but this many cameras do not record yet and nodes are not ready yet. */
  | { readonly kind: 'settling'; readonly cameras: number; readonly nodes: number }
  | { readonly kind: 'well' };

export interface VerdictFacts {
  /** Whether what is known is known now. */
  readonly isCurrent: boolean;
  readonly attentionCount: number;
  readonly cameras: readonly CameraRow[];
  readonly nodes: readonly NodeFact[];
}

/** All is well only when every camera records and every node is up; no news is not good news. */
export function verdictOf({ isCurrent, attentionCount, cameras, nodes }: VerdictFacts): Verdict {
  if (!isCurrent) return { kind: 'unknown' };
  if (attentionCount > 0) return { kind: 'attention', count: attentionCount };
  const unsettled = {
    cameras: cameras.filter(({ condition }) => condition.kind !== 'recording').length,
    nodes: nodes.filter(({ condition }) => condition.kind !== 'up').length,
  };
  return unsettled.cameras + unsettled.nodes > 0 ? { kind: 'settling', ...unsettled } : { kind: 'well' };
}
