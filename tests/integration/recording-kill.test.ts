import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { GapKeeper } from '../../src/engine/recording/index.ts';
import {
  checkFootage,
  createGapLog,
  openLocalVolume,
  type FootageFinding,
} from '../../src/engine/storage/index.ts';
import { Gap } from '../../src/shared/engine-api/index.ts';
import { childCameraId, ChildReport, childSource, samplesPerStep } from './recording-child-protocol.ts';
import {
  decodingComplaints,
  ffmpegMissing,
  makeSource,
  packetTimes,
  temporaryDirectory,
} from './recording-fixture.ts';
import { seededRandom } from './seeded-random.ts';
import { openStore, quietLog, testBootId, type OpenedStore } from './storage-fixture.ts';
import { runsWhole } from '../support/sampling.ts';

const rounds = Number(process.env['BELVEDERE_KILL_ROUNDS'] ?? (runsWhole ? 200 : 6));
/** One part of a second being put together or written, and what was fed at once with its end. */
const picturesAtRisk = childSource.framesPerSecond + samplesPerStep;
const longestRunMs = 400;

const nodeGap = {
  cameraId: childCameraId,
  reason: 'node',
  evidence: {
    kind: 'ended',
    former: { bootId: testBootId },
    current: { bootId: testBootId },
    isSameBoot: true,
  },
} as const;

/** Runs the recorder for `runMs` after its first report and kills it. The answer is its last report. */
async function recordAndKill(directory: string, runMs: number): Promise<ChildReport> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'recording-child.ts'), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let last: ChildReport = { fed: 0, written: 0 };
  for await (const line of createInterface(child.stdout)) {
    if (last.fed === 0) setTimeout(() => child.kill('SIGKILL'), runMs);
    last = ChildReport.parse(JSON.parse(line));
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
  return last;
}

/** Everything that is wrong between the files and the index. */
async function findingsIn(opened: OpenedStore): Promise<readonly FootageFinding[]> {
  const findings: FootageFinding[] = [];
  const [total] = await opened.index.totals();
  await checkFootage({
    volume: openLocalVolume(opened.volumePath),
    volumeId: total?.volumeId ?? '',
    index: opened.index,
    repairs: false,
    onFinding: (finding) => void findings.push(finding),
  });
  return findings;
}

/** What an engine does about gaps when it starts. */
async function gapsAfterStart({ index }: OpenedStore): Promise<readonly Omit<Gap, 'id'>[]> {
  const gapLog = createGapLog({ index, bootId: testBootId });
  const keeper = new GapKeeper({ gapLog, clock: createSystemClock(), log: quietLog });
  const range = {
    cameraId: childCameraId,
    fromUtcMs: 0,
    toUtcMs: Number.MAX_SAFE_INTEGER,
    limit: 1000,
  };
  await keeper.of(childCameraId).begin();
  const hasFootage = (await index.lastFootage(childCameraId)) !== undefined;
  await expect.poll(async () => (await index.openGap(childCameraId)) !== undefined).toBe(hasFootage);
  const gaps = await index.gaps(range);
  return gaps.map((gap) => Gap.omit({ id: true }).parse(gap));
}

describe.skipIf(ffmpegMissing)(`a recorder that is killed (ffmpeg: ${ffmpegMissing ?? 'present'})`, () => {
  const random = seededRandom();
  /** Before the last one, which is open. */
  const closedGaps: Omit<Gap, 'id'>[] = [];
  let lastEndUtcMs: number | undefined;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    await makeSource(directory.path, childSource);
  });
  afterAll(() => directory[Symbol.asyncDispose]());

  it.each(Array.from({ length: rounds }, (_, round) => round))(
    `loses at most one part and never a file (round %i, seed ${random.seed})`,
    { timeout: 60_000 },
    async () => {
      const earlier = new Set<number>();
      {
        await using before = await openStore(directory.path);
        const { segments } = await before.store.segments(childCameraId, { limit: 10_000 });
        for (const { id } of segments) earlier.add(id);
      }

      const report = await recordAndKill(directory.path, random.next() * longestRunMs);

      const reopened = await openStore(directory.path);
      const { segments } = await reopened.store.segments(childCameraId, { limit: 10_000 });
      const recorded = segments.filter(({ id }) => !earlier.has(id));
      const pictures = recorded.reduce((sum, segment) => sum + segment.frameCount, 0);
      expect(pictures).toBeGreaterThanOrEqual(report.written);
      expect(report.fed - pictures).toBeLessThanOrEqual(picturesAtRisk);
      expect(segments.filter(({ state }) => state === 'writing')).toEqual([]);
      for (const segment of recorded) {
        const file = await reopened.store.segmentFile(childCameraId, segment.id);
        expect(file?.byteLength).toBe(segment.byteLength);
        const path = file?.path ?? 'missing';
        expect(await decodingComplaints(path)).toBe('');
        expect((await packetTimes(path, 'v')).length).toBe(segment.frameCount);
      }
      expect(await findingsIn(reopened)).toEqual([]);

      const [first] = recorded;
      const last = recorded.at(-1);
      if (first !== undefined && last !== undefined) {
        if (lastEndUtcMs !== undefined) {
          const endUtcMs = Math.round(first.startUtcMs);
          closedGaps.push({ ...nodeGap, startUtcMs: Math.round(lastEndUtcMs), endUtcMs });
        }
        lastEndUtcMs = last.startUtcMs + last.durationMs;
      }
      const openGaps =
        lastEndUtcMs === undefined ? [] : [{ ...nodeGap, startUtcMs: Math.round(lastEndUtcMs) }];
      expect(await gapsAfterStart(reopened)).toEqual([...closedGaps, ...openGaps]);

      await reopened[Symbol.asyncDispose]();
      await using again = await openStore(directory.path);
      expect(again.report).toEqual({
        recovered: 0,
        removedFiles: 0,
        damagedFiles: 0,
        unreadableFiles: 0,
        unreadableDirectories: 0,
        discardedBytes: 0,
        droppedRows: 0,
        completedDeletions: 0,
      });
    },
  );
});
