import { describe, expect, test } from 'vitest';
import {
  cameraCondition,
  conditionGroup,
  conditionTone,
} from '../../../../src/renderer/features/fleet/camera-condition.ts';
import { summarizeDisk } from '../../../../src/renderer/features/fleet/disk.ts';
import { nodeCondition } from '../../../../src/renderer/features/fleet/node-condition.ts';
import type { Failure, Run } from '../../../../src/shared/contract/index.ts';
import type { VolumeStatus } from '../../../../src/shared/engine-api/volumes.ts';
import { camera, node, recording, reported, streaming, up } from './site-builders.ts';

const failure: Failure = { code: 'unreachable', message: 'It does not answer.' };

const waitingFor = (reason: 'refused-credentials' | 'silent') =>
  ({
    ...streaming,
    state: { kind: 'waiting', reason, detail: 'd', sinceUtcMs: 0, retryAtUtcMs: 1 },
  }) as const;

describe('a camera’s condition', () => {
  const one = camera('one', 'n1');

  test.each([
    ['no node', camera('one'), undefined, { kind: 'not-assigned' }],
    ['nothing heard yet', one, undefined, { kind: 'pending' }],
    [
      'health of its former node',
      one,
      reported(camera('one', 'n0'), recording, streaming),
      { kind: 'pending' },
    ],
    [
      'node down',
      one,
      { cameraId: 'one', nodeId: 'n1', state: { kind: 'unknown', reason: 'node-down' } },
      { kind: 'node-down' },
    ],
    ['recording', one, reported(one, recording, streaming), { kind: 'recording' }],
    [
      'recording without new frames',
      one,
      reported(one, recording, { ...streaming, lastFrameAgeMs: 5001 }),
      { kind: 'frozen', ageMs: 5001 },
    ],
    [
      'refused',
      one,
      reported(one, { kind: 'waiting-for-stream' }, waitingFor('refused-credentials')),
      { kind: 'waiting', reason: 'refused-credentials', sinceUtcMs: 0, ageMs: 30 },
    ],
    [
      'lost, with its last segment still open',
      one,
      reported(one, recording, waitingFor('silent')),
      { kind: 'waiting', reason: 'silent', sinceUtcMs: 0, ageMs: 30 },
    ],
    [
      'lost a while ago, and tried again and again',
      one,
      reported(
        one,
        { kind: 'waiting-for-stream' },
        {
          ...waitingFor('silent'),
          state: { ...waitingFor('silent').state, sinceUtcMs: 900, outageSinceUtcMs: 100 },
        },
      ),
      { kind: 'waiting', reason: 'silent', sinceUtcMs: 100, ageMs: 30 },
    ],
    [
      'being tried again',
      one,
      reported(
        one,
        { kind: 'waiting-for-stream' },
        {
          ...streaming,
          state: {
            kind: 'connecting',
            sinceUtcMs: 900,
            outage: { sinceUtcMs: 100, reason: 'refused', detail: 'd' },
          },
        },
      ),
      { kind: 'waiting', reason: 'refused', sinceUtcMs: 100, ageMs: 30 },
    ],
    [
      'lost, and nobody knows why yet',
      one,
      reported(
        one,
        { kind: 'waiting-for-stream' },
        { ...streaming, state: { kind: 'connecting', sinceUtcMs: 0 }, lastFrameAgeMs: 5001 },
      ),
      { kind: 'lost', ageMs: 5001 },
    ],
    ['on its way', one, reported(one, { kind: 'waiting-for-stream' }, streaming), { kind: 'connecting' }],
    [
      'halted',
      one,
      reported(one, { kind: 'halted', reason: 'disk-full', detail: 'full', sinceUtcMs: 0 }, streaming),
      { kind: 'disk-full', sinceUtcMs: 0 },
    ],
    ['off', one, reported(one, { kind: 'off' }, streaming), { kind: 'off' }],
  ] as const)('%s', (...[, of, health, expected]) => {
    expect(cameraCondition(of, health)).toEqual(expected);
  });

  test('only a recording camera counts as well, and trouble has a tone of its own', () => {
    expect(
      (['recording', 'not-assigned', 'node-down', 'pending'] as const).map((kind) => [
        conditionGroup({ kind }),
        conditionTone({ kind }),
      ]),
    ).toEqual([
      ['recording', 'recording'],
      ['not-assigned', 'idle'],
      ['attention', 'bad'],
      ['attention', 'busy'],
    ]);
  });
});

describe('a node’s condition', () => {
  const trouble = { sinceUtcMs: 0, detail: 'What is the matter.', remedy: 'What to do now.' };
  const volume = { name: 'v', path: '/v', totalBytes: 1, freeBytes: 0, reserveBytes: 0, storedBytes: 1 };
  const full: VolumeStatus = { ...volume, state: { kind: 'full', ...trouble } };
  const hung: VolumeStatus = { ...volume, path: '/w', state: { kind: 'hung', ...trouble } };
  const running: Run = {
    id: '6f1c0a52-97b1-4d5e-9a55-0a55f9a5f5a1',
    kind: 'deploy',
    nodeId: 'n',
    startedUtcMs: 0,
    state: { kind: 'running' },
    steps: [],
    log: [],
  };
  const finished: Run = { ...running, state: { kind: 'succeeded', finishedUtcMs: 1 } };

  test.each([
    ['a run comes first', up('n'), running, { kind: 'deploying' }],
    ['up after its run', up('n'), finished, { kind: 'up' }],
    ['nothing heard', undefined, undefined, { kind: 'connecting' }],
    [
      'down',
      { nodeId: 'n', cameraCount: 0, state: { kind: 'down', failure, sinceUtcMs: 5 } },
      undefined,
      { kind: 'down', failure, sinceUtcMs: 5 },
    ],
    [
      'a full disk before a refused configuration',
      up('n', { volumes: [full], config: { kind: 'failed', failure } }),
      undefined,
      { kind: 'disk-full', path: '/v' },
    ],
    [
      'a disk that hangs before one that is full',
      up('n', { volumes: [full, hung] }),
      undefined,
      { kind: 'disk-error', path: '/w' },
    ],
    [
      'a disk that is being checked is well',
      up('n', { volumes: [{ ...volume, state: { kind: 'opening', sinceUtcMs: 0 } }] }),
      undefined,
      { kind: 'up' },
    ],
    [
      'a refused configuration',
      up('n', { config: { kind: 'failed', failure } }),
      undefined,
      { kind: 'config-failed', failure },
    ],
    [
      'a clock that is off',
      up('n', { clockOffsetMs: -1001 }),
      undefined,
      { kind: 'clock-off', offsetMs: -1001 },
    ],
    [
      'assignments on their way',
      up('n', { config: { kind: 'pending' } }),
      undefined,
      { kind: 'config-pending' },
    ],
  ] as const)('%s', (...[, health, run, expected]) => {
    expect(nodeCondition(node('n'), health, run)).toEqual(expected);
  });

  test('without an engine nothing else matters', () => {
    expect(nodeCondition(node('n', false), up('n'))).toEqual({ kind: 'not-deployed' });
  });
});

describe('the disk', () => {
  const volume: VolumeStatus = {
    name: 'v',
    path: '/v',
    totalBytes: 1000,
    freeBytes: 400,
    reserveBytes: 100,
    storedBytes: 600,
    state: { kind: 'ok', sinceUtcMs: 0 },
  };

  test('lasts as long as what recording may use lasts at the present rate', () => {
    expect(summarizeDisk([volume, { ...volume, freeBytes: 50 }], 800)).toEqual({
      totalBytes: 2000,
      freeBytes: 450,
      usableBytes: 300,
      lastsMs: 3000,
    });
  });

  test('has no end when nothing is written', () => {
    expect(summarizeDisk([volume], 0)).toEqual({ totalBytes: 1000, freeBytes: 400, usableBytes: 300 });
  });
});
