import { useMemo } from 'react';
import type { NodeHealth, Run, SiteNode } from '../../../shared/contract/index.ts';
import { noLoad, nodeCondition, useCameraRows, useFleet, useNodeLoads } from '../fleet/index.ts';
import type { NodeCondition, NodeLoad } from '../fleet/index.ts';
import { useInventory } from '../inventory/index.ts';
import { newestRun, useRuns } from '../runs/index.ts';

/** One node with everything its row and its detail show. */
export interface NodeRow {
  readonly node: SiteNode;
  readonly health: NodeHealth | undefined;
  readonly condition: NodeCondition;
  readonly load: NodeLoad;
  readonly run: Run | undefined;
  /** What its engine reports, when it is up. */
  readonly up: Extract<NodeHealth['state'], { kind: 'up' }> | undefined;
}

export function useNodeRows(): readonly NodeRow[] {
  const nodes = useInventory((state) => state.nodes);
  const health = useFleet((state) => state.nodes);
  const runs = useRuns((state) => state.runs);
  const loads = useNodeLoads(useCameraRows());
  return useMemo(
    () =>
      [...nodes.values()].map((node) => {
        const own = health.get(node.id);
        const run = newestRun(runs, node.id);
        return {
          node,
          health: own,
          condition: nodeCondition(node, own, run),
          load: loads.get(node.id) ?? noLoad,
          run,
          up: own?.state.kind === 'up' ? own.state : undefined,
        };
      }),
    [nodes, health, runs, loads],
  );
}
