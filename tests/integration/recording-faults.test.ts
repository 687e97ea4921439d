import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { createRecorder, type Recorder } from '../../src/engine/recording/index.ts';
import type { SegmentFile, SegmentStore, SegmentWriter, Volume } from '../../src/engine/storage/index.ts';
import { syntheticStream } from '../unit/engine/recording/synthetic-stream.ts';
import { temporaryDirectory } from './recording-fixture.ts';
import { openStore, overriding, quietLog } from './storage-fixture.ts';

const cameraId = 'gate-north';

const sites = ['create', 'append', 'sync', 'syncDirectoryOf', 'space'] as const;
type Site = (typeof sites)[number];

/** A volume on a real directory whose operations fail, or hang, from a moment on. */
class FaultyVolume {
  fault: { readonly site: Site; readonly code: string } | undefined;
  #release: (() => void) | undefined;
  #gate: Promise<void> = Promise.resolve();

  wrap(volume: Volume): Volume {
    return {
      path: volume.path,
      create: async (filePath) => {
        await this.#pass('create');
        return this.#wrapFile(await volume.create(filePath));
      },
      syncDirectoryOf: async (filePath) => {
        await this.#pass('syncDirectoryOf');
        return volume.syncDirectoryOf(filePath);
      },
      recover: (filePath) => volume.recover(filePath),
      rename: (filePath, newPath) => volume.rename(filePath, newPath),
      remove: (filePath) => volume.remove(filePath),
      list: (directoryPath) => volume.list(directoryPath),
      space: async () => {
        await this.#pass('space');
        return volume.space();
      },
      probe: async () => {
        if (this.fault !== undefined) throw systemError(this.fault.code);
        return volume.probe();
      },
    };
  }

  hang(): void {
    this.#gate = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#release?.();
  }

  #wrapFile(file: SegmentFile): SegmentFile {
    return {
      append: async (chunks) => {
        await this.#gate;
        if (this.fault?.site === 'append') {
          await file.append(chunks.slice(0, 1));
          throw systemError(this.fault.code);
        }
        return file.append(chunks);
      },
      sync: async () => {
        await this.#pass('sync');
        return file.sync();
      },
      truncate: (byteLength) => file.truncate(byteLength),
      close: () => file.close(),
    };
  }

  async #pass(site: Site): Promise<void> {
    if (this.fault?.site === site) throw systemError(this.fault.code);
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

function feedSecond(recorder: Recorder, second: number): void {
  const { description, samples } = syntheticStream({ seed: second, seconds: 1, startMs: second * 1000 });
  recorder.onDescription(description);
  for (const sample of samples) recorder.onSample(sample);
}

/** Feeds the next second, and tells what the recorder makes of it; and how many there were. */
function feeder(recorder: Recorder): { readonly feed: () => string; readonly sent: () => number } {
  let second = 0;
  const feed = (): string => {
    feedSecond(recorder, second);
    second += 1;
    return recorder.status().state.kind;
  };
  return { feed, sent: () => second };
}

async function recordedFrames(store: SegmentStore): Promise<number> {
  const { segments } = await store.segments(cameraId, { limit: 10_000 });
  return segments.reduce((sum, segment) => sum + segment.frameCount, 0);
}

const framesPerSecond = 25;

describe('a recorder on a failing disk', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let number = 0;

  beforeAll(async () => {
    directory = await temporaryDirectory();
  });
  afterAll(() => directory[Symbol.asyncDispose]());

  it.each(
    sites.flatMap((site) => [
      { site, code: 'ENOSPC', reason: 'disk-full' },
      { site, code: 'EIO', reason: 'disk-error' },
    ]),
  )('says $reason when $site answers $code, and records again afterwards', async ({ site, code, reason }) => {
    const faulty = new FaultyVolume();
    number += 1;
    await using opened = await openStore(`${directory.path}/${number}`, {
      wrapVolume: (volume) => faulty.wrap(volume),
      limits: { syncIntervalMs: 80, inspectionIntervalMs: 20 },
    });
    const { store } = opened;
    const recorder = createRecorder({
      cameraId,
      store,
      clock: createSystemClock(),
      log: quietLog,
      limits: { segmentDurationMs: 2000 },
    });
    const { feed, sent } = feeder(recorder);
    await expect.poll(feed, { timeout: 5000 }).toBe('recording');
    // Else the oldest goes to make room that free bytes do not show.
    await opened.index.replaceLocks([{ cameraId, startUtcMs: 0, endUtcMs: Number.MAX_SAFE_INTEGER }]);

    faulty.fault = { site, code };
    await expect.poll(feed, { timeout: 5000 }).toBe('halted');
    expect(recorder.status().state).toMatchObject({ kind: 'halted', reason });

    faulty.fault = undefined;
    await expect.poll(feed, { timeout: 5000 }).toBe('recording');
    feed();
    await recorder.stop();

    const { framesRecorded, framesDropped } = recorder.status();
    expect(framesRecorded + framesDropped).toBe(sent() * framesPerSecond);
    expect(framesDropped).toBeGreaterThan(0);
    const kept = await recordedFrames(store);
    // After a failed sync nobody knows what the disk kept: that much is given up, and not counted, although it had been written.
    expect(kept).toBe(framesRecorded);
    await opened[Symbol.asyncDispose]();
    await using reopened = await openStore(`${directory.path}/${number}`);
    expect(reopened.report.discardedBytes).toBe(0);
    expect(await recordedFrames(reopened.store)).toBe(kept);
  });

  it('bounds what waits for a disk that hangs, and counts what it drops', async () => {
    const faulty = new FaultyVolume();
    await using opened = await openStore(`${directory.path}/hanging`, {
      wrapVolume: (volume) => faulty.wrap(volume),
    });
    const maximumQueuedBytes = 300_000;
    const recorder = createRecorder({
      cameraId,
      store: opened.store,
      clock: createSystemClock(),
      log: quietLog,
      limits: { maximumQueuedBytes, hangAfterMs: 200 },
    });
    faulty.hang();
    const seconds = 100;
    for (let second = 0; second < seconds; second += 1) {
      feedSecond(recorder, second);
      expect(recorder.status().queuedBytes).toBeLessThanOrEqual(maximumQueuedBytes);
    }
    await expect
      .poll(() => recorder.status().state, { timeout: 5000 })
      .toMatchObject({
        kind: 'halted',
        reason: 'disk-error',
        detail: expect.stringContaining('not answered'),
      });

    faulty.release();
    await expect.poll(() => recorder.status().queuedBytes, { timeout: 5000 }).toBe(0);
    // What had waited is written; but as long as pictures are dropped this is no recording.
    expect(recorder.status().state).toMatchObject({
      kind: 'halted',
      detail: expect.stringContaining('too slow'),
    });
    feedSecond(recorder, seconds);
    feedSecond(recorder, seconds + 1);
    recorder.onInterruption({ kind: 'silent', detail: 'nothing for 10 s' });
    await expect.poll(() => recorder.status().state.kind, { timeout: 5000 }).toBe('waiting-for-stream');
    await recorder.stop();

    const { framesRecorded, framesDropped } = recorder.status();
    expect(framesRecorded + framesDropped).toBe((seconds + 2) * framesPerSecond);
    expect(await recordedFrames(opened.store)).toBe(framesRecorded);
    expect(framesRecorded).toBeGreaterThan(2 * framesPerSecond);
  });

  it.each(['begin', 'append'] as const)(
    'is halted by a mistake of ours in %s, and records again afterwards',
    async (site) => {
      await using opened = await openStore(`${directory.path}/mistake-${site}`);
      let isMistaken = false;
      const mistakeAt = (place: typeof site): void => {
        if (isMistaken && place === site) throw new TypeError('a mistake of ours');
      };
      const store = overriding(opened.store, {
        begin: async (opening) => {
          mistakeAt('begin');
          const outcome = await opened.store.begin(opening);
          if (outcome.kind === 'failed') return outcome;
          const append: SegmentWriter['append'] = async (part) => {
            mistakeAt('append');
            return outcome.value.append(part);
          };
          return { kind: 'done', value: overriding(outcome.value, { append }) };
        },
      });
      const recorder = createRecorder({
        cameraId,
        store,
        clock: createSystemClock(),
        log: quietLog,
        limits: { segmentDurationMs: 2000 },
      });
      const { feed, sent } = feeder(recorder);
      await expect.poll(feed, { timeout: 5000 }).toBe('recording');
      isMistaken = true;
      await expect.poll(feed, { timeout: 5000 }).toBe('halted');
      isMistaken = false;
      await expect.poll(feed, { timeout: 5000 }).toBe('recording');
      await recorder.stop();

      const { framesRecorded, framesDropped } = recorder.status();
      expect(framesRecorded + framesDropped).toBe(sent() * framesPerSecond);
      expect(await recordedFrames(opened.store)).toBe(framesRecorded);
    },
  );

  it('stops although the disk hangs', async () => {
    const faulty = new FaultyVolume();
    await using opened = await openStore(`${directory.path}/stuck`, {
      wrapVolume: (volume) => faulty.wrap(volume),
    });
    const recorder = createRecorder({
      cameraId,
      store: opened.store,
      clock: createSystemClock(),
      log: quietLog,
      limits: { stopPatienceMs: 20 },
    });
    faulty.hang();
    feedSecond(recorder, 0);
    await recorder.stop();

    expect(recorder.status()).toMatchObject({
      state: { kind: 'off' },
      framesRecorded: 0,
      queuedBytes: 0,
    });
    faulty.release();
  });
});
