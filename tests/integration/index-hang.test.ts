import Database from 'better-sqlite3';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { engineLayout } from '../../src/engine/platform/layout.ts';
import { createRecorder, type Recorder } from '../../src/engine/recording/index.ts';
import { IndexHealth, type SegmentFile, type Volume } from '../../src/engine/storage/index.ts';
import {
  ConfigView,
  EngineStatus,
  enginePaths,
  type CameraConfig,
} from '../../src/shared/engine-api/index.ts';
import { syntheticStream } from '../unit/engine/recording/synthetic-stream.ts';
import { EngineProcess, runEngineCommand, temporaryFolder } from './engine-process.ts';
import { openStore, overriding, quietLog } from './storage-fixture.ts';
import { credentials, startCamera } from './sim-camera-fixture.ts';

/** After this a supervisor would lose patience. */
const stopDeadlineMs = 5_000;
const framesPerSecond = 25;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

/** Whoever holds the write lock makes every write wait, as a disk would that hangs. */
function hang(path: string): Disposable {
  const index = new Database(path);
  index.exec('BEGIN IMMEDIATE');
  return { [Symbol.dispose]: () => void index.close() };
}

describe('an engine while the disk of its index does not answer', () => {
  let engine: EngineProcess;

  beforeEach(async () => {
    engine = await EngineProcess.start(join(folder.path, 'engine'));
  });
  afterEach(() => engine[Symbol.asyncDispose]());

  it('answers, and stops in time', async () => {
    const { token } = engine.enrol('admin');
    const index = hang(engineLayout(engine.directory).index);
    const order = {
      cameraId: 'gate',
      startUtcMs: 1000,
      endUtcMs: 2000,
      reason: 'Accident at the gate',
      lockedBy: 'E. Muster',
    };
    const hanging = engine.ask(enginePaths.locks, { method: 'POST', token, body: JSON.stringify(order) });
    const neverAnswered = Promise.allSettled([hanging]);

    await expect
      .poll(async () => (await engine.ask(enginePaths.metrics, { token })).body.toString('utf8'))
      .toMatch(/belvedere_index_waiting_requests [1-9]/);
    const askedMs = performance.now();
    expect((await engine.ask(enginePaths.status, { token })).status).toBe(200);
    expect(performance.now() - askedMs).toBeLessThan(1000);

    const stoppedMs = performance.now();
    await engine.end('SIGTERM');
    expect(performance.now() - stoppedMs).toBeLessThan(stopDeadlineMs);
    expect(engine.log).not.toMatch(/nobody foresaw/);
    index[Symbol.dispose]();
    await neverAnswered;
  });

  it('goes on recording, says what is the matter, and knows everything afterwards', async () => {
    await using started = await startCamera();
    const { camera } = started;
    const { token } = engine.enrol('admin');
    const config: CameraConfig = {
      id: 'gate',
      name: 'Gate',
      main: camera.info.mainUrl,
      credentials,
      record: true,
    };
    const { version } = ConfigView.parse((await engine.ask(enginePaths.config, { token })).json());
    const body = JSON.stringify({ version, cameras: [config] });
    await engine.ask(enginePaths.config, { method: 'PUT', token, body });
    const status = async (): Promise<EngineStatus> =>
      EngineStatus.parse((await engine.ask(enginePaths.status, { token })).json());
    const bytesRecorded = async (): Promise<number> => (await status()).cameras[0]?.bytesRecorded ?? 0;
    const health = async (): Promise<unknown> => (await engine.ask(enginePaths.health)).json();
    await expect.poll(bytesRecorded, { timeout: 20_000 }).toBeGreaterThan(0);

    const index = hang(engineLayout(engine.directory).index);
    await expect.poll(health, { timeout: 30_000 }).toEqual({ status: 'failing', obstacle: 'index' });
    expect(runEngineCommand(['health', '--dir', engine.directory])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('its index of the footage is in trouble'),
    });
    await expect.poll(bytesRecorded, { timeout: 10_000 }).toBeGreaterThan(await bytesRecorded());
    expect(await status()).toMatchObject({
      cameras: [{ recording: { kind: 'recording' } }],
      volumes: [{ state: { kind: 'ok' } }],
      index: {
        kind: expect.stringMatching(/^(hung|failing)$/),
        detail: expect.stringContaining('recording goes on'),
        remedy: "Check the disk of the engine's directory.",
      },
    });
    index[Symbol.dispose]();

    await expect.poll(health, { timeout: 30_000 }).toEqual({ status: 'ok' });
    await engine.end('SIGTERM');
    expect(runEngineCommand(['fsck', engine.directory])).toMatchObject({ exitCode: 0, stderr: '' });
  }, 90_000);
});

describe('recording while the disk of the index does not answer', () => {
  it('goes on over cuts, is synced, and has its rows when the index answers again', async () => {
    const clock = createSystemClock();
    const health = new IndexHealth({ path: 'the index', clock, log: quietLog });
    const disk = new CountedSyncs();
    await using opened = await openStore(folder.path, {
      isThreaded: true,
      indexOptions: { health, limits: { patienceMs: 100 } },
      wrapVolume: (volume) => disk.wrap(volume),
      limits: { syncIntervalMs: 80 },
    });
    const { store } = opened;
    const recorder = createRecorder({
      cameraId: 'gate',
      store,
      clock,
      log: quietLog,
      limits: { segmentDurationMs: 2000 },
    });
    let sent = 0;
    const send = (seconds: number): void => {
      play(recorder, { from: sent, seconds });
      sent += seconds;
    };
    // The assembler holds the last part until the next one begins.
    const written = async (): Promise<void> => {
      await expect
        .poll(() => recorder.status().framesRecorded)
        .toBeGreaterThanOrEqual((sent - 1) * framesPerSecond);
    };
    const listed = async (): Promise<number> => {
      const { segments } = await store.segments('gate', { limit: 100 });
      return segments.reduce((sum, { frameCount }) => sum + frameCount, 0);
    };
    send(3);
    await written();

    const index = hang(join(folder.path, 'index.db'));
    send(3);
    await expect.poll(() => health.state.kind).toBe('hung');
    disk.syncs.clear();
    const sendAndCount = (): number => {
      send(1);
      return disk.syncedWhileWritten();
    };
    await expect.poll(sendAndCount, { timeout: 10_000, interval: 100 }).toBeGreaterThan(2);
    await written();
    expect(recorder.status().state.kind).toBe('recording');
    expect(health.state.kind).toBe('hung');
    index[Symbol.dispose]();

    await expect.poll(() => health.state.kind, { timeout: 10_000 }).toBe('ok');
    await recorder.stop();
    await expect.poll(listed).toBe(sent * framesPerSecond);
    expect(recorder.status()).toMatchObject({ framesRecorded: sent * framesPerSecond, framesDropped: 0 });
    const { segments } = await store.segments('gate', { limit: 100 });
    expect(new Set(segments.map(({ state }) => state))).toEqual(new Set(['finished']));
  });
});

describe('a start while the disk of the index does not answer', () => {
  it('records at once, and puts in order later what an end without warning left', async () => {
    const clock = createSystemClock();
    const limits = { segmentDurationMs: 2000 };
    const ended = join(folder.path, 'ended');
    const directory = join(folder.path, 'started');
    let left = 0;
    {
      await using opened = await openStore(ended, { limits: { syncIntervalMs: 80 } });
      const recorder = createRecorder({
        cameraId: 'gate',
        store: opened.store,
        clock,
        log: quietLog,
        limits,
      });
      play(recorder, { from: 0, seconds: 5 });
      await expect.poll(() => recorder.status().framesRecorded).toBeGreaterThanOrEqual(4 * framesPerSecond);
      left = recorder.status().framesRecorded;
      // Everything as it is at this moment: a segment is being written, and so says its row.
      await cp(ended, directory, { recursive: true });
      await recorder.stop();
    }

    const index = hang(join(directory, 'index.db'));
    const health = new IndexHealth({ path: 'the index', clock, log: quietLog });
    await using opened = await openStore(directory, {
      isThreaded: true,
      indexOptions: { health, limits: { patienceMs: 100, probeMs: 100 } },
      cameraIds: ['gate'],
    });
    const { store } = opened;
    expect(store.volumes()).toMatchObject([{ state: { kind: 'ok' } }]);
    const recorder = createRecorder({ cameraId: 'gate', store, clock, log: quietLog, limits });
    play(recorder, { from: 10, seconds: 5 });
    await expect.poll(() => recorder.status().framesRecorded).toBeGreaterThanOrEqual(4 * framesPerSecond);
    expect(recorder.status()).toMatchObject({ state: { kind: 'recording' }, framesDropped: 0 });
    expect(health.state.kind).not.toBe('ok');
    index[Symbol.dispose]();

    await expect.poll(() => health.state.kind, { timeout: 10_000 }).toBe('ok');
    const isOwed = async (): Promise<boolean> => {
      await store.inspect();
      return store.owesComparison;
    };
    await expect.poll(isOwed, { timeout: 10_000 }).toBe(false);
    play(recorder, { from: 15, seconds: 1 });
    await recorder.stop();
    expect(await store.reconciled()).toMatchObject({ recovered: 1, droppedRows: 0, removedFiles: 0 });
    const { segments } = await store.segments('gate', { limit: 100 });
    const frames = segments.reduce((sum, { frameCount }) => sum + frameCount, 0);
    expect(recorder.status().framesRecorded).toBe(6 * framesPerSecond);
    expect(frames - recorder.status().framesRecorded).toBeGreaterThanOrEqual(left);
    expect(segments.filter(({ state }) => state === 'writing')).toEqual([]);
  });
});

function play(
  recorder: Pick<Recorder, 'onDescription' | 'onSample'>,
  { from, seconds }: { readonly from: number; readonly seconds: number },
): void {
  for (let second = from; second < from + seconds; second += 1) {
    const { description, samples } = syntheticStream({ seed: second, seconds: 1, startMs: second * 1000 });
    recorder.onDescription(description);
    for (const sample of samples) recorder.onSample(sample);
  }
}

/** Counts the syncs of each file. */
class CountedSyncs {
  readonly syncs = new Map<string, number>();

  /** Files that the schedule synced, beside the syncs at their beginning and at their end. */
  syncedWhileWritten(): number {
    return [...this.syncs.values()].filter((count) => count > 2).length;
  }

  wrap(volume: Volume): Volume {
    return overriding(volume, {
      create: async (filePath) => {
        const file: SegmentFile = await volume.create(filePath);
        return overriding(file, {
          sync: () => {
            this.syncs.set(filePath, (this.syncs.get(filePath) ?? 0) + 1);
            return file.sync();
          },
        });
      },
    });
  }
}
