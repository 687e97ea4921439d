import { join } from 'node:path';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { createRecorder, type Recorder } from '../../src/engine/recording/index.ts';
import {
  createSegmentStore,
  defaultGuardLimits,
  defaultStorageLimits,
  openLocalVolume,
  openLocalVolumeMarker,
  openSqliteSegmentIndex,
  type CameraStorage,
  type FootageIndex,
  type KnownVolumes,
  type SegmentStore,
  type StorageLimits,
} from '../../src/engine/storage/index.ts';
import type { SegmentInfo, VolumeConfig, VolumeState } from '../../src/shared/engine-api/index.ts';
import { syntheticStream } from '../unit/engine/recording/synthetic-stream.ts';
import { knownVolumes, quietLog, testNodeId } from './storage-fixture.ts';

export const framesPerSecond = 25;

export interface VolumeSetOptions {
  readonly volumes: readonly VolumeConfig[];
  readonly cameras?: Readonly<Record<string, CameraStorage>>;
  readonly known?: KnownVolumes;
  readonly limits?: Partial<StorageLimits>;
  readonly hangAfterMs?: number;
  readonly nodeId?: string;
}

/** A store with volumes in real directories, on the machine's clock; its index lies in `directory`. */
export class VolumeSet implements AsyncDisposable {
  readonly store: SegmentStore;
  readonly index: FootageIndex;
  readonly #cameras = new Map<string, PlayedCamera>();

  static async open(directory: string, options: VolumeSetOptions): Promise<VolumeSet> {
    const set = new VolumeSet(directory, options);
    await set.store.start();
    return set;
  }

  private constructor(directory: string, options: VolumeSetOptions) {
    const { volumes, cameras = {}, known = knownVolumes(), limits, nodeId = testNodeId } = options;
    this.index = openSqliteSegmentIndex(join(directory, 'index.db'));
    this.store = createSegmentStore({
      config: { volumes, cameras: new Map(Object.entries(cameras)) },
      nodeId,
      access: ({ path }) => ({ volume: openLocalVolume(path), marker: openLocalVolumeMarker(path) }),
      known,
      firstVolumePath: join(directory, 'recordings'),
      index: this.index,
      clock: createSystemClock(),
      log: quietLog,
      bootId: 'boot-of-the-test',
      limits: {
        ...defaultStorageLimits,
        headroomBytes: 0,
        inspectionIntervalMs: 50,
        recoveryIntervalMs: 50,
        ...limits,
      },
      guardLimits: { ...defaultGuardLimits, hangAfterMs: options.hangAfterMs ?? 5000 },
    });
  }

  camera(cameraId: string): PlayedCamera {
    const known = this.#cameras.get(cameraId);
    if (known !== undefined) return known;
    const camera = new PlayedCamera(cameraId, this.store);
    this.#cameras.set(cameraId, camera);
    return camera;
  }

  stateOf(name: string): VolumeState | undefined {
    return this.store.volumes().find((volume) => volume.name === name)?.state;
  }

  /** Of a camera, oldest first, and the name of the directory each lies in. */
  async footage(cameraId: string): Promise<readonly (SegmentInfo & { readonly path: string | undefined })[]> {
    const { segments } = await this.store.segments(cameraId, { limit: 10_000 });
    return Promise.all(
      segments.map(async (segment) => ({
        ...segment,
        path: (await this.store.segmentFile(cameraId, segment.id))?.path,
      })),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const camera of this.#cameras.values()) await camera.recorder.stop();
    await this.store.stop();
    await this.index.close();
  }
}

/** A camera that sends a second whenever it is told to, with a sync picture at its start, and its recorder. */
export class PlayedCamera {
  readonly recorder: Recorder;
  /** Pictures that it sent. */
  sent = 0;
  #second = 0;

  constructor(cameraId: string, store: SegmentStore) {
    this.recorder = createRecorder({
      cameraId,
      store,
      clock: createSystemClock(),
      log: quietLog,
      limits: { segmentDurationMs: 2000, hangAfterMs: 1000 },
    });
  }

  /** The answer is how the recording stands. */
  send(): string {
    const { description, samples } = syntheticStream({
      seed: this.#second,
      seconds: 1,
      startMs: this.#second * 1000,
    });
    this.#second += 1;
    this.recorder.onDescription(description);
    for (const sample of samples) this.recorder.onSample(sample);
    this.sent += samples.length;
    return this.recorder.status().state.kind;
  }
}
