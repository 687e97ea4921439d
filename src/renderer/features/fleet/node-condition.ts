import type { Failure, NodeHealth, Run, SiteNode } from '../../../shared/contract/index.ts';
import type { IndexState } from '../../../shared/engine-api/index-state.ts';
import type { VolumeStatus } from '../../../shared/engine-api/volumes.ts';
import type { Tone } from '../../ui/index.ts';
import { volumeTrouble } from './disk.ts';
import type { VolumeTrouble } from './disk.ts';

/** A node's state as a person needs it. The first that applies, worst first. */
export type NodeCondition =
  | { readonly kind: 'deploying' }
  | { readonly kind: 'not-deployed' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'down'; readonly failure: Failure; readonly sinceUtcMs: number }
  /** Volumes that take no footage, broken ones before full ones, and those that take it in their place. */
  | {
      readonly kind: 'disk';
      readonly troubles: readonly [TroubledVolume, ...TroubledVolume[]];
      readonly elsewhere: readonly string[];
    }
  /** No volume takes footage yet; they are being looked at. */
  | { readonly kind: 'disk-opening' }
  /** Footage is recorded, but can be neither found nor deleted. */
  | { readonly kind: 'index'; readonly trouble: IndexTrouble }
  | { readonly kind: 'config-failed'; readonly failure: Failure }
  | { readonly kind: 'clock-off'; readonly offsetMs: number }
  | { readonly kind: 'config-pending' }
  | { readonly kind: 'up' };

export type IndexTrouble = Exclude<IndexState, { kind: 'ok' }>;

export interface TroubledVolume {
  readonly name: string;
  readonly path: string;
  readonly trouble: VolumeTrouble;
}

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
  const disk = diskCondition(state.volumes);
  if (disk !== undefined) return disk;
  if (state.index !== undefined && state.index.kind !== 'ok') return { kind: 'index', trouble: state.index };
  if (state.config.kind === 'failed') return { kind: 'config-failed', failure: state.config.failure };
  if (Math.abs(state.clockOffsetMs) > clockToleranceMs)
    return { kind: 'clock-off', offsetMs: state.clockOffsetMs };
  return state.config.kind === 'pending' ? { kind: 'config-pending' } : { kind: 'up' };
}

function diskCondition(volumes: readonly VolumeStatus[]): NodeCondition | undefined {
  const elsewhere = volumes.filter(({ state }) => state.kind === 'ok').map(({ name }) => name);
  const [first, ...others] = volumes
    .flatMap((volume) => {
      const trouble = volumeTrouble(volume);
      return trouble === undefined ? [] : [{ name: volume.name, path: volume.path, trouble }];
    })
    .sort((a, b) => Number(a.trouble.kind === 'full') - Number(b.trouble.kind === 'full'));
  if (first !== undefined) return { kind: 'disk', troubles: [first, ...others], elsewhere };
  return volumes.length > 0 && elsewhere.length === 0 ? { kind: 'disk-opening' } : undefined;
}

export function nodeTone(condition: NodeCondition): Tone {
  switch (condition.kind) {
    case 'up':
      return 'ok';
    case 'deploying':
    case 'connecting':
    case 'config-pending':
    case 'disk-opening':
      return 'busy';
    case 'not-deployed':
      return 'idle';
    case 'clock-off':
    case 'index':
      return 'warning';
    case 'disk':
      return condition.elsewhere.length > 0 ? 'warning' : 'bad';
    case 'down':
    case 'config-failed':
      return 'bad';
  }
}
