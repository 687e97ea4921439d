import { expect } from 'vitest';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { createRecorder } from '../../src/engine/recording/index.ts';
import { syntheticDescription, syntheticStream } from '../unit/engine/recording/synthetic-stream.ts';
import { quietLog, type OpenedStore } from './storage-fixture.ts';

export const cameraId = 'gate-north';
export const firstUtcMs = 1_700_000_000_000;
export const dayMs = 24 * 60 * 60 * 1000;
export const firstDay = `cameras/${cameraId}/2023-11-14`;
export const secondDay = `cameras/${cameraId}/2023-11-15`;

/** Some seconds of a camera, beginning so long after the first. */
export async function record(
  { store }: OpenedStore,
  { camera = cameraId, startMs = 0, seconds = 5 } = {},
): Promise<void> {
  const { description, samples } = syntheticStream({ seed: 1, seconds, startMs });
  const recorder = createRecorder({
    cameraId: camera,
    store,
    clock: createSystemClock(),
    log: quietLog,
    limits: { segmentDurationMs: 2000, maximumQueuedBytes: 1024 ** 3 },
  });
  recorder.onDescription(description);
  for (const sample of samples) recorder.onSample(sample);
  await recorder.stop();
  expect(recorder.status()).toMatchObject({ framesDropped: 0, framesRecorded: samples.length });
}

export function opening(startUtcMs: number): Parameters<OpenedStore['store']['begin']>[0] {
  return {
    cameraId,
    content: 'main',
    tracks: { video: syntheticDescription(false).video },
    startUtcMs,
    startMonotonicMs: 1000,
    mediaStart90k: 0,
  };
}
