import { describe, expect, test } from 'vitest';
import {
  cameraCondition,
  conditionGroup,
  conditionTone,
} from '../../../../src/renderer/features/fleet/camera-condition.ts';
import { summarizeDisk, summarizeSite } from '../../../../src/renderer/features/fleet/disk.ts';
import { nodeCondition, nodeTone } from '../../../../src/renderer/features/fleet/node-condition.ts';
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
      { kind: 'disk-full', sinceUtcMs: 0, detail: 'full' },
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

const troubled = (name: string, { state }: VolumeStatus) => ({ name, path: `/${name}`, trouble: state });

describe('a node’s condition', () => {
  const trouble = { sinceUtcMs: 0, detail: 'What is the matter.', remedy: 'What to do now.' };
  const volume = { name: 'v', path: '/v', totalBytes: 1, freeBytes: 0, reserveBytes: 0, storedBytes: 1 };
  const full: VolumeStatus = { ...volume, state: { kind: 'full', ...trouble } };
  const hung: VolumeStatus = { ...volume, name: 'w', path: '/w', state: { kind: 'hung', ...trouble } };
  const opening: VolumeStatus = { ...volume, state: { kind: 'opening', sinceUtcMs: 0 } };
  const well: VolumeStatus = { ...volume, name: 'x', path: '/x', state: { kind: 'ok', sinceUtcMs: 0 } };
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
      { kind: 'disk', troubles: [troubled('v', full)], elsewhere: [] },
    ],
    [
      'a disk that hangs before one that is full',
      up('n', { volumes: [full, hung] }),
      undefined,
      { kind: 'disk', troubles: [troubled('w', hung), troubled('v', full)], elsewhere: [] },
    ],
    [
      'a disk that hangs, and another that takes its footage',
      up('n', { volumes: [hung, well] }),
      undefined,
      { kind: 'disk', troubles: [troubled('w', hung)], elsewhere: ['x'] },
    ],
    [
      'no disk but one that is being checked',
      up('n', { volumes: [opening] }),
      undefined,
      { kind: 'disk-opening' },
    ],
    [
      'a disk that is being checked beside one that takes footage',
      up('n', { volumes: [opening, well] }),
      undefined,
      { kind: 'up' },
    ],
    [
      'an index in trouble before a refused configuration',
      up('n', { index: { kind: 'hung', ...trouble }, config: { kind: 'failed', failure } }),
      undefined,
      { kind: 'index', trouble: { kind: 'hung', ...trouble } },
    ],
    ['an index that is well', up('n', { index: { kind: 'ok', sinceUtcMs: 0 } }), undefined, { kind: 'up' }],
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

  test('a disk in trouble is less bad while another takes its footage', () => {
    const tones = [[hung], [hung, well], [opening]].map((volumes) =>
      nodeTone(nodeCondition(node('n'), up('n', { volumes }))),
    );
    expect(tones).toEqual(['bad', 'warning', 'busy']);
  });

  test('without an engine nothing else matters', () => {
    expect(nodeCondition(node('n', false), up('n'))).toEqual({ kind: 'not-deployed' });
  });
});

describe('the disk', () => {
  const gigabyte = 1e9;
  const volume: VolumeStatus = {
    name: 'v',
    path: '/v',
    totalBytes: 1000 * gigabyte,
    freeBytes: 400 * gigabyte,
    reserveBytes: 100 * gigabyte,
    storedBytes: 600 * gigabyte,
    state: { kind: 'ok', sinceUtcMs: 0 },
  };
  const trouble = { sinceUtcMs: 0, detail: 'd', remedy: 'r' };

  test('lasts as long as what recording may use lasts at the present rate', () => {
    const almostFull = { ...volume, freeBytes: 50 * gigabyte };
    expect(summarizeDisk([volume, almostFull], 8 * gigabyte)).toEqual({
      totalBytes: 2000 * gigabyte,
      freeBytes: 450 * gigabyte,
      usableBytes: 300 * gigabyte,
      isRotating: false,
      lastsMs: 300_000,
    });
  });

  test('is used up to its quota', () => {
    expect(summarizeDisk([{ ...volume, quotaBytes: 650 * gigabyte }], 0)).toMatchObject({
      usableBytes: 50 * gigabyte,
      isRotating: false,
    });
  });

  test('of a site is full when that of its first node is', () => {
    const summaries = [8, 16, 0].map((rate) => summarizeDisk([volume], rate * gigabyte));
    expect(summarizeSite(summaries)).toEqual({
      totalBytes: 3000 * gigabyte,
      freeBytes: 1200 * gigabyte,
      usableBytes: 900 * gigabyte,
      isRotating: false,
      lastsMs: 150_000,
    });
    const rotating = summarizeDisk([{ ...volume, freeBytes: 100 * gigabyte }], gigabyte);
    expect(summarizeSite([rotating])).toEqual(rotating);
    expect(summarizeSite([rotating, ...summaries])).toMatchObject({ isRotating: false, lastsMs: 150_000 });
  });

  test('has no end when nothing is written', () => {
    expect(summarizeDisk([volume], 0)).toEqual({
      totalBytes: 1000 * gigabyte,
      freeBytes: 400 * gigabyte,
      usableBytes: 300 * gigabyte,
      isRotating: false,
    });
  });

  test('that is full of footage has no end either: the oldest makes room', () => {
    const full = { ...volume, freeBytes: 100.5 * gigabyte };
    expect(summarizeDisk([full], 8 * gigabyte)).toEqual({
      totalBytes: 1000 * gigabyte,
      freeBytes: 100.5 * gigabyte,
      usableBytes: 0.5 * gigabyte,
      isRotating: true,
    });
    expect(summarizeDisk([{ ...full, storedBytes: 0 }], 8 * gigabyte)).toMatchObject({
      isRotating: false,
      lastsMs: 500,
    });
  });

  test.each([
    { kind: 'read-only', ...trouble },
    { kind: 'hung', ...trouble },
    { kind: 'missing', ...trouble },
    { kind: 'foreign', ...trouble },
    { kind: 'failing', code: 'EIO', ...trouble },
    { kind: 'opening', sinceUtcMs: 0 },
  ] as const)('that is $kind leaves nothing', (state) => {
    expect(summarizeDisk([{ ...volume, state }], 8 * gigabyte)).toEqual({
      totalBytes: 1000 * gigabyte,
      freeBytes: 400 * gigabyte,
      usableBytes: 0,
      isRotating: false,
    });
  });
});
