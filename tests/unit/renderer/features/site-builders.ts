import type { CameraRow } from '../../../../src/renderer/features/fleet/overview.ts';
import { cameraCondition } from '../../../../src/renderer/features/fleet/camera-condition.ts';
import type { Camera, CameraHealth, NodeHealth, SiteNode } from '../../../../src/shared/contract/index.ts';
import type { RecordingState, StreamStatus } from '../../../../src/shared/engine-api/status.ts';

export function camera(id: string, nodeId?: string): Camera {
  return {
    id,
    name: `Camera ${id}`,
    address: '10.0.0.1',
    profiles: [],
    mainUri: 'rtsp://10.0.0.1/main',
    ...(nodeId === undefined ? {} : { nodeId }),
    addedUtcMs: 0,
  };
}

export const streaming: StreamStatus = {
  state: { kind: 'streaming', sinceUtcMs: 0 },
  bitrateBps: 4_000_000,
  framesPerSecond: 25,
  lastFrameAgeMs: 30,
  viewers: 0,
  framesReceived: 100,
  framesLost: 0,
  reconnects: 0,
};

export const recording: RecordingState = { kind: 'recording', sinceUtcMs: 0, segmentId: 1 };

export function reported(of: Camera, state: RecordingState, main: StreamStatus): CameraHealth {
  return {
    cameraId: of.id,
    ...(of.nodeId === undefined ? {} : { nodeId: of.nodeId }),
    state: { kind: 'reported', recording: state, main },
  };
}

export function row(of: Camera, health?: CameraHealth): CameraRow {
  return { camera: of, health, condition: cameraCondition(of, health), nodeName: of.nodeId };
}

export function node(id: string, isDeployed = true): SiteNode {
  return {
    id,
    name: `Node ${id}`,
    address: '10.0.1.1',
    port: 22,
    username: 'root',
    authentication: 'key',
    hostKeyFingerprint: 'SHA256:x',
    engine: isDeployed
      ? { kind: 'deployed', version: '1.0.0', host: 'systemd', port: 7443, deployedUtcMs: 0 }
      : { kind: 'none' },
    addedUtcMs: 0,
  };
}

type Up = Extract<NodeHealth['state'], { kind: 'up' }>;

export function up(id: string, changes: Partial<Up> = {}): NodeHealth {
  return {
    nodeId: id,
    cameraCount: 0,
    state: {
      kind: 'up',
      version: '1.0.0',
      startedUtcMs: 0,
      cpuCores: 0.05,
      residentBytes: 6e7,
      volumes: [
        {
          name: 'recordings',
          path: '/v',
          totalBytes: 1e12,
          freeBytes: 5e11,
          reserveBytes: 1e10,
          storedBytes: 4e11,
          state: { kind: 'ok', sinceUtcMs: 0 },
        },
      ],
      config: { kind: 'in-step' },
      clockOffsetMs: 3,
      ...changes,
    },
  };
}
