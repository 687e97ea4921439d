import Database from 'better-sqlite3';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../../src/shared/domain/log.ts';
import type { CameraRetention, VolumeConfig } from '../../src/shared/engine-api/index.ts';
import { openSqliteSegmentIndex, type FootageIndex } from '../../src/engine/storage/index.ts';
import { Retention, type RetentionOutcome } from '../../src/engine/storage/retention.ts';
import { FaultyVolume } from '../support/faulty-volume.ts';
import { ManualClock } from '../unit/engine/ingest/manual-clock.ts';
import { temporaryDirectory } from './recording-fixture.ts';
import { seededRandom } from './seeded-random.ts';
import { mountSmallDisk, smallDiskMissing } from './small-disk-fixture.ts';
import { quietLog } from './storage-fixture.ts';
import { VolumeSet } from './volume-set-fixture.ts';

const mebibyte = 1024 ** 2;
const dayMs = 86_400_000;
const volumeId = 'the-volume';
const elsewhere = 'another-volume';

/** An index with rows but without files: removing what is not there succeeds. */
class RetainedFootage implements AsyncDisposable {
  readonly index: FootageIndex;
  readonly clock = new ManualClock();
  readonly removed: string[] = [];
  readonly logged: [string, unknown][] = [];
  readonly #path: string;

  constructor(directory: string) {
    this.#path = join(directory, 'index.db');
    this.index = openSqliteSegmentIndex(this.#path);
  }

  /** Segments of 60 s, the newest ending now: of each camera one a minute, oldest first. */
  async addMinutes(cameraIds: readonly string[], minutes: number, byteLength = 100): Promise<void> {
    for (let age = minutes; age > 0; age -= 1)
      for (const cameraId of cameraIds) await this.add(cameraId, { ageMs: age * 60_000, byteLength });
  }

  add(
    cameraId: string,
    segment: { readonly ageMs: number; readonly byteLength: number; readonly volumeId?: string },
  ): Promise<number> {
    const startUtcMs = this.clock.utcMs() - segment.ageMs;
    return this.index.insert(
      {
        cameraId,
        volumeId: segment.volumeId ?? volumeId,
        content: 'main',
        filePath: `cameras/${cameraId}/${startUtcMs}.mp4`,
        startUtcMs,
        startMonotonicMs: 0,
        bootId: '',
        mediaStart90k: 0,
        hasAudio: false,
      },
      {
        extent: { byteLength: segment.byteLength, duration90k: 60 * 90_000, frameCount: 1, partCount: 1 },
        state: 'finished',
      },
    );
  }

  /** So many rows at once, which the index's own way would take long for. */
  addMany(count: number, where: (row: number) => string = () => volumeId): void {
    const database = new Database(this.#path);
    const insert = database.prepare(
      `INSERT INTO segments (camera_id, volume_id, content, file_path, start_utc_ms, start_monotonic_ms, boot_id,
         media_start_90k, has_audio, duration_90k, byte_length, frame_count, part_count, state)
       VALUES (?, ?, 'main', ?, ?, 0, '', 0, 0, 5400000, 100, 1, 1, 'finished')`,
    );
    const startUtcMs = this.clock.utcMs() - count * 1000;
    database.transaction(() => {
      for (let row = 0; row < count; row += 1)
        insert.run(`camera-${row % 40}`, where(row), `cameras/${row}.mp4`, startUtcMs + row * 1000);
    })();
    database.close();
  }

  /** One look. */
  look(
    limits: Partial<VolumeConfig> & { readonly freeBytes?: number },
    cameras: Readonly<Record<string, CameraRetention>> = {},
  ): Promise<RetentionOutcome> {
    const { freeBytes = 1e9, ...config } = limits;
    const note = (facts: object, message: string): void => void this.logged.push([message, facts]);
    const log: Log = { ...quietLog, info: note, warn: note };
    const retention = new Retention({
      index: this.index,
      clock: this.clock,
      log,
      headroomBytes: 50,
      cameraRules: () => new Map(Object.entries(cameras)),
      isAnswering: (id) => id === volumeId,
    });
    return retention.apply({
      volume: {
        ...unusedVolume,
        remove: async (filePath) => void this.removed.push(filePath),
      },
      volumeId,
      config: { name: 'archive', path: '/archive', reserveBytes: 100, ...config },
      space: { totalBytes: 1e9, freeBytes },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.index.close();
  }
}

const { volume: unusedVolume } = new FaultyVolume().wrap({
  volume: {
    path: '/archive',
    create: notAsked,
    syncDirectoryOf: notAsked,
    recover: notAsked,
    rename: notAsked,
    remove: notAsked,
    list: notAsked,
    space: notAsked,
    probe: notAsked,
  },
  marker: { read: notAsked, write: notAsked },
});

function notAsked(): never {
  throw new Error('Retention has no business with that.');
}

describe('retention', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  it('deletes the oldest across cameras to make room, with the reason', async () => {
    await using footage = new RetainedFootage(directory.path);
    await footage.addMinutes(['a', 'b'], 5);
    const outcome = await footage.look({ freeBytes: -100 });

    // 100 for the reserve, 50 of headroom, and 100 that are missing.
    expect(outcome).toEqual({ storedBytes: 700, deletedBytes: 300, isExhausted: false });
    expect(footage.removed.map((path) => path.split('/')[1])).toEqual(['a', 'b', 'a']);
    expect(footage.logged).toEqual(
      footage.removed.map((file) => [
        'Deleted a segment.',
        { cameraId: file.split('/')[1], volume: 'archive', file, byteLength: 100, reason: 'free-space' },
      ]),
    );
  });

  it("keeps each camera within its own limits, and leaves the others' footage alone", async () => {
    await using footage = new RetainedFootage(directory.path);
    await footage.addMinutes(['a', 'b', 'c'], 10);
    await footage.add('b', { ageMs: 30 * dayMs, byteLength: 7 });
    await footage.add('c', { ageMs: 30 * dayMs, byteLength: 7 });
    const outcome = await footage.look({}, { a: { maximumBytes: 450 }, b: { maximumDays: 29 } });

    expect(outcome).toEqual({ storedBytes: 400 + 1000 + 1007, deletedBytes: 607, isExhausted: false });
    const totals = await footage.index.totals();
    expect(totals.map(({ cameraId, byteLength }) => [cameraId, byteLength])).toEqual([
      ['a', 400],
      ['b', 1000],
      ['c', 1007],
    ]);
  });

  it('counts what a camera has elsewhere only while that volume answers', async () => {
    await using footage = new RetainedFootage(directory.path);
    await footage.addMinutes(['a'], 5);
    await footage.add('a', { ageMs: dayMs, byteLength: 9000, volumeId: elsewhere });

    expect(await footage.look({}, { a: { maximumBytes: 500 } })).toMatchObject({ deletedBytes: 0 });
    expect(await footage.look({}, { a: { maximumBytes: 499 } })).toMatchObject({ deletedBytes: 100 });
  });

  it('says aloud when footage goes that is younger than was promised', async () => {
    await using footage = new RetainedFootage(directory.path);
    await footage.addMinutes(['a', 'b'], 5);
    await footage.look({ quotaBytes: 750 }, { a: { minimumDays: 7 } });

    expect(footage.removed).toHaveLength(3);
    expect(footage.logged.filter(([message]) => message !== 'Deleted a segment.')).toEqual([
      [
        'Footage was deleted that is younger than the minimum of its camera. Add space, or lower what is kept of other cameras.',
        { cameraId: 'a', volume: 'archive', reason: 'volume-bytes' },
      ],
    ]);
  });

  it('never deletes what is locked, and says when nothing else is left', async () => {
    const random = seededRandom();
    await using footage = new RetainedFootage(directory.path);
    await footage.addMinutes(['a', 'b'], 60);
    const nowUtcMs = footage.clock.utcMs();
    const locks = Array.from({ length: 8 }, () => {
      const startUtcMs = nowUtcMs - Math.floor(random.next() * 60) * 60_000;
      return { cameraId: random.next() < 0.5 ? 'a' : 'b', startUtcMs, endUtcMs: startUtcMs + 150_000 };
    });
    await footage.index.replaceLocks(locks);
    const isLocked = (path: string): boolean => {
      const [, cameraId, name = ''] = path.split('/');
      const startUtcMs = Number(name.replace('.mp4', ''));
      return locks.some(
        (lock) =>
          lock.cameraId === cameraId && lock.startUtcMs < startUtcMs + 60_000 && lock.endUtcMs > startUtcMs,
      );
    };

    const outcome = await footage.look({ freeBytes: -1e9, quotaBytes: 1 });

    expect(outcome.isExhausted, `seed ${random.seed}`).toBe(true);
    expect(footage.removed.filter(isLocked)).toEqual([]);
    expect(footage.removed.length + outcome.storedBytes / 100).toBe(120);
    expect(outcome.storedBytes).toBeGreaterThan(0);
  });

  it('costs next to nothing when nothing is to be done, with 200,000 segments', async () => {
    await using footage = new RetainedFootage(directory.path);
    // Cameras that have moved here from another volume.
    footage.addMany(200_000, (row) => (row < 100_000 ? elsewhere : volumeId));
    await footage.look({});
    const looks = 20;
    const beganMs = performance.now();
    for (let look = 0; look < looks; look += 1) await footage.look({}, { 'camera-1': { maximumBytes: 1e9 } });

    // Generous: it is half a millisecond, and one that scans the rows takes 40.
    expect((performance.now() - beganMs) / looks).toBeLessThan(25);
    expect(await footage.look({ quotaBytes: 100_000 * 100 - 950 })).toEqual({
      storedBytes: 100_000 * 100 - 1000,
      deletedBytes: 1000,
      isExhausted: false,
    });
  });
});

describe.skipIf(smallDiskMissing)(
  `a volume without space (${smallDiskMissing ?? 'a small one mounted'})`,
  () => {
    const pollOptions = { timeout: 10_000, interval: 20 };
    let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
    let disk: Awaited<ReturnType<typeof mountSmallDisk>>;
    let volume: VolumeConfig;

    beforeEach(async () => {
      directory = await temporaryDirectory();
      disk = await mountSmallDisk(8 * mebibyte);
      volume = { name: 'small', path: join(disk.path, 'footage'), reserveBytes: mebibyte };
      await mkdir(volume.path);
    });
    afterEach(async () => {
      disk[Symbol.dispose]();
      await directory[Symbol.asyncDispose]();
    });

    /** Takes every byte that is left. */
    const fill = async (): Promise<string> => {
      const filler = join(disk.path, 'filler');
      const { bavail, bsize } = await statfs(disk.path);
      // The recorder takes some of it meanwhile.
      await writeFile(filler, new Uint8Array(bavail * bsize)).catch((error: unknown) => {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      });
      return filler;
    };

    it('makes room from nothing with footage that is old enough, and records on', async () => {
      await using set = await VolumeSet.open(directory.path, { volumes: [volume] });
      const gate = set.camera('gate');
      for (let second = 0; second < 60; second += 1) gate.send();
      await expect.poll(() => gate.recorder.status().queuedBytes, pollOptions).toBe(0);
      const before = await set.footage('gate');

      await fill();
      await expect.poll(() => gate.send(), pollOptions).toBe('recording');
      await expect
        .poll(async () => (gate.send(), (await set.footage('gate'))[0]?.id), pollOptions)
        .toBeGreaterThan(before[0]?.id ?? 0);
      await expect.poll(() => (gate.send(), set.stateOf('small')?.kind), pollOptions).toBe('ok');
    });

    it('says so when all that is there is locked, and records within 5 s of space returning', async () => {
      await using set = await VolumeSet.open(directory.path, {
        volumes: [volume],
        // As in an engine.
        limits: { inspectionIntervalMs: 2000, recoveryIntervalMs: 1000 },
      });
      const gate = set.camera('gate');
      await expect.poll(() => gate.send(), pollOptions).toBe('recording');
      await set.index.replaceLocks([{ cameraId: 'gate', startUtcMs: 0, endUtcMs: Number.MAX_SAFE_INTEGER }]);
      const filler = await fill();
      await expect.poll(() => gate.send(), pollOptions).toBe('halted');
      await expect
        .poll(() => set.stateOf('small'), pollOptions)
        .toMatchObject({ kind: 'full', remedy: expect.stringContaining('locked') });

      const beganMs = performance.now();
      await rm(filler);
      await expect.poll(() => gate.send(), { timeout: 10_000, interval: 50 }).toBe('recording');

      expect(performance.now() - beganMs).toBeLessThan(5000);
      await gate.recorder.stop();
      const { framesRecorded, framesDropped } = gate.recorder.status();
      expect(framesRecorded + framesDropped).toBe(gate.sent);
      const stored = await set.footage('gate');
      expect(stored.reduce((sum, { frameCount }) => sum + frameCount, 0)).toBe(framesRecorded);
    });
  },
);
