import type { PageName } from '../../ui/index.ts';

/** What a new site has so far. */
export interface Progress {
  readonly cameras: number;
  readonly nodesWithEngine: number;
  readonly nodes: number;
  readonly assigned: number;
}

export interface FirstStep {
  readonly id: 'cameras' | 'nodes' | 'deploy' | 'assign';
  readonly page: PageName;
  readonly done: boolean;
}

/** The way from an empty site to one that records; each step is done by what is there, not by what was clicked. */
export function firstSteps(progress: Progress): readonly FirstStep[] {
  return [
    { id: 'cameras', page: 'discover', done: progress.cameras > 0 },
    { id: 'nodes', page: 'discover', done: progress.nodes > 0 },
    { id: 'deploy', page: 'nodes', done: progress.nodesWithEngine > 0 },
    { id: 'assign', page: 'cameras', done: progress.assigned > 0 },
  ];
}
