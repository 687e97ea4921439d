import { describe, expect, it } from 'vitest';
import { cameraTasks } from '../../../../src/engine/camera/camera-task.ts';
import { cameraSetChange } from '../../../../src/engine/camera/config-change.ts';
import { DEFAULT_STREAM_OVERRIDES, StreamOverrides } from '../../../../src/shared/engine-api/index.ts';
import type { CameraConfig } from '../../../../src/shared/engine-api/index.ts';

const gate: CameraConfig = {
  id: 'gate',
  name: 'Gate',
  main: 'rtsp://10.0.0.1/main',
  sub: 'rtsp://10.0.0.1/sub',
  credentials: { username: 'admin', password: 'one' },
  record: true,
};
const dock: CameraConfig = { id: 'dock', name: 'Dock', main: 'rtsp://10.0.0.2/main', record: true };
const hall: CameraConfig = { id: 'hall', name: 'Hall', main: 'rtsp://10.0.0.3/main', record: false };

function tasks(cameras: readonly CameraConfig[]) {
  return cameraTasks({ cameras, master: { slaves: [], cameras: [] } });
}

function taskOf(camera: CameraConfig) {
  return tasks([camera])[0];
}

function changeOf(before: readonly CameraConfig[], after: readonly CameraConfig[]) {
  return cameraSetChange(tasks(before), tasks(after));
}

describe('the difference of two lists of cameras', () => {
  it('leaves cameras alone that are the same, wherever they stand in the list', () => {
    const copies = [hall, dock, gate].map((camera) => structuredClone(camera));
    expect(changeOf([gate, dock, hall], copies)).toEqual({ removed: [], added: [], changed: [] });
  });

  it('names who comes and who goes', () => {
    expect(changeOf([gate, dock], [dock, hall])).toEqual({
      removed: ['gate'],
      added: [taskOf(hall)],
      changed: [],
    });
  });

  it.each<[string, CameraConfig]>([
    ['another main stream', { ...gate, main: 'rtsp://10.0.0.9/main' }],
    ['another sub stream', { ...gate, sub: 'rtsp://10.0.0.9/sub' }],
    ['another password', { ...gate, credentials: { username: 'admin', password: 'two' } }],
    ['another user', { ...gate, credentials: { username: 'viewer', password: 'one' } }],
    ['recording ended', { ...gate, record: false }],
    ['another transport', { ...gate, overrides: { ...DEFAULT_STREAM_OVERRIDES, transport: 'udp' } }],
    ['another clock', { ...gate, overrides: { ...DEFAULT_STREAM_OVERRIDES, clock: 'arrival' } }],
    ['no sub stream any more', { id: 'gate', name: 'Gate', main: gate.main, record: true }],
  ])('sees %s', (_what, changed) => {
    expect(changeOf([gate, dock], [changed, dock])).toEqual({
      removed: [],
      added: [],
      changed: [taskOf(changed)],
    });
  });

  it('does not disturb a camera that is now told what it did by itself', () => {
    const change = changeOf([gate], [{ ...gate, overrides: StreamOverrides.parse({}) }]);
    expect(change).toEqual({ removed: [], added: [], changed: [] });
  });

  it('does not disturb a camera for a new name', () => {
    expect(changeOf([gate], [{ ...gate, name: 'Main gate' }])).toEqual({
      removed: [],
      added: [],
      changed: [],
    });
  });
});
