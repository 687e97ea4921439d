import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteSegmentIndex, readTimeline, type FootageIndex } from '../../src/engine/storage/index.ts';
import type { SegmentContent } from '../../src/engine/storage/segment-index.ts';
import {
  EngineFailure,
  FootageLock,
  LockList,
  LockRemoval,
  Timeline,
  enginePaths,
  maximumLocks,
} from '../../src/shared/engine-api/index.ts';
import type { GapEvidence, LockOrder } from '../../src/shared/engine-api/index.ts';
import { EngineProcess, temporaryFolder } from './engine-process.ts';
import { temporaryDirectory } from './recording-fixture.ts';

const cameraId = 'gate';
const minuteMs = 60_000;
const start = Date.UTC(2026, 10, 21);
const silent: GapEvidence = { kind: 'interruption', interruption: 'silent', detail: 'nothing for 5 s' };

async function addSegment(
  index: FootageIndex,
  startUtcMs: number,
  { lengthMs = minuteMs, content = 'main' }: { lengthMs?: number; content?: SegmentContent } = {},
): Promise<void> {
  await index.insert(
    {
      cameraId,
      volumeId: 'a',
      filePath: `${content}/${startUtcMs}`,
      content,
      startUtcMs,
      startMonotonicMs: 0,
      bootId: 'boot',
      mediaStart90k: 0,
      hasAudio: false,
    },
    {
      extent: { byteLength: 100, duration90k: lengthMs * 90, frameCount: lengthMs / 40, partCount: 1 },
      state: 'finished',
    },
  );
}

describe('a timeline', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let index: FootageIndex;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    index = openSqliteSegmentIndex(join(directory.path, 'index.sqlite'));
  });
  afterEach(async () => {
    await index.close();
    await directory[Symbol.asyncDispose]();
  });

  it('puts segments together to spans and tells the gaps between them', async () => {
    for (const minute of [0, 1, 2]) await addSegment(index, start + minute * minuteMs);
    await addSegment(index, start + 20 * minuteMs);
    // As late as is tolerated: the camera was only slow to connect.
    await addSegment(index, start + 21 * minuteMs + 2000);
    await addSegment(index, start + 5 * minuteMs, { content: 'sound' });
    await addSegment(index, start + 30 * minuteMs, { lengthMs: 0 });
    const gapId = await index.insertGap({
      cameraId,
      startUtcMs: start + 3 * minuteMs,
      endUtcMs: start + 20 * minuteMs,
      reason: 'camera',
      evidence: silent,
    });
    await index.markDeleting([1], 'volume-days');

    const from = start - minuteMs;
    const to = start + 60 * minuteMs;
    expect(await readTimeline(index, cameraId, { from, to, limit: 100 })).toEqual({
      cameraId,
      fromUtcMs: from,
      toUtcMs: to,
      spans: [
        {
          startUtcMs: start + minuteMs,
          endUtcMs: start + 3 * minuteMs,
          segments: 2,
          byteLength: 200,
        },
        {
          startUtcMs: start + 20 * minuteMs,
          endUtcMs: start + 22 * minuteMs + 2000,
          segments: 2,
          byteLength: 200,
        },
      ],
      gaps: [
        {
          id: expect.any(Number),
          cameraId,
          startUtcMs: start,
          endUtcMs: start + minuteMs,
          reason: 'retention',
          evidence: { kind: 'deletion', rule: 'volume-days' },
        },
        {
          id: gapId,
          cameraId,
          startUtcMs: start + 3 * minuteMs,
          endUtcMs: start + 20 * minuteMs,
          reason: 'camera',
          evidence: silent,
        },
      ],
    });
    expect(await readTimeline(index, 'yard', { from, to, limit: 100 })).toEqual({
      cameraId: 'yard',
      fromUtcMs: from,
      toUtcMs: to,
      spans: [],
      gaps: [],
    });
  });

  it.each([1, 2, 7, 50])('is the same in pages of %i segments', async (limit) => {
    for (let minute = 0; minute < 60; minute += 1) {
      if (minute % 10 !== 9) await addSegment(index, start + minute * minuteMs);
      else
        await index.insertGap({
          cameraId,
          startUtcMs: start + minute * minuteMs,
          endUtcMs: start + (minute + 1) * minuteMs,
          reason: 'camera',
          evidence: silent,
        });
    }
    const to = start + 61 * minuteMs;
    const whole = await readTimeline(index, cameraId, { from: start, to, limit: 1000 });
    expect(whole.spans.length).toBe(6);

    const segments = [];
    const gapIds = new Set<number>();
    let pages = 0;
    for (let from: number | undefined = start; from !== undefined; pages += 1) {
      expect(pages).toBeLessThan(100);
      const page: Timeline = await readTimeline(index, cameraId, { from, to, limit });
      segments.push(...page.spans);
      for (const { id } of page.gaps) gapIds.add(id);
      from = page.nextFromUtcMs;
    }

    expect(segments.reduce((sum, span) => sum + span.segments, 0)).toBe(54);
    expect([...gapIds]).toEqual(whole.gaps.map(({ id }) => id));
    const covered = segments.reduce((sum, span) => sum + span.endUtcMs - span.startUtcMs, 0);
    expect(covered).toBe(54 * minuteMs);
  });

  it('ends earlier where there are many gaps, and goes on from there', async () => {
    for (let minute = 0; minute < 2500; minute += 1) {
      await index.insertGap({
        cameraId,
        startUtcMs: start + minute * minuteMs,
        endUtcMs: start + minute * minuteMs + 5000,
        reason: 'camera',
        evidence: silent,
      });
    }
    const gapIds = new Set<number>();
    let pages = 0;
    for (let from: number | undefined = start; from !== undefined; pages += 1) {
      const to = start + 2500 * minuteMs;
      const page: Timeline = await readTimeline(index, cameraId, { from, to, limit: 100 });
      expect(page.gaps.length).toBeLessThanOrEqual(1000);
      for (const { id } of page.gaps) gapIds.add(id);
      from = page.nextFromUtcMs;
    }

    expect([gapIds.size, pages]).toEqual([2500, 3]);
  });
});

describe('the timeline and locks of a running engine', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let engine: EngineProcess;
  let view: string;
  let admin: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    engine = await EngineProcess.start(join(folder.path, 'engine'));
    view = engine.enrol('view').token;
    admin = engine.enrol('admin').token;
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const order: LockOrder = {
    cameraId,
    startUtcMs: start,
    endUtcMs: start + minuteMs,
    reason: 'Accident at the gate',
    lockedBy: 'E. Muster',
  };
  const post = (body: unknown, token = admin): ReturnType<EngineProcess['ask']> =>
    engine.ask(enginePaths.locks, { method: 'POST', token, body: JSON.stringify(body) });
  const list = async (): Promise<readonly FootageLock[]> =>
    LockList.parse((await engine.ask(enginePaths.locks, { token: view })).json()).locks;

  it('answer for a camera without footage, and refuse a stretch without length', async () => {
    const path = enginePaths.timeline(cameraId);
    const answer = await engine.ask(`${path}?from=1000&to=2000`, { token: view });
    expect(Timeline.parse(answer.json())).toEqual({
      cameraId,
      fromUtcMs: 1000,
      toUtcMs: 2000,
      spans: [],
      gaps: [],
    });
    for (const query of ['', '?from=1', '?from=5&to=5', '?from=1&to=2&limit=0', '?from=1&to=2&more=3']) {
      const refused = await engine.ask(`${path}${query}`, { token: view });
      expect([query, refused.status, EngineFailure.parse(refused.json()).code]).toEqual([
        query,
        400,
        'invalid-request',
      ]);
    }
  });

  it('locks footage until somebody unlocks it, through kills and a lost index', async () => {
    const answer = await post(order);
    expect(answer.status).toBe(201);
    const lock = FootageLock.parse(answer.json());
    expect(lock).toEqual({
      ...order,
      id: expect.any(String),
      tokenId: expect.any(String),
      createdUtcMs: expect.any(Number),
    });
    expect(await list()).toEqual([lock]);

    await engine.end('SIGKILL');
    await writeFile(join(engine.directory, 'var', 'index.sqlite'), 'not a database'.repeat(100));
    engine = await EngineProcess.start(engine.directory);
    expect(await list()).toEqual([lock]);

    const removal = await engine.ask(enginePaths.lock(lock.id), { method: 'DELETE', token: admin });
    expect(LockRemoval.parse(removal.json())).toEqual({ removed: lock });
    expect(await list()).toEqual([]);
    const again = await engine.ask(enginePaths.lock(lock.id), { method: 'DELETE', token: admin });
    expect([again.status, EngineFailure.parse(again.json()).code]).toEqual([404, 'not-found']);
  });

  it('refuses who may only look, and what makes no sense', async () => {
    expect((await post(order, view)).status).toBe(403);
    const lockPath = enginePaths.lock('7f0c7f1e-9a4b-4a57-8f53-0f3f9d3c2b11');
    expect((await engine.ask(lockPath, { method: 'DELETE', token: view })).status).toBe(403);
    for (const wrong of [
      { ...order, endUtcMs: order.startUtcMs },
      { ...order, reason: '  ' },
      { ...order, lockedBy: 'x'.repeat(101) },
      { ...order, more: 1 },
    ])
      expect((await post(wrong)).status).toBe(400);
    expect(await list()).toEqual([]);
  });

  it('bounds the number of locks', async () => {
    await engine.end('SIGTERM');
    const locks = Array.from({ length: maximumLocks }, (_, number): FootageLock => ({
      ...order,
      id: `7f0c7f1e-9a4b-4a57-8f53-${String(number).padStart(12, '0')}`,
      tokenId: 'test',
      createdUtcMs: 1,
    }));
    const content = JSON.stringify({ formatVersion: 1, locks });
    await writeFile(join(engine.directory, 'etc', 'locks.json'), content, { mode: 0o600 });
    engine = await EngineProcess.start(engine.directory);

    const refused = await post(order);
    expect([refused.status, EngineFailure.parse(refused.json())]).toEqual([
      429,
      {
        code: 'too-many',
        message: 'There are 1000 locks, the most there can be. Remove one that is not needed any more.',
      },
    ]);
  });
});
