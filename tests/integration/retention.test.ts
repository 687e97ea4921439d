import Database from 'better-sqlite3';
import { randomUUID } from 'node:crypto';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CameraRetention, FootageLock, VolumeConfig } from '../../src/shared/engine-api/index.ts';
import { FootageLocks, openSqliteSegmentIndex, type FootageIndex } from '../../src/engine/storage/index.ts';
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

interface Limits {
  readonly freeBytes?: number;
  readonly unseenBytes?: number;
  /** The volume that is looked at. */
  readonly on?: string;
}

/** An index with rows but without files: removing what is not there succeeds. */
class RetainedFootage implements AsyncDisposable {
  readonly index: FootageIndex;
  readonly clock = new ManualClock();
  readonly removed: string[] = [];
  readonly logged: [string, unknown][] = [];
  /** Files that do not go. */
  readonly stuck = new Set<string>();
  /** Volumes that are well, beside the first. */
  readonly answering = new Set<string>();
  /** Whether the disk can be written to. */
  isWell = true;
  locksAreFiled = async (): Promise<void> => undefined;
  readonly #path: string;
  readonly #retention: Retention;
  #cameras: Readonly<Record<string, CameraRetention>> = {};

  constructor(directory: string) {
    this.#path = join(directory, 'index.db');
    this.index = openSqliteSegmentIndex(this.#path);
    const note = (facts: object, message: string): void => void this.logged.push([message, facts]);
    this.#retention = new Retention({
      index: this.index,
      clock: this.clock,
      log: { ...quietLog, info: note, warn: note, error: note },
      headroomBytes: 50,
      cameraRules: () => new Map(Object.entries(this.#cameras)),
      isAnswering: (id) => id === volumeId || this.answering.has(id),
      locksAreFiled: () => this.locksAreFiled(),
    });
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
    limits: Partial<VolumeConfig> & Limits,
    cameras: Readonly<Record<string, CameraRetention>> = {},
  ): Promise<RetentionOutcome> {
    const { freeBytes = 1e9, unseenBytes = 0, on = volumeId, ...config } = limits;
    this.#cameras = cameras;
    return this.#retention.apply({
      volume: {
        ...unusedVolume,
        remove: async (filePath) => {
          if (!this.isWell) throw Object.assign(new Error('broken'), { code: 'EIO' });
          if (this.stuck.has(filePath)) throw Object.assign(new Error('refused'), { code: 'EPERM' });
          this.removed.push(filePath);
        },
        probe: async () => {
          if (!this.isWell) throw Object.assign(new Error('broken'), { code: 'EIO' });
        },
      },
      volumeId: on,
      config: { name: 'archive', path: '/archive', reserveBytes: 100, ...config },
      space: { totalBytes: 1e9, freeBytes },
      neededBytes: 100,
      unseenBytes,
    });
  }

  /** After an hour by a clock that nobody sets. */
  async lookLater(...[limits, cameras]: Parameters<RetainedFootage['look']>): Promise<RetentionOutcome> {
    await this.look(limits, cameras);
    this.clock.advance(3_600_000);
    return this.look(limits, cameras);
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
    expect(outcome).toEqual({ storedBytes: 700, deletedBytes: 300, obstacle: undefined });
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
    const outcome = await footage.lookLater({}, { a: { maximumBytes: 450 }, b: { maximumDays: 29 } });

    expect(outcome).toEqual({ storedBytes: 400 + 1000 + 1007, deletedBytes: 7, obstacle: undefined });
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

    // What is not locked would make just the room for recording to go on.
    const lockedBytes = (await footage.index.lockedTotals()).reduce(
      (sum, { byteLength }) => sum + byteLength,
      0,
    );
    const freeBytes = 100 - (12_000 - lockedBytes);
    const outcome = await footage.look({ freeBytes });

    expect(outcome.obstacle, `seed ${random.seed}`).toBe('locks');
    expect(footage.removed.filter(isLocked)).toEqual([]);
    expect(footage.removed).toHaveLength(120 - lockedBytes / 100);
    expect(outcome.storedBytes).toBe(lockedBytes);
    expect(lockedBytes).toBeGreaterThan(0);
  });

  it('deletes nothing before the index knows what is locked, however late it takes that', async () => {
    await using footage = new RetainedFootage(directory.path);
    await footage.addMinutes(['a'], 10);
    const startUtcMs = footage.clock.utcMs() - 10 * 60_000;
    const lock: FootageLock = {
      id: randomUUID(),
      cameraId: 'a',
      startUtcMs,
      endUtcMs: startUtcMs + 5 * 60_000,
      reason: 'Accident',
      lockedBy: 'E. Muster',
      tokenId: 'a-token',
      createdUtcMs: startUtcMs,
    };
    const full = Object.assign(new Error('full'), { code: 'SQLITE_FULL' });
    let isFull = true;
    const locks = new FootageLocks({
      file: { read: () => ({ locks: [lock] }), write: () => undefined },
      index: {
        replaceLocks: async (ranges) => {
          if (isFull) throw full;
          await footage.index.replaceLocks(ranges);
        },
      },
      clock: footage.clock,
      log: quietLog,
    });
    await locks.start();
    footage.locksAreFiled = () => locks.file();

    await expect(footage.look({ quotaBytes: 300 })).rejects.toBe(full);
    expect(footage.removed).toEqual([]);
    isFull = false;
    expect(await footage.look({ quotaBytes: 300 })).toMatchObject({ storedBytes: 800, deletedBytes: 200 });
    expect(await footage.index.isLocked({ cameraId: 'a', startUtcMs, endUtcMs: startUtcMs + 1 })).toBe(true);
  });

  it('counts what is locked against no limit, so that a lock does not cost what follows it', async () => {
    await using footage = new RetainedFootage(directory.path);
    await footage.addMinutes(['a', 'b'], 10);
    const nowUtcMs = footage.clock.utcMs();
    await footage.index.replaceLocks([
      { cameraId: 'a', startUtcMs: nowUtcMs - 10 * 60_000, endUtcMs: nowUtcMs - 5 * 60_000 },
    ]);

    const outcome = await footage.look({ quotaBytes: 1400 }, { a: { maximumBytes: 500 } });

    expect(outcome).toEqual({ storedBytes: 1900, deletedBytes: 100, obstacle: undefined });
    expect(footage.removed.map((path) => path.split('/')[1])).toEqual(['b']);
  });

  it.each([
    ['because of locks', 'locks', 400],
    ['whatever is deleted', 'other-files', 2000],
  ] as const)('gives no footage for room that cannot be made, %s', async (_, obstacle, missing) => {
    await using footage = new RetainedFootage(directory.path);
    await footage.addMinutes(['a'], 10);
    const nowUtcMs = footage.clock.utcMs();
    await footage.index.replaceLocks([
      { cameraId: 'a', startUtcMs: nowUtcMs - 8 * 60_000, endUtcMs: nowUtcMs },
    ]);

    expect(await footage.look({ freeBytes: 100 - missing })).toEqual({
      storedBytes: 1000,
      deletedBytes: 0,
      obstacle,
    });
  });

  it('makes room that free bytes do not show: of a user, or for files', async () => {
    await using footage = new RetainedFootage(directory.path);
    await footage.addMinutes(['a'], 10);
    expect(await footage.look({ unseenBytes: 250 })).toMatchObject({ deletedBytes: 300 });
    expect(await footage.look({ unseenBytes: 0 })).toMatchObject({ deletedBytes: 0 });
  });

  it("deletes a camera's oldest over several volumes, each volume its own", async () => {
    await using footage = new RetainedFootage(directory.path);
    footage.answering.add(elsewhere);
    for (let age = 100; age > 0; age -= 1) {
      const where = age > 60 ? elsewhere : volumeId;
      await footage.add('a', { ageMs: age * 60_000, byteLength: 100, volumeId: where });
    }
    const cameras = { a: { maximumBytes: 5000 } };

    // 50 are too many: the 40 elsewhere are older than any here.
    expect(await footage.look({}, cameras)).toMatchObject({ deletedBytes: 1000 });
    expect(await footage.look({ on: elsewhere }, cameras)).toMatchObject({ deletedBytes: 4000 });
    expect(await footage.look({}, cameras)).toMatchObject({ deletedBytes: 0, storedBytes: 5000 });
  });

  it('passes over a file that does not go, and tries it again after a minute', async () => {
    await using footage = new RetainedFootage(directory.path);
    await footage.addMinutes(['a'], 100);
    const [first, ...others] = await footage.index.oldest({ limit: 41 });
    for (const { filePath } of [first, ...others].slice(0, 40).flatMap((row) => row ?? []))
      footage.stuck.add(filePath);

    expect(await footage.look({ quotaBytes: 6000 })).toMatchObject({ deletedBytes: 4000 });
    expect(footage.removed[0]).toBe(others.at(-1)?.filePath);
    const told = footage.logged.filter(([message]) => message.startsWith('Footage could not be deleted'));
    expect(told.map(([, facts]) => facts)).toEqual([
      { volume: 'archive', file: first?.filePath, code: 'EPERM', files: 32 },
      { volume: 'archive', file: others[31]?.filePath, code: 'EPERM', files: 8 },
    ]);

    footage.stuck.clear();
    expect(await footage.look({})).toMatchObject({ storedBytes: 6000 });
    footage.clock.advance(60_000);
    expect(await footage.look({})).toMatchObject({ storedBytes: 2000 });
    expect(footage.logged.filter(([message]) => message.startsWith('Footage could not'))).toHaveLength(2);
  });

  it('takes it for trouble of the volume when that cannot be written to either, and goes on later', async () => {
    await using footage = new RetainedFootage(directory.path);
    await footage.addMinutes(['a'], 10);
    footage.isWell = false;
    await expect(footage.look({ quotaBytes: 700 })).rejects.toMatchObject({ code: 'EIO' });
    footage.isWell = true;
    expect(await footage.look({ quotaBytes: 700 })).toMatchObject({ storedBytes: 700 });
  });

  it('goes on with what an earlier run has marked and left', async () => {
    await using footage = new RetainedFootage(directory.path);
    await footage.addMinutes(['a'], 10);
    const rows = await footage.index.oldest({ limit: 3 });
    await footage.index.markDeleting(
      rows.map(({ id }) => id),
      'free-space',
    );
    expect(await footage.look({})).toMatchObject({ storedBytes: 700 });
    expect(footage.removed).toEqual(rows.map(({ filePath }) => filePath));
  });

  it('does not take what is recorded by a clock that was set back for the oldest', async () => {
    await using footage = new RetainedFootage(directory.path);
    await footage.addMinutes(['a'], 10);
    const [oldest] = await footage.index.oldest({ limit: 1 });
    footage.clock.setWallClockBy(-3 * 365 * dayMs);
    await footage.addMinutes(['a'], 10);

    expect(await footage.look({ quotaBytes: 1950 })).toMatchObject({ deletedBytes: 100 });
    expect(footage.removed).toEqual([oldest?.filePath]);
  });

  it('takes nothing for too old by a clock that was set within the last hour', async () => {
    await using footage = new RetainedFootage(directory.path);
    await footage.addMinutes(['a'], 10);
    const cameras = { a: { maximumDays: 30 } };
    await footage.look({}, cameras);
    footage.clock.advance(3_500_000);
    footage.clock.setWallClockBy(40 * dayMs);
    expect(await footage.look({}, cameras)).toMatchObject({ deletedBytes: 0 });
    footage.clock.advance(3_500_000);
    expect(await footage.look({}, cameras)).toMatchObject({ deletedBytes: 0 });
    footage.clock.advance(100_000);
    expect(await footage.look({}, cameras)).toMatchObject({ deletedBytes: 1000 });
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
      obstacle: undefined,
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
      for (let second = 0; second < 60; second += 1) gate.send();
      await expect.poll(() => gate.recorder.status().queuedBytes, pollOptions).toBe(0);
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
