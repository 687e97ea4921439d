import type { Camera, CameraHealth, ConfigState, NodeHealth } from '../../../shared/contract/index.ts';
import type { EngineCameraStatus, EngineStatus } from '../../../shared/engine-api/index.ts';

export type NodeState = NodeHealth['state'];

/** When a status was asked for and came, by the desk's clock. */
export interface Exchange {
  readonly sentUtcMs: number;
  readonly receivedUtcMs: number;
}

export function upState(status: EngineStatus, exchange: Exchange, config: ConfigState): NodeState {
  const { version, startedUtcMs, cpuCores, residentBytes, volumes, index } = status;
  const askedUtcMs = (exchange.sentUtcMs + exchange.receivedUtcMs) / 2;
  return {
    kind: 'up',
    version,
    startedUtcMs,
    cpuCores,
    residentBytes,
    volumes,
    ...(index && { index }),
    config,
    clockOffsetMs: Math.round(status.nowUtcMs - askedUtcMs),
  };
}

export interface NodeReport {
  readonly state: NodeState;
  readonly cameras: ReadonlyMap<string, EngineCameraStatus>;
}

/** `report` is of the node that the camera is assigned to. */
export function cameraHealth({ id, nodeId }: Camera, report: NodeReport | undefined): CameraHealth {
  if (nodeId === undefined) return { cameraId: id, state: { kind: 'not-assigned' } };
  return { cameraId: id, nodeId, state: assignedState(id, report) };
}

const reasons = {
  connecting: 'pending',
  'not-deployed': 'node-not-deployed',
  down: 'node-down',
} as const satisfies Record<Exclude<NodeState['kind'], 'up'>, string>;

function assignedState(id: string, report: NodeReport | undefined): CameraHealth['state'] {
  const kind = report?.state.kind ?? 'connecting';
  if (kind !== 'up') return { kind: 'unknown', reason: reasons[kind] };
  const status = report?.cameras.get(id);
  if (!status) return { kind: 'unknown', reason: 'pending' };
  const { recording, main, sub } = status;
  return { kind: 'reported', recording, main, ...(sub && { sub }) };
}
