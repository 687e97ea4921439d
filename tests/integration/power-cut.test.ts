import { describe, expect, it } from 'vitest';
import { createRecorder, GapKeeper, type Recorder } from '../../src/engine/recording/index.ts';
import {
  checkFootage,
  createGapLog,
  createSegmentStore,
  type FootageFinding,
  type FootageIndex,
  type SegmentStore,
} from '../../src/engine/storage/index.ts';
import { scanFile } from '../../src/engine/media/fmp4/index.ts';
import type { Sample } from '../../src/engine/media/sample.ts';
import { SqliteFootageIndex } from '../../src/engine/storage/sqlite-segment-index.ts';
import type { SegmentRow } from '../../src/engine/storage/segment-index.ts';
import { PowerCutDatabase } from '../support/power-cut-database.ts';
import { PowerCutDisk, steadyMarker } from '../support/power-cut-volume.ts';
import { runsWhole } from '../support/sampling.ts';
import { ManualClock } from '../unit/engine/ingest/manual-clock.ts';
import { byteSource } from '../unit/engine/media/fmp4/byte-source.ts';
import { mulberry32, syntheticStream } from '../unit/engine/recording/synthetic-stream.ts';
import { seededRandom } from './seeded-random.ts';
import { knownVolumes, quietLog, testStorageLimits } from './storage-fixture.ts';

const cutsPerTest = 50;
const tests = runsWhole ? 80 : 6;
const nodeId = '6f1d8f0e-3c52-4f7b-9a57-2a4f0f3a9f10';
const volumeId = '1d0c5a52-7a93-45d5-8a3e-6c8a3b1f7a11';
const cameraIds = ['gate', 'yard'] as const;
const framesPerSecond = 5;
const secondsARun = 24;
const startUtcMs = 1_700_000_000_000;
const syncIntervalMs = testStorageLimits.syncIntervalMs;

/** As small as footage can be, so that a quota makes room by deleting some in every run. */
const streams = cameraIds.map((_, seed) =>
  syntheticStream({
    seed,
    seconds: 1000,
    framesPerSecond,
    gopFrames: framesPerSecond,
    maximumPictureBytes: 60,
  }),
);

/** Everything that a power cut leaves. */
interface Remains {
  readonly disk: PowerCutDisk;
  readonly database: PowerCutDatabase;
  /** Seconds of footage that were fed. */
  readonly fedSeconds: number;
}

interface Running {
  readonly index: FootageIndex;
  readonly store: SegmentStore;
  readonly clock: ManualClock;
}

async function open({ disk, database, fedSeconds }: Remains): Promise<Running> {
  const clock = new ManualClock();
  clock.setWallClockBy(startUtcMs + fedSeconds * 1000 - clock.utcMs());
  const index = new SqliteFootageIndex(database);
  const store = createSegmentStore({
    config: {
      volumes: [{ name: 'disk', path: '/footage', reserveBytes: 0, quotaBytes: 60_000 }],
      cameras: new Map(cameraIds.map((cameraId) => [cameraId, {}])),
    },
    nodeId,
    access: ({ path }) => ({ volume: disk.volume(path), marker: steadyMarker(nodeId, volumeId) }),
    known: knownVolumes(),
    firstVolumePath: '/footage',
    index,
    clock,
    log: quietLog,
    bootId: 'boot-of-the-test',
    limits: testStorageLimits,
  });
  await Promise.race([store.start().then(() => store.reconciled()), untilIdle(400)]);
  return { index, store, clock };
}

/** Nothing waits for anything but time, or the disk is off. */
async function untilIdle(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Records in real time, as the clock has it, until the disk is off. The answer is what was fed. */
async function recordUntilCut(
  { store, index, clock }: Running,
  { disk, fedSeconds }: Remains,
): Promise<number> {
  const gaps = new GapKeeper({ gapLog: createGapLog({ index, bootId: 'boot' }), clock, log: quietLog });
  const recorders = cameraIds.map((cameraId) =>
    createRecorder({
      cameraId,
      store,
      gaps: gaps.of(cameraId),
      clock,
      log: quietLog,
      limits: { segmentDurationMs: 4000 },
    }),
  );
  let second = fedSeconds;
  for (const [camera, recorder] of recorders.entries()) recorder.onDescription(streamOf(camera).description);
  for (const end = second + secondsARun; second < end && !disk.isOff; second += 1) {
    for (const [camera, recorder] of recorders.entries()) feedSecond(recorder, camera, second);
    for (let part = 0; part < 4 && !disk.isOff; part += 1) {
      clock.advance(250);
      await untilIdle(2);
    }
  }
  disk.cut();
  return second;
}

function streamOf(camera: number): (typeof streams)[number] {
  const stream = streams[camera];
  if (stream === undefined) throw new Error('There are only so many cameras.');
  return stream;
}

function feedSecond(recorder: Recorder, camera: number, second: number): void {
  const first = second * framesPerSecond;
  for (const sample of streamOf(camera).samples.slice(first, first + framesPerSecond))
    recorder.onSample(sample);
}

async function allRows(index: FootageIndex): Promise<readonly SegmentRow[]> {
  const rows: SegmentRow[] = [];
  for (const directoryPath of await index.directories(volumeId, { afterDirectory: '', limit: 1000 }))
    rows.push(...(await index.inDirectory({ volumeId, directoryPath, limit: 1000 })));
  return rows;
}

/** Rows that say more than their files hold. */
async function rowsWithoutBytes(disk: PowerCutDisk, index: FootageIndex): Promise<readonly SegmentRow[]> {
  const rows = (await allRows(index)).filter(({ state, partCount }) => state !== 'deleting' && partCount > 0);
  const wrong: SegmentRow[] = [];
  for (const row of rows) {
    const bytes = disk.read(row.filePath)?.subarray(0, row.byteLength) ?? new Uint8Array();
    const { parts, damage } = await scanFile(byteSource(bytes));
    if (bytes.byteLength < row.byteLength || parts.length !== row.partCount || damage !== undefined)
      wrong.push(row);
  }
  return wrong;
}

async function findings(disk: PowerCutDisk, index: FootageIndex): Promise<readonly FootageFinding[]> {
  const found: FootageFinding[] = [];
  await checkFootage({
    volume: disk.volume('/footage'),
    volumeId,
    index,
    repairs: false,
    onFinding: (finding) => void found.push(finding),
  });
  return found;
}

/** When the newest footage of each camera ends, seconds since the first. */
async function recordedUntil(index: FootageIndex): Promise<readonly number[]> {
  const ends = await Promise.all(cameraIds.map((cameraId) => index.lastFootage(cameraId)));
  return ends.map((end) => ((end?.endUtcMs ?? startUtcMs) - startUtcMs) / 1000);
}

function pictureAt(camera: number, second: number): Sample | undefined {
  return streamOf(camera).samples[second * framesPerSecond];
}

describe('a power cut', () => {
  const random = seededRandom();

  it.each(Array.from({ length: tests }, (_, number) => random.seed + number))(
    'leaves no row without its bytes, and costs little more than what was not synced (seed %i)',
    { timeout: 120_000 },
    async (seed) => {
      const chance = mulberry32(seed);
      const disk = new PowerCutDisk(chance);
      let remains: Remains = { disk, database: new PowerCutDatabase(() => disk.isOff), fedSeconds: 0 };
      let deletions = 0;
      for (let cut = 0; cut < cutsPerTest; cut += 1) {
        // From the very first operation of the start to the middle of recording.
        remains.disk.cutAfter(Math.floor(chance() ** 2 * 1500));
        const running = await open(remains);
        const fedSeconds = await recordUntilCut(running, remains);

        const after = remains.disk.afterCut();
        const database = await remains.database.afterCut(chance, () => after.isOff);
        const recorded = fedSeconds - remains.fedSeconds;
        remains = { disk: after, database, fedSeconds };
        const index = new SqliteFootageIndex(database);
        expect(await rowsWithoutBytes(after, index)).toEqual([]);

        const again = await open(remains);
        await again.store.stop();
        expect(await findings(after, index)).toEqual([]);
        // Footage of a whole interval before the cut, the part in hand and the one before: all the rest is there.
        const lostSeconds = syncIntervalMs / 1000 + 2;
        const expectedSeconds = recorded > lostSeconds ? fedSeconds - lostSeconds : 0;
        for (const [camera, seconds] of (await recordedUntil(index)).entries()) {
          expect(seconds).toBeGreaterThanOrEqual(expectedSeconds);
          expect(pictureAt(camera, Math.floor(seconds))).toBeDefined();
        }
        const gaps = await index.gaps({
          cameraId: 'gate',
          fromUtcMs: 0,
          toUtcMs: 2 * startUtcMs,
          limit: 1000,
        });
        deletions += gaps.filter(({ reason }) => reason === 'retention').length;
      }
      expect(deletions).toBeGreaterThan(0);
    },
  );
});
