import { describe, expect, it } from 'vitest';
import { createRecorder, type Recorder, type RecorderLimits } from '../../src/engine/recording/index.ts';
import type { SegmentInfo } from '../../src/shared/engine-api/index.ts';
import type { SegmentStore } from '../../src/engine/storage/index.ts';
import type { Sample } from '../../src/engine/media/sample.ts';
import {
  decodingComplaints,
  ffmpegMissing,
  later,
  makeSource,
  packetTimes,
  pictureHashes,
  probe,
  sourceStart,
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

const clip = { seconds: 11, framesPerSecond: 25, size: '320x240', gopFrames: 25 } as const;

describe.skipIf(ffmpegMissing)(`recording, judged by ffmpeg (${ffmpegMissing ?? 'present'})`, () => {
  it('keeps every picture and sound over segment cuts', async () => {
    await using directory = await temporaryDirectory();
    const source = await makeSource(directory.path, { ...clip, withAudio: true });
    await using opened = await openStore(directory.path);

    const recorder = await record(opened.store, source, { segmentDurationMs: 3000 });

    const files = await filesOf(opened.store);
    expect(files.length).toBeGreaterThanOrEqual(3);
    expect(await pictureHashes(files)).toEqual(source.pictureHashes);
    for (const file of files) expect(await decodingComplaints(file)).toBe('');
    const sounds = await Promise.all(files.map((file) => packetTimes(file, 'a')));
    expect(sounds.flat().length).toBe(source.samples.length - videoOf(source).length);
    expect(recorder.status()).toEqual({
      state: { kind: 'off' },
      bytesRecorded: expect.any(Number),
      framesRecorded: 275,
      framesDropped: 0,
      soundsDropped: 0,
      queuedBytes: 0,
    });
  });

  it('lays segments on the timeline without a gap or an overlap', async () => {
    await using directory = await temporaryDirectory();
    const source = await makeSource(directory.path, clip);
    await using opened = await openStore(directory.path);

    await record(opened.store, source, { segmentDurationMs: 3000 });

    const segments = await segmentsOf(opened.store);
    let expectedStartUtcMs = sourceStart.utcMs;
    for (const segment of segments) {
      expect(segment.startUtcMs).toBe(expectedStartUtcMs);
      expectedStartUtcMs += segment.durationMs;
    }
    expect(expectedStartUtcMs).toBe(sourceStart.utcMs + clip.seconds * 1000);
    expect(new Set(segments.map(({ state }) => state))).toEqual(new Set(['finished']));
    expect(segments.reduce((sum, segment) => sum + segment.frameCount, 0)).toBe(275);
  });

  it('keeps the order and the time of B-frames', async () => {
    await using directory = await temporaryDirectory();
    const source = await makeSource(directory.path, { ...clip, seconds: 6, bFrames: 2 });
    await using opened = await openStore(directory.path);

    await record(opened.store, source, { segmentDurationMs: 60_000 });

    const [file = 'missing', ...others] = await filesOf(opened.store);
    expect(others).toEqual([]);
    const video = videoOf(source);
    expect(video.some((sample) => sample.pts90k !== sample.dts90k)).toBe(true);
    expect(await packetTimes(file, 'v')).toEqual(
      video.map(({ pts90k, dts90k }) => ({ pts: pts90k, dts: dts90k, duration: 3600 })),
    );
    expect(await decodingComplaints(file)).toBe('');
    expect(await pictureHashes([file])).toEqual(source.pictureHashes);
  });

  it('loses no sound that arrives after the picture it belongs to', async () => {
    await using directory = await temporaryDirectory();
    const source = await makeSource(directory.path, { ...clip, withAudio: true });
    const lateness90k = 27_000;
    const arrival = ({ track, dts90k }: Sample): number => dts90k + (track === 'audio' ? lateness90k : 0);
    const late = { ...source, samples: [...source.samples].sort((a, b) => arrival(a) - arrival(b)) };
    await using opened = await openStore(directory.path);

    await record(opened.store, late, { segmentDurationMs: 3000 });

    const files = await filesOf(opened.store);
    expect(files.length).toBeGreaterThanOrEqual(3);
    const sounds = await Promise.all(files.map((file) => packetTimes(file, 'a')));
    expect(sounds.flat().length).toBe(source.samples.length - videoOf(source).length);
    expect(await pictureHashes(files)).toEqual(source.pictureHashes);
    for (const file of files) expect(await decodingComplaints(file)).toBe('');
  });

  it('starts a new segment when the stream changes', async () => {
    await using directory = await temporaryDirectory();
    await using second = await temporaryDirectory();
    const small = await makeSource(directory.path, { ...clip, seconds: 3 });
    const large = await makeSource(second.path, { ...clip, seconds: 3, size: '640x360' });
    await using opened = await openStore(directory.path);
    const recorder = startRecorder(opened.store);

    recorder.onDescription(small.description);
    for (const sample of small.samples) recorder.onSample(sample);
    recorder.onDescription({ ...large.description, generation: 2 });
    for (const sample of large.samples) recorder.onSample(later(sample, 3000));
    await recorder.stop();

    const files = await filesOf(opened.store);
    const sizes = await Promise.all(
      files.map((file) => probe(file, ['-show_entries', 'stream=width,height'])),
    );
    expect(sizes).toEqual([['320,240'], ['640,360']]);
    expect(await pictureHashes(files)).toEqual([...small.pictureHashes, ...large.pictureHashes]);
    const segments = await segmentsOf(opened.store);
    expect(segments.map(({ durationMs }) => durationMs)).toEqual([3000, 3000]);
  });

  it('closes the segment when the camera goes, and opens another when it is back', async () => {
    await using directory = await temporaryDirectory();
    const source = await makeSource(directory.path, { ...clip, seconds: 3 });
    await using opened = await openStore(directory.path);
    const recorder = startRecorder(opened.store);

    recorder.onDescription(source.description);
    for (const sample of source.samples) recorder.onSample(sample);
    recorder.onInterruption({ kind: 'silent', detail: 'nothing for 10 s' });
    await expect
      .poll(() => recorder.status().state, { timeout: 10_000 })
      .toEqual({ kind: 'waiting-for-stream' });
    recorder.onDescription(source.description);
    for (const sample of source.samples) recorder.onSample(later(sample, 13_000));
    await recorder.stop();

    const segments = await segmentsOf(opened.store);
    expect(
      segments.map(({ startUtcMs, durationMs, frameCount }) => ({ startUtcMs, durationMs, frameCount })),
    ).toEqual([
      { startUtcMs: sourceStart.utcMs, durationMs: 3000, frameCount: 75 },
      { startUtcMs: sourceStart.utcMs + 13_000, durationMs: 3000, frameCount: 75 },
    ]);
    for (const file of await filesOf(opened.store)) expect(await decodingComplaints(file)).toBe('');
  });
});
