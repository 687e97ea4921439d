import { expect, test } from 'vitest';
import { tileSound } from '../../../../src/renderer/features/wall/sound.ts';
import type { CameraHealth } from '../../../../src/shared/contract/index.ts';
import type { LiveSound } from '../../../../src/shared/engine-api/status.ts';
import { camera, recording, reported, streaming } from './site-builders.ts';

const one = camera('one', 'n1');
const heard = (liveSound: LiveSound) => reported(one, recording, { ...streaming, liveSound });
const down: CameraHealth = {
  cameraId: 'one',
  nodeId: 'n1',
  state: { kind: 'unknown', reason: 'node-down' },
};
const detail = 'The camera sends G.711 sound. Choose AAC.';

test.each([
  ['nothing is heard of it', undefined, { kind: 'none' }],
  ['its node is down', down, { kind: 'none' }],
  ['the stream does not run', reported(one, recording, streaming), { kind: 'none' }],
  ['it sends none', heard({ kind: 'none' }), { kind: 'none' }],
  ['it sends what pages play', heard({ kind: 'direct' }), { kind: 'playable' }],
  ['its node would convert it', heard({ kind: 'on-request' }), { kind: 'convertible' }],
  ['its node cannot convert it', heard({ kind: 'unavailable', detail }), { kind: 'unavailable', detail }],
] as const)('a camera’s sound when %s', (...[, health, expected]) => {
  expect(tileSound(health, 'main')).toEqual(expected);
});

test('each stream has its own', () => {
  expect(tileSound(heard({ kind: 'direct' }), 'sub')).toEqual({ kind: 'none' });
});
