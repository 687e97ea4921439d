import { describe, expect, it } from 'vitest';
import {
  newIdentity,
  recogniseVolume,
  type MarkerReading,
} from '../../../../src/engine/storage/volume-identity.ts';

const nodeId = '5b0f6c1e-6f3c-4d39-9d0f-3d9d5f6c2a11';
const identity = newIdentity(nodeId, 1000);
const place = { name: 'archive', path: '/mnt/archive', nodeId };
const present = (changes: object = {}): MarkerReading => ({
  kind: 'present',
  identity: { ...identity, ...changes },
});

describe('recogniseVolume', () => {
  it.each([
    ['its own disk', present(), identity.volumeId, { kind: 'recognised', volumeId: identity.volumeId }],
    [
      'its own disk, whose name was forgotten',
      present(),
      undefined,
      { kind: 'recognised', volumeId: identity.volumeId },
    ],
    ['a new disk under a new name', { kind: 'absent' }, undefined, { kind: 'new' }],
  ] as const)('recognises %s', (...[, reading, knownVolumeId, expected]) => {
    expect(recogniseVolume(reading, { ...place, knownVolumeId })).toEqual(expected);
  });

  it.each([
    ['no directory', { kind: 'no-directory' }, 'missing', /no directory \/mnt\/archive/],
    ['an empty mount point', { kind: 'absent' }, 'missing', /not its disk/],
    [
      "another engine's disk",
      present({ nodeId: '00000000-0000-4000-8000-000000000000' }),
      'foreign',
      /another engine/,
    ],
    [
      'another volume',
      present({ volumeId: '00000000-0000-4000-8000-000000000000' }),
      'foreign',
      /another volume/,
    ],
    ['a damaged marker', { kind: 'damaged' }, 'foreign', /damaged/],
  ] as const)('does not fill %s', (...[, reading, kind, sentence]) => {
    const recognition = recogniseVolume(reading, { ...place, knownVolumeId: identity.volumeId });
    expect(recognition).toEqual({
      kind,
      detail: expect.stringMatching(sentence),
      remedy: expect.stringMatching(/^[A-Z].*\.$/),
    });
  });
});
