import { expect, it } from 'vitest';
import { storageConfig } from '../../../../src/engine/storage-config.ts';

const defaults = { path: '/var/lib/belvedere/recordings', reserveBytes: 1 };

it('holds to what was promised of the footage of a camera that is not recorded any more', () => {
  const retention = { maximumDays: 30 };
  const camera = { id: 'gate', name: 'Gate', main: 'rtsp://127.0.0.1/main', record: false, retention };
  const { cameras } = storageConfig({ volumes: [], cameras: [camera] }, defaults);
  expect([...cameras]).toEqual([['gate', { retention, preferredVolume: undefined }]]);
});
