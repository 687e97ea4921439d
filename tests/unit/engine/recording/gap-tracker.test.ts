import { beforeEach, describe, expect, it } from 'vitest';
import { GapTracker, type GapCause } from '../../../../src/engine/recording/gap-tracker.ts';
import type { CameraPast, GapLog } from '../../../../src/engine/storage/index.ts';
import { Gap } from '../../../../src/shared/engine-api/index.ts';
import { ManualClock } from '../ingest/manual-clock.ts';

const silent: GapCause = { kind: 'interruption', interruption: 'silent', detail: 'nothing for 5 s' };
const unreachable: GapCause = { kind: 'interruption', interruption: 'unreachable', detail: 'no route' };
const diskFull: GapCause = { kind: 'storage', failure: 'disk-full', detail: 'The volume is full.' };

/** Gaps as an index would keep them. */
class MemoryGapLog implements GapLog {
  readonly bootId = 'this boot';
  readonly gaps = new Map<number, Gap>();
  pastOfCamera: CameraPast = { openGap: undefined, resumedUtcMs: undefined, lastFootage: undefined };
  isFailing = false;
  isHanging = false;
  isPastUnknown = false;
  askedBeforeUtcMs: number | undefined;
  #lastId = 100;

  async past(_cameraId: string, beforeUtcMs?: number): Promise<CameraPast> {
    this.#check();
    this.askedBeforeUtcMs = beforeUtcMs;
    if (this.isHanging) return new Promise(() => undefined);
    if (this.isPastUnknown) throw new Error('not compared yet');
    const open = [...this.gaps.values()].find((gap) => gap.endUtcMs === undefined);
    return { ...this.pastOfCamera, openGap: this.pastOfCamera.openGap ?? open };
  }

  async insert(gap: Omit<Gap, 'id'>): Promise<number> {
    this.#check();
    if (gap.endUtcMs === undefined && this.list().some((other) => other.endUtcMs === undefined))
      throw Object.assign(new Error('a second open gap'), { code: 'SQLITE_CONSTRAINT_UNIQUE' });
    this.#lastId += 1;
    this.gaps.set(this.#lastId, { ...gap, id: this.#lastId });
    return this.#lastId;
  }

  async update(gap: Gap): Promise<void> {
    this.#check();
    if (this.gaps.has(gap.id)) this.gaps.set(gap.id, gap);
  }

  async remove(id: number): Promise<void> {
    this.#check();
    this.gaps.delete(id);
  }

  /** Without ids, in order of their start. */
  list(): Omit<Gap, 'id'>[] {
    return [...this.gaps.values()]
      .sort((one, other) => one.startUtcMs - other.startUtcMs)
      .map((gap) => Gap.omit({ id: true }).parse(gap));
  }

  #check(): void {
    if (this.isFailing) throw Object.assign(new Error('injected'), { code: 'SQLITE_IOERR' });
  }
}

/** Until everything that can be written is written. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 500; turn += 1) await Promise.resolve();
}

describe('the gaps of a camera', () => {
  let clock: ManualClock;
  let gapLog: MemoryGapLog;
  let tracker: GapTracker;

  beforeEach(() => {
    clock = new ManualClock();
    gapLog = new MemoryGapLog();
    tracker = makeTracker();
  });

  function makeTracker(): GapTracker {
    const quiet = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
    return new GapTracker({ cameraId: 'gate', gapLog, clock, log: quiet });
  }

  /** Footage of the last `ms`, which then have passed. */
  function record(ms: number): void {
    const start = { utcMs: clock.utcMs(), monotonicMs: clock.monotonicMs() };
    clock.advance(ms);
    tracker.footage({ start, end: { utcMs: clock.utcMs(), monotonicMs: clock.monotonicMs() } });
  }

  it('are none while footage follows footage, nor when a connection is soon back', async () => {
    await tracker.begin();
    record(1000);
    record(1000);
    tracker.missing(silent);
    clock.advance(1900);
    record(1000);
    await settled();

    expect(gapLog.list()).toEqual([]);
  });

  it('are open from the end of the footage once longer than is tolerated, until footage returns', async () => {
    await tracker.begin();
    record(1000);
    const endedUtcMs = clock.utcMs();
    tracker.missing(silent);
    clock.advance(2000);
    await settled();
    expect(gapLog.list()).toEqual([
      { cameraId: 'gate', startUtcMs: endedUtcMs, reason: 'camera', evidence: silent },
    ]);

    clock.advance(60_000);
    // The first cause counts.
    tracker.missing(unreachable);
    record(1000);
    await settled();
    expect(gapLog.list()).toEqual([
      {
        cameraId: 'gate',
        startUtcMs: endedUtcMs,
        endUtcMs: endedUtcMs + 62_000,
        reason: 'camera',
        evidence: silent,
      },
    ]);
  });

  it('begin where recording should have begun when there never was any', async () => {
    await tracker.begin();
    const begunUtcMs = clock.utcMs();
    clock.advance(500);
    tracker.missing(unreachable);
    clock.advance(2000);
    await settled();

    expect(gapLog.list()).toEqual([
      { cameraId: 'gate', startUtcMs: begunUtcMs, reason: 'network', evidence: unreachable },
    ]);
  });

  it('count what the disk made us throw away, however short', async () => {
    await tracker.begin();
    record(1000);
    const endedUtcMs = clock.utcMs();
    tracker.missing(diskFull);
    clock.advance(400);
    tracker.dropped(10);
    record(1000);
    await settled();

    expect(gapLog.list()).toEqual([
      {
        cameraId: 'gate',
        startUtcMs: endedUtcMs,
        endUtcMs: endedUtcMs + 400,
        reason: 'disk',
        evidence: { ...diskFull, framesDropped: 10 },
      },
    ]);
  });

  it('are not made by a wall clock that is set, forward or back', async () => {
    await tracker.begin();
    record(1000);
    clock.setWallClockBy(3_600_000);
    record(1000);
    clock.setWallClockBy(-7_200_000);
    record(1000);
    await settled();

    expect(gapLog.list()).toEqual([]);
  });

  it('are found where pictures are missing though nobody said so', async () => {
    await tracker.begin();
    record(1000);
    const endedUtcMs = clock.utcMs();
    clock.advance(2500);
    record(1000);
    tracker.stalled(endedUtcMs + 10_000, endedUtcMs + 13_000);
    await settled();

    const stall = { cameraId: 'gate', reason: 'camera', evidence: { kind: 'stall' } };
    expect(gapLog.list()).toEqual([
      { ...stall, startUtcMs: endedUtcMs, endUtcMs: endedUtcMs + 2500 },
      { ...stall, startUtcMs: endedUtcMs + 10_000, endUtcMs: endedUtcMs + 13_000 },
    ]);
  });

  it('are planned from the moment recording is stopped, and end with it', async () => {
    await tracker.begin();
    record(1000);
    const stoppedUtcMs = clock.utcMs();
    await tracker.stopped('configuration');
    expect(gapLog.list()).toEqual([
      {
        cameraId: 'gate',
        startUtcMs: stoppedUtcMs,
        reason: 'planned',
        evidence: { kind: 'stopped', by: 'configuration' },
      },
    ]);

    clock.advance(1000);
    await tracker.begin();
    record(1000);
    await settled();
    // It was too short to be one.
    expect(gapLog.list()).toEqual([]);
  });

  it('change their reason when recording is stopped while the camera is away, and when it is away after a restart', async () => {
    await tracker.begin();
    record(1000);
    const [lostUtcMs] = [clock.utcMs()];
    tracker.missing(unreachable);
    clock.advance(10_000);
    const stoppedUtcMs = clock.utcMs();
    await tracker.stopped('shutdown');

    clock.advance(5000);
    const openGap = [...gapLog.gaps.values()].find((gap) => gap.endUtcMs === undefined);
    gapLog.pastOfCamera = {
      openGap,
      resumedUtcMs: undefined,
      lastFootage: { endUtcMs: lostUtcMs, bootId: 'another boot' },
    };
    tracker = makeTracker();
    await tracker.begin();
    const restartedUtcMs = clock.utcMs();
    clock.advance(700);
    tracker.missing(unreachable);
    clock.advance(2000);
    record(1000);
    await settled();

    const cameraId = 'gate';
    expect(gapLog.list()).toEqual([
      { cameraId, startUtcMs: lostUtcMs, endUtcMs: stoppedUtcMs, reason: 'network', evidence: unreachable },
      {
        cameraId,
        startUtcMs: stoppedUtcMs,
        endUtcMs: restartedUtcMs,
        reason: 'planned',
        evidence: { kind: 'stopped', by: 'shutdown' },
      },
      {
        cameraId,
        startUtcMs: restartedUtcMs,
        endUtcMs: restartedUtcMs + 2700,
        reason: 'network',
        evidence: unreachable,
      },
    ]);
  });

  it.each([
    { bootId: 'this boot', isSameBoot: true },
    { bootId: 'another boot', isSameBoot: false },
  ])('are the fault of the node after an end without warning ($bootId)', async ({ bootId, isSameBoot }) => {
    const endUtcMs = clock.utcMs() - 20_000;
    gapLog.pastOfCamera = {
      openGap: undefined,
      resumedUtcMs: undefined,
      lastFootage: { endUtcMs, bootId },
    };
    await tracker.begin();
    await settled();
    const ended = {
      cameraId: 'gate',
      startUtcMs: endUtcMs,
      reason: 'node',
      evidence: { kind: 'ended', former: { bootId }, current: { bootId: 'this boot' }, isSameBoot },
    };
    expect(gapLog.list()).toEqual([ended]);

    clock.advance(1000);
    const returnedUtcMs = clock.utcMs();
    record(1000);
    await settled();
    expect(gapLog.list()).toEqual([{ ...ended, endUtcMs: returnedUtcMs }]);
  });

  it.each(['footage', 'a camera that is away'])(
    'tell of an end without warning that is learnt late, up to what came first: %s',
    async (first) => {
      const endUtcMs = clock.utcMs() - 20_000;
      gapLog.isFailing = true;
      await tracker.begin();
      const sinceUtcMs = clock.utcMs();
      if (first === 'footage') record(1000);
      else tracker.missing(unreachable);
      clock.advance(3000);
      record(1000);
      await settled();
      gapLog.isFailing = false;
      gapLog.pastOfCamera = {
        openGap: undefined,
        resumedUtcMs: undefined,
        lastFootage: { endUtcMs, bootId: 'another boot' },
      };
      clock.advance(5000);
      await settled();
      clock.advance(5000);
      await settled();

      expect(gapLog.askedBeforeUtcMs).toBe(sinceUtcMs);
      expect(gapLog.list()[0]).toEqual({
        cameraId: 'gate',
        startUtcMs: endUtcMs,
        endUtcMs: sinceUtcMs,
        reason: 'node',
        evidence: {
          kind: 'ended',
          former: { bootId: 'another boot' },
          current: { bootId: 'this boot' },
          isSameBoot: false,
        },
      });
      expect(gapLog.list()).toHaveLength(2);
      expect(gapLog.list().every((gap) => gap.endUtcMs !== undefined)).toBe(true);
    },
  );

  it('tell of an end without warning although the camera was away before that was learnt', async () => {
    const endUtcMs = clock.utcMs() - 20_000;
    gapLog.isPastUnknown = true;
    await tracker.begin();
    const sinceUtcMs = clock.utcMs();
    tracker.missing(unreachable);
    clock.advance(3000);
    await settled();
    expect(gapLog.list()).toMatchObject([{ startUtcMs: sinceUtcMs, reason: 'network' }]);
    const lastFootage = { endUtcMs, bootId: 'another boot' };
    gapLog.pastOfCamera = { openGap: undefined, resumedUtcMs: undefined, lastFootage };
    gapLog.isPastUnknown = false;
    clock.advance(2000);
    await settled();

    expect(gapLog.list()).toMatchObject([
      { startUtcMs: endUtcMs, endUtcMs: sinceUtcMs, reason: 'node' },
      { startUtcMs: sinceUtcMs, reason: 'network' },
    ]);
    record(1000);
    await settled();
    expect(gapLog.list().every((gap) => gap.endUtcMs !== undefined)).toBe(true);
  });

  it('are learnt of although the recorder that asked was replaced meanwhile', async () => {
    const endUtcMs = clock.utcMs() - 20_000;
    gapLog.isPastUnknown = true;
    await tracker.begin();
    record(1000);
    await tracker.begin();
    await tracker.stopped('configuration');
    const lastFootage = { endUtcMs, bootId: 'another boot' };
    gapLog.pastOfCamera = { openGap: undefined, resumedUtcMs: undefined, lastFootage };
    gapLog.isPastUnknown = false;
    clock.advance(5000);
    await settled();

    expect(gapLog.list()).toContainEqual(expect.objectContaining({ startUtcMs: endUtcMs, reason: 'node' }));
  });

  it('go on where an open one was left', async () => {
    const openGap: Gap = {
      id: 7,
      cameraId: 'gate',
      startUtcMs: clock.utcMs() - 50_000,
      reason: 'network',
      evidence: { kind: 'interruption', interruption: 'unreachable', detail: 'no route' },
    };
    gapLog.gaps.set(7, openGap);
    gapLog.pastOfCamera = {
      openGap,
      resumedUtcMs: undefined,
      lastFootage: { endUtcMs: openGap.startUtcMs, bootId: 'another boot' },
    };
    await tracker.begin();
    tracker.missing(unreachable);
    clock.advance(5000);
    const returnedUtcMs = clock.utcMs();
    record(1000);
    await settled();

    expect([...gapLog.gaps.values()]).toEqual([{ ...openGap, endUtcMs: returnedUtcMs }]);
  });

  it('end where footage followed although the engine did not live to say so, and another begins where that ended', async () => {
    const openGap: Gap = {
      id: 7,
      cameraId: 'gate',
      startUtcMs: clock.utcMs() - 50_000,
      reason: 'network',
      evidence: { kind: 'interruption', interruption: 'unreachable', detail: 'no route' },
    };
    const resumedUtcMs = clock.utcMs() - 40_000;
    const endUtcMs = clock.utcMs() - 30_000;
    gapLog.gaps.set(7, openGap);
    gapLog.pastOfCamera = { openGap, resumedUtcMs, lastFootage: { endUtcMs, bootId: 'another boot' } };
    await tracker.begin();
    await settled();

    expect(
      gapLog.list().map(({ startUtcMs, endUtcMs: end, reason }) => ({ startUtcMs, end, reason })),
    ).toEqual([
      { startUtcMs: openGap.startUtcMs, end: resumedUtcMs, reason: 'network' },
      { startUtcMs: endUtcMs, end: undefined, reason: 'node' },
    ]);
  });

  it('are written down later when the index fails, in their newest state', async () => {
    await tracker.begin();
    record(1000);
    gapLog.isFailing = true;
    const endedUtcMs = clock.utcMs();
    tracker.missing(unreachable);
    clock.advance(3000);
    await settled();
    record(1000);
    await settled();
    gapLog.isFailing = false;
    clock.advance(5000);
    await settled();

    expect(gapLog.list()).toEqual([
      {
        cameraId: 'gate',
        startUtcMs: endedUtcMs,
        endUtcMs: endedUtcMs + 3000,
        reason: 'network',
        evidence: unreachable,
      },
    ]);
  });

  it('are bounded while the index fails', async () => {
    await tracker.begin();
    gapLog.isFailing = true;
    for (let count = 0; count < 200; count += 1) {
      record(1000);
      clock.advance(2100);
    }
    await settled();
    gapLog.isFailing = false;
    clock.advance(5000);
    await settled();

    expect(gapLog.list().length).toBeLessThanOrEqual(33);
    expect(gapLog.list().at(-1)?.endUtcMs).toBe(clock.utcMs() - 5000 - 3100);
  });

  it('begin earlier when the disk turns out not to have kept the last footage', async () => {
    await tracker.begin();
    record(1000);
    const kept = { utcMs: clock.utcMs(), monotonicMs: clock.monotonicMs() };
    record(1000);
    tracker.missing(silent);
    clock.advance(2000);
    tracker.lost(kept);
    await settled();
    // What ends later than what is known says nothing new.
    tracker.lost({ utcMs: clock.utcMs(), monotonicMs: clock.monotonicMs() });
    await settled();

    expect(gapLog.list()).toEqual([
      { cameraId: 'gate', startUtcMs: kept.utcMs, reason: 'camera', evidence: silent },
    ]);
  });

  it('keep no footage waiting for an index that hangs', async () => {
    gapLog.isHanging = true;
    const told: string[] = [];
    void tracker.begin().then(() => told.push('begin'));
    await settled();
    expect(told).toEqual([]);
    clock.advance(5000);
    await settled();

    expect(told).toEqual(['begin']);
  });

  it('learn of the past late when the index did not answer at the start', async () => {
    const openGap: Gap = {
      id: 7,
      cameraId: 'gate',
      startUtcMs: clock.utcMs() - 50_000,
      reason: 'planned',
      evidence: { kind: 'stopped', by: 'shutdown' },
    };
    gapLog.gaps.set(7, openGap);
    gapLog.pastOfCamera = { openGap, resumedUtcMs: undefined, lastFootage: undefined };
    gapLog.isFailing = true;
    await tracker.begin();
    const begunUtcMs = clock.utcMs();
    record(1000);
    gapLog.isFailing = false;
    clock.advance(5000);
    await settled();

    expect([...gapLog.gaps.values()]).toEqual([{ ...openGap, endUtcMs: begunUtcMs }]);
  });

  it('cut long words of others', async () => {
    await tracker.begin();
    tracker.missing({ ...unreachable, detail: 'x'.repeat(10_000) });
    clock.advance(2000);
    await settled();

    expect(gapLog.list()[0]?.evidence).toEqual({ ...unreachable, detail: 'x'.repeat(500) });
  });
});
