import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { GuardedVolume } from '../../../../src/engine/storage/guarded-volume.ts';
import { OpenSegment, type SegmentHost } from '../../../../src/engine/storage/open-segment.ts';
import type { SegmentProgress } from '../../../../src/engine/storage/segment-index.ts';
import { SyncSchedule, syncPhaseMs } from '../../../../src/engine/storage/sync-schedule.ts';
import { defaultGuardLimits, VolumeGuard } from '../../../../src/engine/storage/volume-guard.ts';
import type { SegmentFile, Volume } from '../../../../src/engine/storage/volume.ts';
import { ManualClock } from '../ingest/manual-clock.ts';

const intervalMs = 2000;

/** A disk that notes its syncs, and answers them when it is told to. */
class PlayedDisk {
  readonly #clock: ManualClock;
  /** By file: when each sync was asked for. */
  readonly syncsMs = new Map<string, number[]>();
  isSlow = false;
  underWay = 0;
  largestUnderWay = 0;
  #waiting: (() => void)[] = [];

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  readonly volume: Volume = {
    path: '/footage',
    create: async (filePath) => this.#file(filePath),
    syncDirectoryOf: async () => undefined,
    recover: () => Promise.reject(new Error('Nothing is to be recovered.')),
    rename: async () => undefined,
    remove: async () => undefined,
    list: async () => ({ fileNames: [], directoryNames: [] }),
    space: async () => ({ totalBytes: 1, freeBytes: 1 }),
    probe: async () => undefined,
  };

  async answer(): Promise<void> {
    for (const resolve of this.#waiting.splice(0)) resolve();
    await setImmediate();
  }

  #file(filePath: string): SegmentFile {
    return {
      append: async (chunks) => chunks.reduce((sum, { byteLength }) => sum + byteLength, 0),
      sync: async () => {
        const times = this.syncsMs.get(filePath) ?? [];
        this.syncsMs.set(filePath, [...times, this.#clock.monotonicMs()]);
        this.underWay += 1;
        this.largestUnderWay = Math.max(this.largestUnderWay, this.underWay);
        if (this.isSlow) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
        this.underWay -= 1;
      },
      truncate: async () => undefined,
      close: async () => undefined,
    };
  }
}

describe('open segments', () => {
  let clock: ManualClock;
  let disk: PlayedDisk;
  let segments: Set<OpenSegment>;
  let releases: number;
  const host: SegmentHost = {
    obstacle: () => undefined,
    judge: (error) => {
      throw error;
    },
    onEnd: (segment) => void segments.delete(segment),
    onLost: () => undefined,
  };

  beforeEach(() => {
    clock = new ManualClock();
    disk = new PlayedDisk(clock);
    segments = new Set();
    releases = 0;
  });

  const openSegment = async (id: number): Promise<OpenSegment> => {
    const guard = new VolumeGuard({
      clock,
      limits: defaultGuardLimits,
      events: { shouldWait: () => false, onHang: () => undefined, onAnswer: () => undefined },
    });
    const volume = new GuardedVolume(disk.volume, guard);
    const filePath = `${id}.mp4`;
    const extent = { byteLength: 10, duration90k: 0, frameCount: 0, partCount: 0 };
    const file = await volume.create(filePath);
    const segment = new OpenSegment({
      recover: async () => undefined,
      row: { id, follow: () => undefined, finish: () => undefined, remove: () => undefined },
      clock,
      volume,
      file,
      filePath,
      volumeName: 'one',
      extent,
      syncPhaseMs: syncPhaseMs(id, intervalMs),
      host,
    });
    segments.add(segment);
    return segment;
  };

  const write = (segment: OpenSegment): ReturnType<OpenSegment['append']> =>
    segment.append({
      chunks: [new Uint8Array(100)],
      byteLength: 100,
      videoFrames: 25,
      segmentDuration90k: 90_000,
      release: () => {
        releases += 1;
      },
    });

  it('are synced once for all who wait, and again only for what was written since', async () => {
    const segment = await openSegment(1);
    await write(segment);
    disk.isSlow = true;
    const first = segment.sync();
    await write(segment);
    const others = [segment.sync(), segment.sync(), segment.sync()];
    expect(disk.syncsMs.get('1.mp4')).toHaveLength(1);
    await disk.answer();
    await first;
    expect(disk.syncsMs.get('1.mp4')).toHaveLength(2);
    await disk.answer();
    await Promise.all(others);

    expect(disk.syncsMs.get('1.mp4')).toHaveLength(2);
    expect(disk.largestUnderWay).toBe(1);
    expect(segment.progress()).toEqual({
      id: 1,
      state: 'writing',
      extent: { byteLength: 210, duration90k: 90_000, frameCount: 50, partCount: 2 },
    });
    expect(releases).toBe(2);
  });

  it('release what is given to them after their end', async () => {
    const segment = await openSegment(1);
    await write(segment);
    await segment.abandon();

    expect(await write(segment)).toMatchObject({ kind: 'failed' });
    expect(releases).toBe(2);
  });

  it('are synced every interval, a few at a time, with one call to the index for every four ticks', async () => {
    const filed: (readonly SegmentProgress[])[] = [];
    for (let id = 1; id <= 40; id += 1) await openSegment(id);
    const schedule = new SyncSchedule({
      clock,
      intervalMs,
      segments,
      file: async (progress) => void filed.push(progress),
    });
    const tickMs = intervalMs / 8;
    for (let second = 0; second < 20; second += 1) {
      for (const segment of segments) await write(segment);
      for (let tick = 0; tick < 4; tick += 1) {
        clock.advance(tickMs);
        for (let turn = 0; turn < 100; turn += 1) await setImmediate();
      }
    }
    await schedule.stop();

    const gaps = [...disk.syncsMs.values()].flatMap((times) =>
      times.slice(1).map((time, place) => time - (times[place] ?? 0)),
    );
    expect(disk.syncsMs.size).toBe(40);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(intervalMs);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(intervalMs - tickMs);
    // Two places of each volume's three; here every file has a volume of its own.
    expect(disk.largestUnderWay).toBeLessThanOrEqual(2);
    const perCall = filed.map((progress) => progress.length);
    expect(perCall).toHaveLength(20);
    // Forty over seven ticks of eight, give or take what their edges cut.
    expect(Math.max(...perCall)).toBeLessThanOrEqual(4 * 7);
    expect(perCall.reduce((sum, count) => sum + count, 0)).toBe([...disk.syncsMs.values()].flat().length);
  });

  it('are synced while the index does not answer, and filed as they are once it does', async () => {
    const filed: (readonly SegmentProgress[])[] = [];
    const answers: (() => void)[] = [];
    const segment = await openSegment(1);
    const schedule = new SyncSchedule({
      clock,
      intervalMs,
      segments,
      file: (progress) => {
        filed.push(progress);
        return new Promise((resolve) => void answers.push(resolve));
      },
    });
    const pass = async (intervals: number): Promise<void> => {
      for (let tick = 0; tick < intervals * 8; tick += 1) {
        if (tick % 8 === 0) await write(segment);
        clock.advance(intervalMs / 8);
        for (let turn = 0; turn < 20; turn += 1) await setImmediate();
      }
    };
    await pass(10);
    expect(disk.syncsMs.get('1.mp4')?.length).toBeGreaterThanOrEqual(9);
    expect(filed).toHaveLength(1);

    for (const answer of answers) answer();
    await pass(1);
    expect(filed).toHaveLength(2);
    expect(filed[1]).toMatchObject([{ id: 1, extent: { partCount: expect.any(Number) } }]);
    expect(filed[1]?.[0]?.extent.partCount).toBeGreaterThanOrEqual(9);
    // Whoever ends it is not kept waiting either.
    await schedule.stop();
  });

  it('are left alone when they are given up while they wait for their sync', async () => {
    const given: OpenSegment[] = [];
    for (let id = 1; id <= 40; id += 1) given.push(await openSegment(id));
    for (const segment of given) await write(segment);
    const schedule = new SyncSchedule({ clock, intervalMs, segments, file: async () => undefined });
    disk.isSlow = true;
    while (disk.underWay === 0) {
      clock.advance(intervalMs / 8);
      await setImmediate();
    }
    const begun = new Set(disk.syncsMs.keys());
    disk.isSlow = false;
    // Each syncs once itself, to cut its file, and closes it.
    const waiting = given.filter(({ filePath }) => !begun.has(filePath));
    for (const segment of waiting) await segment.abandon();
    await disk.answer();
    await schedule.stop();

    expect(waiting.map(({ filePath }) => disk.syncsMs.get(filePath)?.length)).toEqual(waiting.map(() => 1));
  });

  it('have the last word on their rows when they end while they are synced', async () => {
    const filed: (readonly SegmentProgress[])[] = [];
    const segment = await openSegment(1);
    const schedule = new SyncSchedule({
      clock,
      intervalMs,
      segments,
      file: async (progress) => void filed.push(progress),
    });
    await write(segment);
    disk.isSlow = true;
    while (disk.underWay === 0) {
      clock.advance(intervalMs / 8);
      await setImmediate();
    }
    const finished = segment.finish();
    await disk.answer();
    await finished;
    await schedule.stop();

    expect(filed).toEqual([]);
    expect(segments.size).toBe(0);
  });
});
