import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { createRecorder, type Recorder } from '../../src/engine/recording/index.ts';
import type { SegmentStore } from '../../src/engine/storage/index.ts';
import { syntheticStream } from '../unit/engine/recording/synthetic-stream.ts';
import { temporaryDirectory } from './recording-fixture.ts';
import { mountSmallDisk, smallDiskMissing } from './small-disk-fixture.ts';
import { openStore, quietLog } from './storage-fixture.ts';

const cameraId = 'gate-north';
const mebibyte = 1024 ** 2;
const framesPerSecond = 25;

function startRecorder(store: SegmentStore, segmentDurationMs: number): Recorder {
  return createRecorder({
    cameraId,
    store,
    clock: createSystemClock(),
    log: quietLog,
    limits: { segmentDurationMs },
  });
}

/** About 250 KB. */
function feedSecond(recorder: Recorder, second: number): void {
  const { description, samples } = syntheticStream({
    seed: second,
    seconds: 1,
    startMs: second * 1000,
    maximumPictureBytes: 20_000,
  });
  recorder.onDescription(description);
  for (const sample of samples) recorder.onSample(sample);
}

async function recordedFrames(store: SegmentStore): Promise<number> {
  const { segments } = await store.segments(cameraId, { limit: 10_000 });
  return segments.reduce((sum, segment) => sum + segment.frameCount, 0);
}

describe.skipIf(smallDiskMissing)(
  `a disk that is full (${smallDiskMissing ?? 'a small one mounted'})`,
  () => {
    it('halts recording with the reason and resumes by itself when there is room', async () => {
      await using directory = await temporaryDirectory();
      using disk = await mountSmallDisk(8 * mebibyte);
      const filler = join(disk.path, 'filler');
      await writeFile(filler, new Uint8Array(6 * mebibyte));
      await using opened = await openStore(directory.path, {
        volumePath: disk.path,
        limits: { reserveBytes: 0, headroomBytes: 0, inspectionIntervalMs: 20 },
      });
      const { store } = opened;
      const recorder = startRecorder(store, 600_000);
      let second = 0;
      const feed = (): string => {
        feedSecond(recorder, second);
        second += 1;
        return recorder.status().state.kind;
      };

      await expect.poll(feed, { timeout: 10_000 }).toBe('halted');
      expect(recorder.status().state).toEqual({
        kind: 'halted',
        reason: 'disk-full',
        detail: `The volume ${disk.path} is full. Free space, or lower the retention.`,
        sinceUtcMs: expect.any(Number),
      });
      const framesBefore = recorder.status().framesRecorded;
      expect(framesBefore).toBeGreaterThan(0);

      await rm(filler);
      await expect.poll(feed, { timeout: 10_000 }).toBe('recording');
      feed();
      await recorder.stop();

      const { framesRecorded, framesDropped } = recorder.status();
      expect(framesRecorded).toBeGreaterThan(framesBefore);
      expect(framesRecorded + framesDropped).toBe(second * framesPerSecond);
      expect(await recordedFrames(store)).toBe(framesRecorded);
      await store.stop();
      await using reopened = await openStore(directory.path, { volumePath: disk.path });
      expect(reopened.report.discardedBytes).toBe(0);
      expect(await recordedFrames(reopened.store)).toBe(framesRecorded);
    });

    it('halts above the reserve, before the disk refuses', async () => {
      await using directory = await temporaryDirectory();
      using disk = await mountSmallDisk(8 * mebibyte);
      await using opened = await openStore(directory.path, {
        volumePath: disk.path,
        limits: { reserveBytes: 4 * mebibyte, headroomBytes: 0, inspectionIntervalMs: 10 },
      });
      expect(opened.store.volumes()).toEqual([
        {
          name: 'recordings',
          path: disk.path,
          totalBytes: 8 * mebibyte,
          // The marker of the volume takes one block.
          freeBytes: 8 * mebibyte - 4096,
          reserveBytes: 4 * mebibyte,
          storedBytes: 0,
          state: { kind: 'ok', sinceUtcMs: expect.any(Number) },
        },
      ]);
      const recorder = startRecorder(opened.store, 600_000);
      let second = 0;
      const feed = (): string => {
        feedSecond(recorder, second);
        second += 1;
        return recorder.status().state.kind;
      };

      await expect.poll(feed, { timeout: 10_000 }).toBe('halted');

      expect(recorder.status().state).toMatchObject({ kind: 'halted', reason: 'disk-full' });
      const { bavail, bsize } = await statfs(disk.path);
      expect(bavail * bsize).toBeGreaterThan(2 * mebibyte);
      await recorder.stop();
    });

    it('never comes to that while there is old footage to delete', async () => {
      await using directory = await temporaryDirectory();
      using disk = await mountSmallDisk(16 * mebibyte);
      await using opened = await openStore(directory.path, {
        volumePath: disk.path,
        limits: { reserveBytes: 2 * mebibyte, headroomBytes: 4 * mebibyte, inspectionIntervalMs: 60_000 },
      });
      const { store } = opened;
      const recorder = startRecorder(store, 4000);
      const seconds = 120;
      for (let second = 0; second < seconds; second += 1) {
        feedSecond(recorder, second);
        await expect.poll(() => recorder.status().queuedBytes, { interval: 2, timeout: 10_000 }).toBe(0);
        await store.inspect();
      }
      await recorder.stop();

      expect(recorder.status()).toMatchObject({
        framesRecorded: seconds * framesPerSecond,
        framesDropped: 0,
      });
      const { segments } = await store.segments(cameraId, { limit: 10_000 });
      const newest = segments.at(-1);
      expect(segments.length).toBeGreaterThan(2);
      expect((newest?.startUtcMs ?? 0) + (newest?.durationMs ?? 0)).toBe(1_700_000_000_000 + seconds * 1000);
      const { bavail, bsize } = await statfs(disk.path);
      expect(bavail * bsize).toBeGreaterThanOrEqual(2 * mebibyte);
    });
  },
);
