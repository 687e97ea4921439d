import { expect, test } from 'vitest';
import { findAttention } from '../../../../src/renderer/features/site/attention.ts';
import { firstSteps } from '../../../../src/renderer/features/site/first-steps.ts';
import { filterCameras } from '../../../../src/renderer/features/cameras/filter.ts';
import { camera, recording, reported, row, streaming } from './site-builders.ts';

const { lastFrameAgeMs: _, ...neverStreamed } = streaming;
const healthy = row(camera('a', 'n1'), reported(camera('a', 'n1'), recording, streaming));
const downCamera = (id: string) =>
  row(camera(id, 'n2'), { cameraId: id, nodeId: 'n2', state: { kind: 'unknown', reason: 'node-down' } });
const refused = (id: string, sinceUtcMs = 200) =>
  row(
    camera(id, 'n1'),
    reported(
      camera(id, 'n1'),
      { kind: 'waiting-for-stream' },
      {
        ...neverStreamed,
        state: { kind: 'waiting', reason: 'refused-credentials', detail: '', sinceUtcMs, retryAtUtcMs: 1 },
      },
    ),
  );
const down = {
  kind: 'down',
  failure: { code: 'unreachable', message: 'm' },
  sinceUtcMs: 0,
} as const;

const halted = (id: string, nodeId: string) =>
  row(
    camera(id, nodeId),
    reported(
      camera(id, nodeId),
      { kind: 'halted', reason: 'disk-error', detail: 'The index does not answer.', sinceUtcMs: 7 },
      streaming,
    ),
  );

test('a healthy site needs nobody', () => {
  expect(findAttention([{ id: 'n1', name: 'One', condition: { kind: 'up' } }], [healthy], 0)).toEqual([]);
});

test('a node speaks for its cameras, cameras are grouped by reason, chores come last', () => {
  const found = findAttention(
    [
      { id: 'n1', name: 'One', condition: { kind: 'up' } },
      { id: 'n2', name: 'Two', condition: down },
      { id: 'n3', name: 'Three', condition: { kind: 'not-deployed' } },
    ],
    [healthy, downCamera('b'), downCamera('c'), refused('d'), refused('e', 100), row(camera('f'))],
    1000,
  );
  expect(found).toEqual([
    { kind: 'node', nodeId: 'n2', name: 'Two', condition: down, cameraCount: 2, sinceUtcMs: 0 },
    {
      kind: 'cameras',
      condition: { kind: 'waiting', reason: 'refused-credentials', sinceUtcMs: 100 },
      names: ['Camera d', 'Camera e'],
    },
    { kind: 'not-assigned', names: ['Camera f'] },
    { kind: 'not-deployed', names: ['Three'] },
  ]);
});

test('each volume in trouble is told, with what it costs, and cameras beside a well disk speak for themselves', () => {
  const trouble = { kind: 'missing', sinceUtcMs: 5, detail: 'd', remedy: 'r' } as const;
  const [v, w] = [
    { name: 'v', path: '/v', trouble },
    { name: 'w', path: '/w', trouble },
  ] as const;
  const disk = { kind: 'disk', troubles: [v, w], elsewhere: [] } as const;
  const found = findAttention(
    [
      { id: 'n1', name: 'One', condition: { kind: 'up' } },
      { id: 'n2', name: 'Two', condition: disk },
      { id: 'n3', name: 'Three', condition: { kind: 'disk-opening' } },
    ],
    [halted('a', 'n1'), halted('b', 'n2'), halted('c', 'n2'), halted('d', 'n3')],
    1000,
  );
  const two = { kind: 'volume', nodeId: 'n2', nodeName: 'Two', condition: disk };
  expect(found).toEqual([
    { ...two, volume: v, cameraCount: 2 },
    { ...two, volume: w, cameraCount: 0 },
    {
      kind: 'cameras',
      condition: { kind: 'disk-error', sinceUtcMs: 7, detail: 'The index does not answer.' },
      names: ['Camera a'],
      place: { address: '10.0.0.1', nodeName: 'n1' },
    },
  ]);
});

test('an index in trouble is told with since when', () => {
  const trouble = { kind: 'hung', sinceUtcMs: 5, detail: 'd', remedy: 'r' } as const;
  const condition = { kind: 'index', trouble } as const;
  expect(findAttention([{ id: 'n1', name: 'One', condition }], [healthy], 0)).toEqual([
    { kind: 'node', nodeId: 'n1', name: 'One', condition, cameraCount: 0, sinceUtcMs: 5 },
  ]);
});

test('the first steps are done by what is there', () => {
  const nothing = { cameras: 0, nodes: 0, nodesWithEngine: 0, assigned: 0 };
  const done = (progress: Partial<typeof nothing>) =>
    firstSteps({ ...nothing, ...progress })
      .filter((step) => step.done)
      .map(({ id }) => id);
  expect(done({})).toEqual([]);
  expect(done({ cameras: 3, nodes: 1 })).toEqual(['cameras', 'nodes']);
  expect(done({ cameras: 3, nodes: 1, nodesWithEngine: 1, assigned: 3 })).toEqual([
    'cameras',
    'nodes',
    'deploy',
    'assign',
  ]);
});

test('the filter wants every word, the group and the node', () => {
  const rows = [healthy, downCamera('b'), row(camera('f'))];
  const ids = (filter: Partial<Parameters<typeof filterCameras>[1]>) =>
    filterCameras(rows, { text: '', group: 'all', nodeId: undefined, ...filter }).map((one) => one.camera.id);
  expect([
    ids({}),
    ids({ text: ' camera  N2 ' }),
    ids({ text: 'camera zzz' }),
    ids({ group: 'recording' }),
    ids({ group: 'attention' }),
    ids({ group: 'not-assigned' }),
    ids({ nodeId: 'n1' }),
  ]).toEqual([['a', 'b', 'f'], ['b'], [], ['a'], ['b'], ['f'], ['a']]);
});
