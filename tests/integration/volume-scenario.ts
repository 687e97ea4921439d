import { mkdir, readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import type { Log } from '../../src/shared/domain/log.ts';
import type { VolumeState } from '../../src/shared/engine-api/index.ts';
import { createRecorder, type Recorder } from '../../src/engine/recording/index.ts';
import {
  createSegmentStore,
  defaultGuardLimits,
  defaultStorageLimits,
  openLocalVolume,
  openLocalVolumeMarker,
  openSqliteSegmentIndex,
  type FootageIndex,
  type KnownVolumes,
  type SegmentStore,
} from '../../src/engine/storage/index.ts';
import { FaultyVolume, type Fault } from '../support/faulty-volume.ts';
import { ManualClock } from '../unit/engine/ingest/manual-clock.ts';
import { syntheticStream } from '../unit/engine/recording/synthetic-stream.ts';
import { knownVolumes, testNodeId } from './storage-fixture.ts';

export const cameraOnFaulty = 'gate-north';
export const cameraOnHealthy = 'yard-south';

const HaltFacts = z.object({ volume: z.string(), kind: z.string() });

/** So small that footage of a few seconds is deleted while the scenario runs. */
const faultyQuotaBytes = 200_000;

export interface ScenarioOptions {
  readonly fault?: Fault;
  readonly known?: KnownVolumes;
  /** Puts faults in the way of the index. */
  readonly wrapIndex?: (index: FootageIndex) => FootageIndex;
}

/**
 * An engine's storage with two volumes, one of which may fail, and a camera for each. Time passes when it is told to; only
 * what the disks are asked takes real time.
 */
export class VolumeScenario implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly faulty: FaultyVolume;
  readonly healthy = new FaultyVolume();
  readonly index: FootageIndex;
  readonly store: SegmentStore;
  readonly #logged: { readonly facts: object; readonly message: string }[] = [];
  readonly #directory: string;
  readonly #recorders = new Map<string, Recorder>();
  readonly #fed = new Map<string, number>();
  #second = 0;

  static async create(directory: string, options: ScenarioOptions = {}): Promise<VolumeScenario> {
    for (const name of ['faulty', 'healthy']) await mkdir(join(directory, name), { recursive: true });
    return new VolumeScenario(directory, options);
  }

  private constructor(
    directory: string,
    { fault, known = knownVolumes(), wrapIndex = (index) => index }: ScenarioOptions,
  ) {
    this.#directory = directory;
    this.faulty = new FaultyVolume(fault);
    this.index = openSqliteSegmentIndex(join(directory, 'index.db'));
    this.store = createSegmentStore({
      config: {
        volumes: [
          { name: 'faulty', path: join(directory, 'faulty'), reserveBytes: 0, quotaBytes: faultyQuotaBytes },
          { name: 'healthy', path: join(directory, 'healthy'), reserveBytes: 0 },
        ],
        cameras: new Map([
          [cameraOnFaulty, { preferredVolume: 'faulty' }],
          [cameraOnHealthy, { preferredVolume: 'healthy' }],
        ]),
      },
      nodeId: testNodeId,
      access: ({ name, path }) => {
        const access = { volume: openLocalVolume(path), marker: openLocalVolumeMarker(path) };
        return (name === 'faulty' ? this.faulty : this.healthy).wrap(access);
      },
      known,
      firstVolumePath: join(directory, 'healthy'),
      index: wrapIndex(this.index),
      clock: this.clock,
      log: this.#log(),
      bootId: 'boot-of-the-test',
      limits: { ...defaultStorageLimits, headroomBytes: 0 },
      guardLimits: { ...defaultGuardLimits, hangAfterMs: 5000 },
    });
  }

  async start(): Promise<void> {
    await this.settle(this.store.start());
    for (const cameraId of [cameraOnFaulty, cameraOnHealthy]) {
      this.#recorders.set(
        cameraId,
        createRecorder({
          cameraId,
          store: this.store,
          clock: this.clock,
          log: this.#log(),
          limits: { segmentDurationMs: 2000 },
        }),
      );
    }
  }

  /** Both cameras send for so long, and what is due meanwhile happens. */
  async record(seconds: number): Promise<void> {
    for (let count = 0; count < seconds; count += 1) {
      const startMs = this.#second * 1000;
      for (const [cameraId, recorder] of this.#recorders) {
        const { description, samples } = syntheticStream({ seed: this.#second, seconds: 1, startMs });
        recorder.onDescription(description);
        for (const sample of samples) recorder.onSample(sample);
        this.#fed.set(cameraId, (this.#fed.get(cameraId) ?? 0) + samples.length);
      }
      this.#second += 1;
      await this.#quiet();
      this.clock.advance(1000);
      await this.#quiet();
    }
  }

  recorderOf(cameraId: string): ReturnType<Recorder['status']> {
    const recorder = this.#recorders.get(cameraId);
    if (recorder === undefined) throw new Error(`${cameraId} has no recorder.`);
    return recorder.status();
  }

  /** Pictures that a camera sent. */
  fed(cameraId: string): number {
    return this.#fed.get(cameraId) ?? 0;
  }

  stateOf(name: string): VolumeState | undefined {
    return this.store.volumes().find((volume) => volume.name === name)?.state;
  }

  /** Where a camera's footage went, oldest first. */
  async volumesOf(
    cameraId: string,
  ): Promise<{ readonly volume: string; readonly startUtcMs: number; readonly endUtcMs: number }[]> {
    const names = new Map<string, string>();
    for (const name of ['faulty', 'healthy']) names.set(await this.#volumeId(name), name);
    const rows = await this.index.list({
      cameraId,
      fromUtcMs: 0,
      toUtcMs: Number.MAX_SAFE_INTEGER,
      limit: 10_000,
    });
    return rows.map(({ volumeId, startUtcMs, duration90k }) => ({
      volume: names.get(volumeId) ?? 'unknown',
      startUtcMs,
      endUtcMs: startUtcMs + duration90k / 90,
    }));
  }

  /** Every trouble of a volume that was told so far. */
  troubles(name: string): string[] {
    return this.#logged.flatMap(({ facts, message }) => {
      const told = HaltFacts.safeParse(facts);
      return message === 'Recording to the volume halts.' && told.data?.volume === name
        ? [told.data.kind]
        : [];
    });
  }

  /** Ends as a process does that is killed: what is not on disk and in the index by now never will be. */
  async crash(): Promise<void> {
    this.faulty.die();
    this.healthy.die();
    await this.stop();
  }

  /** Recorders first, as an engine does it. */
  async stop(): Promise<void> {
    const recorders = [...this.#recorders.values()];
    await this.settle(Promise.all(recorders.map((recorder) => recorder.stop())));
    await this.settle(this.store.stop());
  }

  /** Waits for something while the disks work; time passes only while one hangs. */
  async settle<Value>(task: Promise<Value>): Promise<Value> {
    const progress = { isSettled: false };
    const settled = Promise.allSettled([task]).finally(() => {
      progress.isSettled = true;
    });
    while (!progress.isSettled) await this.#turn();
    await settled;
    return task;
  }

  /** Rows of both volumes against their files, once nothing is written any more: what does not agree. */
  async disagreements(): Promise<string[]> {
    const complaints: string[] = [];
    for (const name of ['faulty', 'healthy']) {
      const volumeId = await this.#volumeId(name);
      for (const row of await this.index.unfinished(volumeId, { afterId: 0, limit: 10_000 }))
        complaints.push(`${name}/${row.filePath} is ${row.state}`);
      const rows = await this.index.oldest({ volumeId, limit: 10_000 });
      const files = await segmentFiles(join(this.#directory, name));
      for (const { filePath, byteLength } of rows) {
        const size = files.get(filePath);
        if (size !== byteLength) complaints.push(`${name}/${filePath}: ${size} bytes, not ${byteLength}`);
        files.delete(filePath);
      }
      for (const filePath of files.keys()) complaints.push(`${name}/${filePath} has no row`);
    }
    return complaints;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.faulty.heal();
    await this.stop();
    await this.index.close();
  }

  async #volumeId(name: string): Promise<string> {
    const reading = await openLocalVolumeMarker(join(this.#directory, name)).read();
    return reading.kind === 'present' ? reading.identity.volumeId : '';
  }

  /** Until nothing is being written and the disks have nothing to do, but for what hangs with nobody waiting for it. */
  async #quiet(): Promise<void> {
    let quietTurns = 0;
    while (quietTurns < 5) {
      await this.#turn();
      const isBusy = this.faulty.underWay > 0 || this.healthy.underWay > 0;
      const isWaiting = [...this.#recorders.values()].some((recorder) => recorder.status().queuedBytes > 0);
      quietTurns = isBusy || isWaiting ? 0 : quietTurns + 1;
    }
  }

  async #turn(): Promise<void> {
    await setImmediate();
    const isBusy = this.faulty.underWay > 0 || this.healthy.underWay > 0;
    if (this.faulty.hanging + this.healthy.hanging > 0 && !isBusy) this.clock.advance(50);
  }

  #log(): Log {
    const note = (facts: object, message: string): void => void this.#logged.push({ facts, message });
    const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
    return log;
  }
}

/** Their lengths by their paths on the volume. */
async function segmentFiles(volumePath: string): Promise<Map<string, number>> {
  const entries = await readdir(volumePath, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.mp4'))
    .map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return new Map(paths.map((path, place) => [relative(volumePath, path), sizes[place] ?? 0]));
}
