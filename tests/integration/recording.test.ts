import { describe, expect, it } from 'vitest';
import { createRecorder, type Recorder, type RecorderLimits } from '../../src/engine/recording/index.ts';
import type { SegmentInfo } from '../../src/shared/engine-api/index.ts';
import type { SegmentStore } from '../../src/engine/storage/index.ts';
import type { Sample } from '../../src/engine/media/sample.ts';
import {
  decodingComplaints,
  ffmpegMissing,
  makeSource,
  packetTimes,
  pictureHashes,
  temporaryDirectory,
  type MediaSource,
} from './recording-fixture.ts';
import { openStore, quietLog } from './storage-fixture.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';

const cameraId = 'gate-north';

function startRecorder(store: SegmentStore, limits: Partial<RecorderLimits> = {}): Recorder {
  return createRecorder({ cameraId, store, clock: createSystemClock(), log: quietLog, limits });
}

/** Feeds everything at once, as a camera would in `seconds`, with a queue that takes it. */
async function record(
  store: SegmentStore,
  source: MediaSource,
  limits: Partial<RecorderLimits>,
): Promise<Recorder> {
  const recorder = startRecorder(store, { maximumQueuedBytes: 1024 ** 3, ...limits });
  recorder.onDescription(source.description);
  for (const sample of source.samples) recorder.onSample(sample);
  await recorder.stop();
  return recorder;
}

async function segmentsOf(store: SegmentStore): Promise<readonly SegmentInfo[]> {
  const { segments } = await store.segments(cameraId, { limit: 1000 });
  return segments;
}

async function filesOf(store: SegmentStore): Promise<string[]> {
  const segments = await segmentsOf(store);
  const files = await Promise.all(segments.map(({ id }) => store.segmentFile(cameraId, id)));
  return files.map((file) => file?.path ?? 'missing');
}

function videoOf(source: MediaSource): readonly Sample[] {
  return source.samples.filter((sample) => sample.track === 'video');
}

describe.skipIf(ffmpegMissing)(`recording, judged by ffmpeg (${ffmpegMissing ?? 'present'})`, () => {
  it('keeps every picture and sound over segment cuts', async () => {
    await using directory = await temporaryDirectory();
    const source = await makeSource(directory.path, {
      seconds: 11,
      framesPerSecond: 25,
      size: '320x240',
      gopFrames: 25,
      withAudio: true,
    });
    await using opened = await openStore(directory.path);

    const recorder = await record(opened.store, source, { segmentDurationMs: 3000 });

    const files = await filesOf(opened.store);
    expect(files.length).toBeGreaterThanOrEqual(3);
    expect(await pictureHashes(files)).toEqual(source.pictureHashes);
    for (const file of files) expect(await decodingComplaints(file)).toBe('');
    const sounds = await Promise.all(files.map((file) => packetTimes(file, 'a')));
    expect(sounds.flat().length).toBe(source.samples.length - videoOf(source).length);
    expect(recorder.status()).toMatchObject({
      state: { kind: 'off' },
      framesRecorded: 275,
      framesDropped: 0,
      queuedBytes: 0,
    });
  });
});
