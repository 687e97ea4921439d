import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../../src/shared/domain/log.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import {
  checkFootage,
  openLocalVolume,
  openLocalVolumeMarker,
  type FootageFinding,
} from '../../src/engine/storage/index.ts';
import {
  dayDirectory,
  footageDirectory,
  segmentFilePath,
} from '../../src/engine/storage/segment-file-name.ts';
import { FaultyVolume } from '../support/faulty-volume.ts';
import { ManualClock } from '../unit/engine/ingest/manual-clock.ts';
import { temporaryDirectory } from './recording-fixture.ts';
import { cameraId, dayMs, firstDay, firstUtcMs, opening, record, secondDay } from './recovery-fixture.ts';
import { segmentPieces } from './segment-bytes.ts';
import {
  openStore,
  overriding,
  quietLog,
  type OpenedStore,
  type OpenStoreOptions,
} from './storage-fixture.ts';

/** A volume that is looked at only when the test says so. */
function looking(faulty: FaultyVolume): Partial<OpenStoreOptions> {
  return {
    wrapAccess: (access) => faulty.wrap(access),
    limits: { inspectionIntervalMs: dayMs, recoveryIntervalMs: dayMs },
  };
}

describe('a volume that is looked at anew', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  const open = (options?: OpenStoreOptions): Promise<OpenedStore> => openStore(directory.path, options);

  /** Two days of the camera. */
  const recordTwoDays = async (): Promise<void> => {
    await using opened = await open();
    await record(opened);
    await record(opened, { startMs: dayMs });
  };

  it.each([
    ['before recording', firstUtcMs + dayMs + 60_000, 2 * 5 * 25],
    ['beside recording', firstUtcMs + 30 * dayMs, 0],
  ])(
    'records although the index does not take what is found %s, and tries that again',
    async (when, nowUtcMs, framesAtOnce) => {
      await recordTwoDays();
      await rm(join(directory.path, 'index.db'));
      const clock = new ManualClock();
      clock.setWallClockBy(nowUtcMs - clock.utcMs());
      let isFull = true;
      await using opened = await open({
        cameraIds: [cameraId],
        clock,
        wrapIndex: (index) =>
          overriding(index, {
            insertAll: async (found) => {
              if (isFull) throw Object.assign(new Error('full'), { code: 'SQLITE_FULL' });
              await index.insertAll(found);
            },
          }),
        limits: { inspectionIntervalMs: dayMs, recoveryIntervalMs: dayMs },
      });
      const { store } = opened;
      const listed = async (): Promise<number> => {
        const { segments } = await store.segments(cameraId, { limit: 100 });
        return segments.reduce((sum, { frameCount }) => sum + frameCount, 0);
      };
      expect(store.volumes()).toMatchObject([{ state: { kind: 'ok' } }]);
      expect(store.owesComparison).toBe(when === 'before recording');
      expect(await listed()).toBe(0);

      // Recording has gone on for long: what it makes is not what the end left.
      await record(opened, { startMs: nowUtcMs - firstUtcMs + 60 * 60_000 });
      isFull = false;
      clock.advance(60_000);
      await store.inspect();
      expect(store.owesComparison).toBe(false);
      // The newest of it is there at once: the gap of the end begins behind it.
      expect(await listed()).toBeGreaterThanOrEqual(framesAtOnce);
      await store.reconciled();
      expect(await listed()).toBe(3 * 5 * 25);
    },
  );

  it('waits for segments that are about to begin, and takes none for what a crash left', async () => {
    const naming = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    let isHeld = false;
    let isThere = true;
    await using opened = await open({
      wrapAccess: ({ volume, marker }) => ({
        volume: overriding(volume, {
          async syncDirectoryOf(filePath) {
            naming.resolve();
            if (isHeld) await held.promise;
            return volume.syncDirectoryOf(filePath);
          },
        }),
        marker: { ...marker, read: async () => (isThere ? marker.read() : { kind: 'absent' }) },
      }),
      limits: { inspectionIntervalMs: dayMs, recoveryIntervalMs: dayMs },
    });
    const { store, volumePath } = opened;
    isHeld = true;
    const beginning = store.begin(opening(createSystemClock().utcMs()));
    await naming.promise;
    isThere = false;
    await store.inspect();
    expect(store.volumes()[0]?.state.kind).toBe('missing');

    isThere = true;
    const inspected = store.inspect();
    await expect.poll(() => store.volumes()[0]?.state.kind).toBe('opening');
    held.resolve();
    const outcome = await beginning;
    await inspected;

    if (outcome.kind === 'failed') throw new Error(outcome.failure.detail);
    expect(store.volumes()[0]?.state.kind).toBe('ok');
    // Given up as every open segment is, and who writes to it is told.
    const part = { chunks: [Buffer.from('x')], byteLength: 1, videoFrames: 1, segmentDuration90k: 3600 };
    const appended = await outcome.value.append({ ...part, release: () => undefined });
    expect(appended).toMatchObject({ kind: 'failed', failure: { reason: 'disk-error' } });
    await expect.poll(() => opened.index.find(outcome.value.segmentId ?? 0)).toBeUndefined();
    await expect(stat(join(volumePath, 'cameras'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('drops no row when the disk goes away meanwhile', async () => {
    {
      await using opened = await open();
      await record(opened);
    }
    let isThere = true;
    const nothing = { fileNames: [], directoryNames: [] };
    await using opened = await open({
      wrapAccess: ({ volume, marker }) => ({
        volume: overriding(volume, {
          async list(path) {
            if (path === footageDirectory) isThere = false;
            return isThere ? volume.list(path) : nothing;
          },
          async recover(filePath) {
            if (!isThere) throw Object.assign(new Error('ENOENT: injected'), { code: 'ENOENT' });
            return volume.recover(filePath);
          },
        }),
        marker: { ...marker, read: async () => (isThere ? marker.read() : { kind: 'absent' }) },
      }),
      limits: { inspectionIntervalMs: dayMs, recoveryIntervalMs: dayMs },
    });

    expect(opened.report).toMatchObject({ droppedRows: 0 });
    expect((await opened.store.segments(cameraId, { limit: 100 })).segments.length).toBeGreaterThan(1);
  });

  describe.each(['EIO', 'EACCES'])('with a directory that answers %s', (code) => {
    it.each([
      { which: 'an old one', day: firstDay },
      { which: 'the newest one', day: secondDay },
    ])('passes over $which, keeps its rows and records', async ({ day }) => {
      await recordTwoDays();
      const faulty = new FaultyVolume();
      faulty.breakPath(day, code);
      const errors: unknown[] = [];
      const log: Log = { ...quietLog, error: (facts) => void errors.push(facts) };

      await using opened = await open({ ...looking(faulty), log });

      expect(opened.store.volumes()[0]?.state.kind).toBe('ok');
      expect(opened.report).toMatchObject({ droppedRows: 0, unreadableFiles: 0 });
      expect(opened.report.unreadableDirectories).toBeGreaterThan(0);
      expect(errors).toEqual([{ directory: day, code }]);
      const { segments } = await opened.store.segments(cameraId, { limit: 100 });
      expect(segments.length).toBeGreaterThanOrEqual(4);

      // A segment that is being written stays open, however often the volume is looked at.
      const outcome = await opened.store.begin(opening(firstUtcMs + 10 * dayMs));
      if (outcome.kind === 'failed') throw new Error(outcome.failure.detail);
      const listings = (): number => faulty.operations.filter((operation) => operation === 'list').length;
      const before = listings();
      for (let look = 0; look < 5; look += 1) await opened.store.inspect();
      await opened.store.reconciled();
      expect([listings(), opened.store.volumes()[0]?.state.kind]).toEqual([before, 'ok']);
      const { segmentId = 0 } = outcome.value;
      expect(await opened.index.find(segmentId)).toMatchObject({ state: 'writing' });
      expect(await outcome.value.finish()).toMatchObject({ kind: 'done' });
    });

    it('looks into it again later, beside recording', async () => {
      await recordTwoDays();
      const faulty = new FaultyVolume();
      faulty.breakPath(firstDay, code);
      const clock = new ManualClock();
      await using opened = await open({ ...looking(faulty), clock });
      const [row] = await opened.index.inDirectory({
        volumeId: (await opened.index.totals())[0]?.volumeId ?? '',
        directoryPath: firstDay,
        limit: 1,
      });
      await rm(join(opened.volumePath, row?.filePath ?? 'none'));
      const outcome = await opened.store.begin(opening(firstUtcMs + 10 * dayMs));
      if (outcome.kind === 'failed') throw new Error(outcome.failure.detail);

      faulty.mendPath(firstDay);
      await opened.store.inspect();
      expect(await opened.store.reconciled()).toMatchObject({ droppedRows: 0 });
      clock.advance(10 * 60 * 1000);
      await opened.store.inspect();
      expect(await opened.store.reconciled()).toMatchObject({ droppedRows: 1 });
      expect(await outcome.value.finish()).toMatchObject({ kind: 'done' });
    });

    it('is told by a check, which goes on with the others', async () => {
      await recordTwoDays();
      const faulty = new FaultyVolume();
      faulty.breakPath(firstDay, code);
      await using opened = await open();
      const findings: FootageFinding[] = [];
      const { volume } = faulty.wrap({
        volume: openLocalVolume(opened.volumePath),
        marker: openLocalVolumeMarker(opened.volumePath),
      });
      const totals = await checkFootage({
        volume,
        volumeId: (await opened.index.totals())[0]?.volumeId ?? '',
        index: opened.index,
        repairs: true,
        onFinding: (finding) => void findings.push(finding),
      });

      expect(findings).toEqual([
        {
          kind: 'unreadable-directory',
          filePath: firstDay,
          detail: `It cannot be read (${code}); nothing in it was looked at.`,
          isRepaired: false,
        },
      ]);
      expect(totals.files).toBeGreaterThan(0);
    });
  });
});

describe('a volume whose index was lost', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  it('records after its newest files are indexed, and finds thousands of others meanwhile', async () => {
    const files = 3000;
    const intervalMs = 20_000;
    const clock = new ManualClock();
    clock.setWallClockBy(18 * 60 * 60 * 1000);
    const newestUtcMs = clock.utcMs() - intervalMs;
    const day = dayDirectory(cameraId, newestUtcMs);
    await mkdir(join(directory.path, 'volume', day), { recursive: true });
    const expected = new Map<string, { byteLength: number; partCount: number }>();
    for (let number = 0; number < files; number += 1) {
      const startUtcMs = newestUtcMs - number * intervalMs;
      const filePath = segmentFilePath({ cameraId, content: 'main', startUtcMs }, 0);
      const whole = Buffer.concat(segmentPieces({ cameraId, startUtcMs }));
      // Some were being written when the node lost power, once upon a time.
      const cutOff = number % 300 === 0 ? whole.subarray(-200) : Buffer.alloc(0);
      await writeFile(join(directory.path, 'volume', filePath), Buffer.concat([whole, cutOff]));
      expected.set(filePath, { byteLength: whole.byteLength, partCount: 2 });
    }

    const counts = { recover: 0, syncDirectoryOf: 0, insertAll: 0 };
    let atStart: typeof counts | undefined;
    await using opened = await openStore(directory.path, {
      clock,
      cameraIds: [cameraId],
      wrapVolume: (volume) =>
        overriding(volume, {
          recover: (filePath) => ((counts.recover += 1), volume.recover(filePath)),
          syncDirectoryOf: (filePath) => ((counts.syncDirectoryOf += 1), volume.syncDirectoryOf(filePath)),
          list: (path) => {
            // With its first question the comparison of everything begins.
            if (path === footageDirectory) atStart ??= { ...counts };
            return volume.list(path);
          },
        }),
      wrapIndex: (index) =>
        overriding(index, {
          insertAll: (segments) => ((counts.insertAll += 1), index.insertAll(segments)),
          insert: () => Promise.reject(new Error('One row is one transaction.')),
        }),
    });

    // Those of ten minutes.
    expect(atStart).toEqual({ recover: 31, syncDirectoryOf: 1, insertAll: 1 });
    expect(opened.report).toMatchObject({ recovered: files, removedFiles: 0, unreadableFiles: 0 });
    expect(counts.recover).toBe(files);
    expect(counts.syncDirectoryOf).toBeLessThanOrEqual(files / 100 + 1);
    expect(counts.insertAll).toBe(counts.syncDirectoryOf);
    const volumeId = (await opened.index.totals())[0]?.volumeId ?? '';
    const rows = await opened.index.inDirectory({ volumeId, directoryPath: day, limit: files + 1 });
    expect(
      new Map(rows.map(({ filePath, byteLength, partCount }) => [filePath, { byteLength, partCount }])),
    ).toEqual(expected);
  });
});
