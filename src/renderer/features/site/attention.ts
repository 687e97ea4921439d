import { conditionAgeMs } from '../fleet/index.ts';
import type { CameraCondition, CameraRow, NodeCondition, TroubledVolume } from '../fleet/index.ts';

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
  /** A volume that takes no footage. */
  | {
      readonly kind: 'volume';
      readonly nodeId: string;
      readonly nodeName: string;
      readonly condition: Extract<NodeCondition, { kind: 'disk' }>;
      readonly volume: TroubledVolume;
      /** Cameras of the node that do not record because of it; told once for all its volumes. */
      readonly cameraCount: number;
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
function groupKey(condition: CameraCondition, isNodeSpeaking: boolean): string | undefined {
  switch (condition.kind) {
    case 'recording':
    case 'connecting':
    case 'pending':
    case 'not-assigned':
    case 'node-not-deployed':
      return undefined;
    case 'node-down':
      return undefined;
    case 'disk-full':
    case 'disk-error':
      return isNodeSpeaking ? undefined : condition.kind;
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
    case 'disk':
    case 'index':
    case 'config-failed':
    case 'clock-off':
      return true;
    case 'disk-opening':
    case 'up':
    case 'deploying':
    case 'connecting':
    case 'config-pending':
    case 'not-deployed':
      return false;
  }
}

/** Whether the node's own state says why its cameras find no volume. */
function saysWhyHalted({ kind }: NodeCondition): boolean {
  return kind === 'disk' || kind === 'disk-opening' || kind === 'down';
}

/** Whether a camera stands still because its node does. */
function isNodesFault(condition: CameraCondition): boolean {
  return condition.kind === 'node-down' || condition.kind === 'disk-full' || condition.kind === 'disk-error';
}

function isLonger(a: CameraCondition, b: CameraCondition, nowUtcMs: number): boolean {
  return (conditionAgeMs(a, nowUtcMs) ?? 0) > (conditionAgeMs(b, nowUtcMs) ?? 0);
}

function nodeAttention({ id, name, condition }: NodeFact, cameraCount: number): readonly Attention[] {
  if (condition.kind === 'disk') {
    return condition.troubles.map((volume, index) => ({
      kind: 'volume',
      nodeId: id,
      nodeName: name,
      condition,
      volume,
      cameraCount: index === 0 ? cameraCount : 0,
    }));
  }
  const sinceUtcMs = nodeSince(condition);
  const since = sinceUtcMs === undefined ? {} : { sinceUtcMs };
  return [{ kind: 'node', nodeId: id, name, condition, cameraCount, ...since }];
}

function nodeSince(condition: NodeCondition): number | undefined {
  if (condition.kind === 'down') return condition.sinceUtcMs;
  return condition.kind === 'index' ? condition.trouble.sinceUtcMs : undefined;
}

export function findAttention(
  nodes: readonly NodeFact[],
  cameras: readonly CameraRow[],
  nowUtcMs: number,
): readonly Attention[] {
  const speaking = new Set(nodes.filter(({ condition }) => saysWhyHalted(condition)).map(({ id }) => id));
  const affected = new Map<string, number>();
  const groups = new Map<string, { condition: CameraCondition; readonly rows: CameraRow[] }>();
  for (const row of cameras) {
    const { camera, condition } = row;
    const { nodeId } = camera;
    if (nodeId !== undefined && isNodesFault(condition))
      affected.set(nodeId, (affected.get(nodeId) ?? 0) + 1);
    const key = groupKey(condition, nodeId !== undefined && speaking.has(nodeId));
    if (key === undefined) continue;
    const group = groups.get(key) ?? { condition, rows: [] };
    group.rows.push(row);
    if (isLonger(condition, group.condition, nowUtcMs)) group.condition = condition;
    groups.set(key, group);
  }
  const found: Attention[] = nodes
    .filter(({ condition }) => needsAttention(condition))
    .sort((a, b) => (affected.get(b.id) ?? 0) - (affected.get(a.id) ?? 0))
    .flatMap((node) => nodeAttention(node, affected.get(node.id) ?? 0));
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
