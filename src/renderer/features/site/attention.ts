import { conditionAgeMs } from '../fleet/index.ts';
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
      readonly sinceUtcMs?: number;
    }
  /** Cameras that should record and do not, with one reason in common; the condition is that of the longest. */
  | {
      readonly kind: 'cameras';
      readonly condition: CameraCondition;
      readonly names: readonly string[];
      /** Where to look when it is just one. */
      readonly place?: { readonly address: string; readonly nodeName: string | undefined };
    }
  | { readonly kind: 'not-assigned'; readonly names: readonly string[] }
  | { readonly kind: 'not-deployed'; readonly names: readonly string[] };

/** Cameras with the same key fail for the same reason. Undefined: nothing to see to, or its node's entry says it already. */
function groupKey(condition: CameraCondition): string | undefined {
  switch (condition.kind) {
    case 'recording':
    case 'connecting':
    case 'pending':
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
    case 'lost':
    case 'off':
      return condition.kind;
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

/** A node knows since when it is down; since when its disk is full is known by the cameras that halted. */
function sinceOf(
  condition: NodeCondition,
  affected: readonly CameraCondition[],
): { readonly sinceUtcMs?: number } {
  if (condition.kind === 'down') return { sinceUtcMs: condition.sinceUtcMs };
  const since = affected.flatMap((halted) => ('sinceUtcMs' in halted ? [halted.sinceUtcMs] : []));
  return since.length === 0 ? {} : { sinceUtcMs: Math.min(...since) };
}

/** Whether a camera stands still because its node does. */
function isNodesFault(condition: CameraCondition): boolean {
  return condition.kind === 'node-down' || condition.kind === 'disk-full' || condition.kind === 'disk-error';
}

function isLonger(a: CameraCondition, b: CameraCondition, nowUtcMs: number): boolean {
  return (conditionAgeMs(a, nowUtcMs) ?? 0) > (conditionAgeMs(b, nowUtcMs) ?? 0);
}

export function findAttention(
  nodes: readonly NodeFact[],
  cameras: readonly CameraRow[],
  nowUtcMs: number,
): readonly Attention[] {
  const affected = new Map<string, CameraCondition[]>();
  const groups = new Map<string, { condition: CameraCondition; readonly rows: CameraRow[] }>();
  for (const row of cameras) {
    const { camera, condition } = row;
    if (camera.nodeId !== undefined && isNodesFault(condition)) {
      affected.set(camera.nodeId, [...(affected.get(camera.nodeId) ?? []), condition]);
    }
    const key = groupKey(condition);
    if (key === undefined) continue;
    const group = groups.get(key) ?? { condition, rows: [] };
    group.rows.push(row);
    if (isLonger(condition, group.condition, nowUtcMs)) group.condition = condition;
    groups.set(key, group);
  }
  const found: Attention[] = nodes
    .filter(({ condition }) => needsAttention(condition))
    .map(({ id, name, condition }) => ({
      kind: 'node' as const,
      nodeId: id,
      name,
      condition,
      cameraCount: affected.get(id)?.length ?? 0,
      ...sinceOf(condition, affected.get(id) ?? []),
    }))
    .sort((a, b) => b.cameraCount - a.cameraCount);
  const byCount = [...groups.values()].sort((a, b) => b.rows.length - a.rows.length);
  for (const { condition, rows } of byCount) {
    const names = rows.map(({ camera }) => camera.name);
    const [only] = rows.length === 1 ? rows : [];
    const place = only && { address: only.camera.address, nodeName: only.nodeName };
    found.push({ kind: 'cameras', condition, names, ...(place && { place }) });
  }

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
