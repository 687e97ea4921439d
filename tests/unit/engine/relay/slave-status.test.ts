import { expect, it } from 'vitest';
import { masterStatus } from '../../../../src/engine/relay/index.ts';
import type {
  EngineCameraStatus,
  MasterConfig,
  StreamState,
  StreamStatus,
} from '../../../../src/shared/engine-api/index.ts';

function stream(state: StreamState): StreamStatus {
  const rates = { bitrateBps: 0, framesPerSecond: 0, viewers: 0 };
  return { state, ...rates, framesReceived: 0, framesLost: 0, reconnects: 0 };
}

function camera(id: string, main: StreamState, sub?: StreamState): EngineCameraStatus {
  const second = sub === undefined ? {} : { sub: stream(sub) };
  return { id, recording: { kind: 'off' }, bytesRecorded: 0, main: stream(main), ...second };
}

const idle: StreamState = { kind: 'idle' };
const streaming: StreamState = { kind: 'streaming', sinceUtcMs: 1 };
const failed = { reason: 'refused', detail: 'Slave dead cannot be reached.' } as const;
const waiting: StreamState = {
  kind: 'waiting',
  ...failed,
  sinceUtcMs: 9,
  outageSinceUtcMs: 5,
  retryAtUtcMs: 10,
};

const config: MasterConfig = {
  slaves: ['good', 'half', 'dead', 'again', 'unused'].map((id) => ({
    id,
    address: '10.0.0.1:8443',
    certificatePin: '',
    scope: 'peer',
  })),
  cameras: [
    ['gate', 'good'],
    ['dock', 'half'],
    ['hall', 'half'],
    ['yard', 'dead'],
    ['roof', 'again'],
    ['never-applied', 'dead'],
  ].map(([id = '', slaveId = '']) => ({ id, name: id, slaveId, hasSub: true, record: false })),
};

it('a slave is what its streams show, and serves as long as one of them comes', () => {
  const statuses = [
    camera('gate', streaming, streaming),
    camera('dock', waiting, idle),
    camera('hall', idle, streaming),
    camera('yard', idle, waiting),
    camera('roof', { kind: 'connecting', sinceUtcMs: 9, outage: { ...failed, sinceUtcMs: 5 } }),
    camera('own', waiting),
  ];
  expect(masterStatus(config, { status: () => statuses })).toEqual({
    master: {
      slaves: [
        { id: 'good', state: { kind: 'serving' }, streams: 2 },
        { id: 'half', state: { kind: 'serving' }, streams: 1 },
        { id: 'dead', state: { kind: 'failing', ...failed, sinceUtcMs: 5 }, streams: 0 },
        { id: 'again', state: { kind: 'failing', ...failed, sinceUtcMs: 5 }, streams: 0 },
        { id: 'unused', state: { kind: 'idle' }, streams: 0 },
      ],
    },
  });
});

it('an engine without slaves is no master', () => {
  expect(masterStatus({ slaves: [], cameras: [] }, { status: () => [camera('own', waiting)] })).toEqual({});
});
