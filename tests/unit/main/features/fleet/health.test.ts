import { describe, expect, it } from 'vitest';
import { cameraHealth, upState, type NodeState } from '../../../../../src/main/features/fleet/health.ts';
import type { Camera } from '../../../../../src/shared/contract/index.ts';
import type {
  EngineCameraStatus,
  EngineStatus,
  StreamStatus,
} from '../../../../../src/shared/engine-api/index.ts';

const camera: Camera = {
  id: 'gate',
  name: 'Gate',
  address: '10.0.0.1',
  profiles: [],
  mainUri: 'rtsp://10.0.0.1/main',
  nodeId: 'rec-1',
  addedUtcMs: 0,
};
const stream: StreamStatus = {
  state: { kind: 'idle' },
  bitrateBps: 0,
  framesPerSecond: 0,
  viewers: 0,
  framesReceived: 0,
  framesLost: 0,
  reconnects: 0,
};
const reported: EngineCameraStatus = {
  id: 'gate',
  recording: { kind: 'off' },
  bytesRecorded: 0,
  main: stream,
};
const status: EngineStatus = {
  nodeId: '5c1e0f5a-0001-4000-8000-000000000001',
  version: '0.1.0',
  nowUtcMs: 10_350,
  startedUtcMs: 5,
  configVersion: 1,
  cpuCores: 0.5,
  residentBytes: 7,
  volumes: [],
  cameras: [reported],
};
const up = upState(status, { sentUtcMs: 10_000, receivedUtcMs: 10_101 }, { kind: 'in-step' });

describe('upState', () => {
  it('takes the node’s clock to have been read half way between question and answer', () => {
    expect(up).toEqual({
      kind: 'up',
      version: '0.1.0',
      startedUtcMs: 5,
      cpuCores: 0.5,
      residentBytes: 7,
      volumes: [],
      config: { kind: 'in-step' },
      clockOffsetMs: 300,
    });
  });
});

describe('cameraHealth', () => {
  const failure = { code: 'unreachable', message: 'Gone.' } as const;
  it.each<[string, NodeState, 'pending' | 'node-not-deployed' | 'node-down']>([
    ['is being connected', { kind: 'connecting' }, 'pending'],
    ['has no engine', { kind: 'not-deployed' }, 'node-not-deployed'],
    ['is down', { kind: 'down', failure, sinceUtcMs: 1 }, 'node-down'],
    ['has not heard of it', up, 'pending'],
  ])('is unknown while its node %s', (_what, state, reason) => {
    expect(cameraHealth(camera, { state, cameras: new Map() })).toEqual({
      cameraId: 'gate',
      nodeId: 'rec-1',
      state: { kind: 'unknown', reason },
    });
  });

  it('is what the engine reports, with a sub stream only where there is one', () => {
    const cameras = new Map([['gate', { ...reported, sub: stream }]]);
    expect(cameraHealth(camera, { state: up, cameras }).state).toEqual({
      kind: 'reported',
      recording: { kind: 'off' },
      main: stream,
      sub: stream,
    });
    expect(cameraHealth(camera, { state: up, cameras: new Map([['gate', reported]]) }).state).toEqual({
      kind: 'reported',
      recording: { kind: 'off' },
      main: stream,
    });
  });

  it('is not assigned without a node', () => {
    const { nodeId: _none, ...unassigned } = camera;
    expect(cameraHealth(unassigned, undefined)).toEqual({
      cameraId: 'gate',
      state: { kind: 'not-assigned' },
    });
  });
});
