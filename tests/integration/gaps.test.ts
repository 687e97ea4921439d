import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { createRecorder, GapKeeper, type Recorder } from '../../src/engine/recording/index.ts';
import { createGapLog, type Volume } from '../../src/engine/storage/index.ts';
import { Gap } from '../../src/shared/engine-api/index.ts';
import { syntheticStream } from '../unit/engine/recording/synthetic-stream.ts';
import { temporaryDirectory } from './recording-fixture.ts';
import { openStore, overriding, quietLog, type OpenedStore } from './storage-fixture.ts';

const cameraId = 'gate-north';
const clock = createSystemClock();
const firstUtcMs = 1_700_000_000_000;
const gapContent = Gap.omit({ id: true });

function recorderOn(opened: OpenedStore, bootId: string): Recorder {
  const gaps = new GapKeeper({ gapLog: createGapLog({ index: opened.index, bootId }), clock, log: quietLog });
  return createRecorder({ cameraId, store: opened.store, gaps: gaps.of(cameraId), clock, log: quietLog });
}

function feed(recorder: Recorder, startMs: number, seconds: number): void {
  const { description, samples } = syntheticStream({ seed: startMs, seconds, startMs });
  recorder.onDescription(description);
  for (const sample of samples) recorder.onSample(sample);
}

async function gapsOf({ index }: OpenedStore): Promise<Omit<Gap, 'id'>[]> {
  const gaps = await index.gaps({ cameraId, fromUtcMs: 0, toUtcMs: Number.MAX_SAFE_INTEGER, limit: 100 });
  return gaps.map((gap) => gapContent.parse(gap));
}

describe('the gaps of a recording', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

  beforeAll(async () => {
    directory = await temporaryDirectory();
  });
  afterAll(() => directory[Symbol.asyncDispose]());

  it('lie between what was recorded, to the picture, and survive stops and ends without warning', async () => {
    const path = `${directory.path}/through`;
    const silent = { kind: 'silent', detail: 'nothing for 5 s' } as const;
    {
      await using opened = await openStore(path);
      const recorder = recorderOn(opened, 'boot-of-the-test');
      feed(recorder, 0, 3);
      recorder.onInterruption(silent);
      // Nothing was lost here: the camera was back at once.
      feed(recorder, 4000, 2);
      recorder.onInterruption(silent);
      feed(recorder, 10_000, 2);
      await recorder.stop('shutdown');
    }
    {
      await using opened = await openStore(path);
      const recorder = recorderOn(opened, 'second boot');
      feed(recorder, 60_000, 2);
      await expect.poll(() => recorder.status().framesRecorded).toBeGreaterThan(0);
      // From here on the engine is gone without a word.
      recorder.onInterruption(silent);
      await expect.poll(() => recorder.status().queuedBytes).toBe(0);
    }
    await using opened = await openStore(path);
    const recorder = recorderOn(opened, 'third boot');
    feed(recorder, 90_000, 2);
    await expect.poll(() => recorder.status().framesRecorded).toBeGreaterThan(0);
    await expect
      .poll(async () => (await gapsOf(opened)).filter(({ endUtcMs }) => endUtcMs === undefined))
      .toEqual([]);

    expect(await gapsOf(opened)).toEqual([
      {
        cameraId,
        startUtcMs: firstUtcMs + 6000,
        endUtcMs: firstUtcMs + 10_000,
        reason: 'camera',
        evidence: { kind: 'interruption', interruption: 'silent', detail: 'nothing for 5 s' },
      },
      {
        cameraId,
        startUtcMs: firstUtcMs + 12_000,
        endUtcMs: firstUtcMs + 60_000,
        reason: 'planned',
        evidence: { kind: 'stopped', by: 'shutdown' },
      },
      {
        cameraId,
        startUtcMs: firstUtcMs + 62_000,
        endUtcMs: firstUtcMs + 90_000,
        reason: 'node',
        evidence: {
          kind: 'ended',
          former: { bootId: 'boot-of-the-test' },
          current: { bootId: 'third boot' },
          isSameBoot: false,
        },
      },
    ]);
    await recorder.stop();
  });

  it('begin where the disk kept the footage last, when it refuses to sync', async () => {
    let isFailing = false;
    let syncs = 0;
    const wrapVolume = (volume: Volume): Volume =>
      overriding(volume, {
        async create(filePath) {
          const file = await volume.create(filePath);
          return overriding(file, {
            async sync() {
              if (isFailing) throw Object.assign(new Error('EIO: injected'), { code: 'EIO' });
              await file.sync();
              syncs += 1;
            },
          });
        },
        async probe() {
          if (isFailing) throw Object.assign(new Error('EIO: injected'), { code: 'EIO' });
          return volume.probe();
        },
      });
    await using opened = await openStore(`${directory.path}/unsynced`, {
      wrapVolume,
      limits: { syncIntervalMs: 400, inspectionIntervalMs: 20, recoveryIntervalMs: 20 },
    });
    const recorder = recorderOn(opened, 'boot-of-the-test');
    let second = 0;
    const feedSecond = (): string => {
      feed(recorder, second * 1000, 1);
      second += 1;
      return recorder.status().state.kind;
    };
    await expect.poll(feedSecond).toBe('recording');
    // Beside the one at the beginning.
    await expect.poll(() => (feedSecond(), syncs)).toBeGreaterThan(1);
    isFailing = true;
    await expect.poll(feedSecond).toBe('halted');
    isFailing = false;
    await expect.poll(feedSecond).toBe('recording');
    feedSecond();
    await recorder.stop();

    const { framesDropped, framesRecorded } = recorder.status();
    const { segments } = await opened.store.segments(cameraId, { limit: 100 });
    expect(segments.reduce((sum, { frameCount }) => sum + frameCount, 0)).toBe(framesRecorded);
    expect(framesDropped + framesRecorded).toBe(second * 25);
    const [gap] = await gapsOf(opened);
    expect(gap).toMatchObject({ reason: 'disk', evidence: { kind: 'storage', framesDropped } });
    expect(((gap?.endUtcMs ?? 0) - (gap?.startUtcMs ?? 0)) / 40).toBe(framesDropped);
    // Where there is no footage, there is a reason, to the millisecond.
    const before = segments.findLast(({ startUtcMs }) => startUtcMs < (gap?.startUtcMs ?? 0));
    expect((before?.startUtcMs ?? 0) + (before?.durationMs ?? 0)).toBe(gap?.startUtcMs);
  });

  it('tell how many pictures a full disk cost', async () => {
    let isFull = false;
    const wrapVolume = (volume: Volume): Volume =>
      overriding(volume, {
        async space() {
          const space = await volume.space();
          return isFull ? { ...space, freeBytes: 0 } : space;
        },
      });
    await using opened = await openStore(`${directory.path}/full`, {
      wrapVolume,
      limits: { inspectionIntervalMs: 20, recoveryIntervalMs: 20 },
    });
    // Otherwise it would be made room for by deleting it.
    await opened.index.replaceLocks([{ cameraId, startUtcMs: 0, endUtcMs: firstUtcMs * 2 }]);
    const recorder = recorderOn(opened, 'boot-of-the-test');
    let second = 0;
    const feedSecond = (): string => {
      feed(recorder, second * 1000, 1);
      second += 1;
      return recorder.status().state.kind;
    };
    await expect.poll(feedSecond).toBe('recording');
    isFull = true;
    await expect.poll(feedSecond).toBe('halted');
    feedSecond();
    isFull = false;
    await expect.poll(feedSecond).toBe('recording');
    feedSecond();
    await recorder.stop();

    const { framesDropped, framesRecorded } = recorder.status();
    expect(framesDropped + framesRecorded).toBe(second * 25);
    const [gap, planned] = await gapsOf(opened);
    expect(gap).toMatchObject({
      reason: 'disk',
      evidence: { kind: 'storage', failure: 'disk-full', framesDropped },
    });
    const lengthMs = (gap?.endUtcMs ?? 0) - (gap?.startUtcMs ?? 0);
    expect(lengthMs).toBe((framesDropped * 1000) / 25);
    expect(planned).toEqual({
      cameraId,
      startUtcMs: firstUtcMs + second * 1000,
      reason: 'planned',
      evidence: { kind: 'stopped', by: 'configuration' },
    });
  });

  it('are not told of the past while the index may lack footage of it', async () => {
    await using opened = await openStore(directory.path);
    let isIncomplete = true;
    const gapLog = createGapLog({
      index: opened.index,
      bootId: 'boot-of-the-test',
      isIncomplete: () => isIncomplete,
    });
    await expect(gapLog.past('gate')).rejects.toThrow('does not know yet');
    isIncomplete = false;
    expect(await gapLog.past('gate')).toMatchObject({ lastFootage: undefined });
  });

  it('are few, however often a camera comes and goes', async () => {
    await using opened = await openStore(`${directory.path}/many`);
    const gapLog = createGapLog({ index: opened.index, bootId: 'boot-of-the-test', maximumGaps: 40 });
    for (let minute = 0; minute < 500; minute += 1) {
      await gapLog.insert({
        cameraId,
        startUtcMs: minute * 60_000,
        endUtcMs: minute * 60_000 + 10_000,
        reason: 'network',
        evidence: { kind: 'interruption', interruption: 'unreachable', detail: 'no route' },
      });
    }

    const gaps = await gapsOf(opened);
    expect(gaps.length).toBeLessThanOrEqual(41);
    const counted = gaps.map(({ evidence }) =>
      evidence.kind === 'merged' ? evidence : { gaps: 1, totalMs: 10_000 },
    );
    expect(counted.reduce((sum, { gaps: count }) => sum + count, 0)).toBe(500);
    expect(counted.reduce((sum, { totalMs }) => sum + totalMs, 0)).toBe(5_000_000);
    // The newest are as they were.
    expect(gaps.slice(-8).map(({ evidence }) => evidence.kind)).toEqual(
      Array.from({ length: 8 }, () => 'interruption'),
    );
  });
});
