import type { CameraCondition, CameraRow, NodeCondition } from '../fleet/index.ts';

/** A node as far as attention goes. */
export interface NodeFact {
  readonly id: string;
  readonly name: string;
  readonly condition: NodeCondition;
}

/** Something a person should look at, the most urgent first. */
export type Attention =
  | {
      readonly kind: 'node';
      readonly nodeId: string;
      readonly name: string;
      readonly condition: NodeCondition;
      /** Its cameras that do not record because of it. */
      readonly cameraCount: number;
    }
  /** Cameras that should record and do not, with one reason in common. */
  | {
      readonly kind: 'cameras';
      readonly condition: CameraCondition;
      readonly names: readonly string[];
    }
  | { readonly kind: 'not-assigned'; readonly names: readonly string[] }
  | { readonly kind: 'not-deployed'; readonly names: readonly string[] };

/** Cameras with the same key fail for the same reason. Undefined: nothing to see to, or its node's entry says it already. */
function groupKey(condition: CameraCondition): string | undefined {
  switch (condition.kind) {
    case 'recording':
    case 'connecting':
    case 'pending':
    case 'off':
    case 'not-assigned':
    case 'node-not-deployed':
      return undefined;
    case 'node-down':
    case 'disk-full':
    case 'disk-error':
      return undefined;
    case 'waiting':
      return `waiting ${condition.reason}`;
    case 'frozen':
      return 'frozen';
  }
}

function needsAttention(condition: NodeCondition): boolean {
  switch (condition.kind) {
    case 'down':
    case 'disk-error':
    case 'disk-full':
    case 'config-failed':
    case 'clock-off':
      return true;
    case 'up':
    case 'deploying':
    case 'connecting':
    case 'config-pending':
    case 'not-deployed':
      return false;
  }
}

/** Whether a camera stands still because its node does. */
function isNodesFault(condition: CameraCondition): boolean {
  return condition.kind === 'node-down' || condition.kind === 'disk-full' || condition.kind === 'disk-error';
}

export function findAttention(
  nodes: readonly NodeFact[],
  cameras: readonly CameraRow[],
): readonly Attention[] {
  const affected = new Map<string, number>();
  const groups = new Map<string, { readonly condition: CameraCondition; readonly names: string[] }>();
  for (const { camera, condition } of cameras) {
    if (camera.nodeId !== undefined && isNodesFault(condition)) {
      affected.set(camera.nodeId, (affected.get(camera.nodeId) ?? 0) + 1);
    }
    const key = groupKey(condition);
    if (key === undefined) continue;
    const group = groups.get(key) ?? { condition, names: [] };
    group.names.push(camera.name);
    groups.set(key, group);
  }
  const found: Attention[] = nodes
    .filter(({ condition }) => needsAttention(condition))
    .map(({ id, name, condition }) => ({
      kind: 'node' as const,
      nodeId: id,
      name,
      condition,
      cameraCount: affected.get(id) ?? 0,
    }))
    .sort((a, b) => b.cameraCount - a.cameraCount);
  const byCount = [...groups.values()].sort((a, b) => b.names.length - a.names.length);
  for (const { condition, names } of byCount) found.push({ kind: 'cameras', condition, names });

  const unassigned = cameras.filter(({ condition }) => condition.kind === 'not-assigned');
  if (unassigned.length > 0) {
    found.push({ kind: 'not-assigned', names: unassigned.map(({ camera }) => camera.name) });
  }
  const withoutEngine = nodes.filter(({ condition }) => condition.kind === 'not-deployed');
  if (withoutEngine.length > 0) {
    found.push({ kind: 'not-deployed', names: withoutEngine.map(({ name }) => name) });
  }
  return found;
}
