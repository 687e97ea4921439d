import type { Failure, NodeHealth, Run, SiteNode } from '../../../shared/contract/index.ts';
import type { VolumeState } from '../../../shared/engine-api/volumes.ts';
import type { Tone } from '../../ui/index.ts';

/** A node's state as a person needs it. The first that applies, worst first. */
export type NodeCondition =
  | { readonly kind: 'deploying' }
  | { readonly kind: 'not-deployed' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'down'; readonly failure: Failure; readonly sinceUtcMs: number }
  | { readonly kind: 'disk-error'; readonly path: string }
  | { readonly kind: 'disk-full'; readonly path: string }
  | { readonly kind: 'config-failed'; readonly failure: Failure }
  | { readonly kind: 'clock-off'; readonly offsetMs: number }
  | { readonly kind: 'config-pending' }
  | { readonly kind: 'up' };

/** Timelines of several nodes stay comparable below this. */
export const clockToleranceMs = 1000;

export function isUnfinished(run: Run | undefined): boolean {
  return run?.state.kind === 'running' || run?.state.kind === 'cancelling';
}

export function nodeCondition(node: SiteNode, health: NodeHealth | undefined, run?: Run): NodeCondition {
  if (isUnfinished(run)) return { kind: 'deploying' };
  if (node.engine.kind === 'none') return { kind: 'not-deployed' };
  if (health === undefined) return { kind: 'connecting' };
  const { state } = health;
  if (state.kind !== 'up') return state;
  const failed = state.volumes.find((volume) => isFailed(volume.state));
  if (failed !== undefined) return { kind: 'disk-error', path: failed.path };
  const full = state.volumes.find((volume) => volume.state.kind === 'full');
  if (full !== undefined) return { kind: 'disk-full', path: full.path };
  if (state.config.kind === 'failed') return { kind: 'config-failed', failure: state.config.failure };
  if (Math.abs(state.clockOffsetMs) > clockToleranceMs)
    return { kind: 'clock-off', offsetMs: state.clockOffsetMs };
  return state.config.kind === 'pending' ? { kind: 'config-pending' } : { kind: 'up' };
}

/** Whether a volume takes no footage for another reason than lack of space. */
function isFailed(state: VolumeState): boolean {
  switch (state.kind) {
    case 'ok':
    case 'opening':
    case 'full':
      return false;
    case 'read-only':
    case 'hung':
    case 'missing':
    case 'foreign':
    case 'failing':
      return true;
  }
}

export function nodeTone(condition: NodeCondition): Tone {
  switch (condition.kind) {
    case 'up':
      return 'ok';
    case 'deploying':
    case 'connecting':
    case 'config-pending':
      return 'busy';
    case 'not-deployed':
      return 'idle';
    case 'clock-off':
      return 'warning';
    case 'down':
    case 'disk-error':
    case 'disk-full':
    case 'config-failed':
      return 'bad';
  }
}
