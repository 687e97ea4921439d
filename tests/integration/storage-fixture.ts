import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../src/shared/domain/clock.ts';
import type { Log } from '../../src/shared/domain/log.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { defaultVolumeName, type CameraId, type VolumeConfig } from '../../src/shared/engine-api/index.ts';
import {
  createSegmentStore,
  defaultStorageLimits,
  openLocalVolume,
  openLocalVolumeMarker,
  openFootageIndex,
  openSqliteSegmentIndex,
  type KnownVolumes,
  type FootageIndex,
  type FootageIndexOptions,
  type ReconcileReport,
  type SegmentIndex,
  type SegmentStore,
  type StorageLimits,
  type Volume,
  type VolumeAccess,
} from '../../src/engine/storage/index.ts';

export const quietLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => quietLog,
};

export const testNodeId = '5b0f6c1e-6f3c-4d39-9d0f-3d9d5f6c2a11';

/** Small enough for any machine that runs tests. */
export const testStorageLimits: StorageLimits = { ...defaultStorageLimits, headroomBytes: 1024 ** 2 };
export const testBootId = 'boot-of-the-test';
const testReserveBytes = 1024 ** 2;

export interface OpenedStore extends AsyncDisposable {
  readonly store: SegmentStore;
  readonly index: FootageIndex;
  readonly volumePath: string;
  readonly report: ReconcileReport;
}

export interface OpenStoreOptions {
  /** Instead of `volume` in the directory. */
  readonly volumePath?: string;
  readonly limits?: Partial<StorageLimits & Pick<VolumeConfig, 'reserveBytes' | 'quotaBytes'>>;
  /** Puts faults in the volume's way. */
  readonly wrapVolume?: (volume: Volume) => Volume;
  /** As `wrapVolume`, and in its marker's. */
  readonly wrapAccess?: (access: VolumeAccess) => VolumeAccess;
  readonly wrapIndex?: (index: SegmentIndex) => SegmentIndex;
  /** That are going to record. */
  readonly cameraIds?: readonly CameraId[];
  readonly log?: Log;
  readonly clock?: Clock;
  /** The index on a thread of its own, as an engine has it. */
  readonly isThreaded?: boolean;
  /** Of that thread. */
  readonly indexOptions?: Pick<FootageIndexOptions, 'health' | 'limits'>;
}

/** A started store with its index in `directory` and its volume below; the same directory can be opened again. */
export async function openStore(directory: string, options: OpenStoreOptions = {}): Promise<OpenedStore> {
  const { clock = createSystemClock(), cameraIds = [], wrapAccess = (access) => access } = options;
  const volumePath = options.volumePath ?? join(directory, 'volume');
  await mkdir(volumePath, { recursive: true });
  const indexPath = join(directory, 'index.db');
  const index = options.isThreaded
    ? await openFootageIndex({ path: indexPath, clock, log: quietLog, ...options.indexOptions })
    : openSqliteSegmentIndex(indexPath);
  const { reserveBytes = testReserveBytes, quotaBytes, ...limits } = options.limits ?? {};
  const volume = openLocalVolume(volumePath);
  const store = createSegmentStore({
    config: {
      volumes: [{ name: defaultVolumeName, path: volumePath, reserveBytes, quotaBytes }],
      cameras: new Map(cameraIds.map((cameraId) => [cameraId, {}])),
    },
    nodeId: testNodeId,
    access: ({ path }) =>
      wrapAccess({
        volume: options.wrapVolume?.(volume) ?? volume,
        marker: openLocalVolumeMarker(path),
      }),
    known: knownVolumes(),
    firstVolumePath: volumePath,
    index: options.wrapIndex?.(index) ?? index,
    clock,
    log: options.log ?? quietLog,
    bootId: testBootId,
    limits: { ...testStorageLimits, ...limits },
  });
  await store.start();
  return {
    store,
    index,
    volumePath,
    report: await store.reconciled(),
    async [Symbol.asyncDispose]() {
      await store.stop();
      await index.close();
    },
  };
}

/** Which disk each volume is, forgotten at the end of a test. */
export function knownVolumes(): KnownVolumes {
  const known = new Map<string, string>();
  return {
    find: (name) => known.get(name),
    remember: (name, volumeId) => void known.set(name, volumeId),
    retain: (names) => {
      for (const name of known.keys()) if (!names.includes(name)) known.delete(name);
    },
  };
}

/** The same object with a few methods replaced; the others keep working on the object itself. */
export function overriding<Thing extends object>(thing: Thing, methods: Partial<Thing>): Thing {
  return new Proxy(thing, {
    get(target, name) {
      const value: unknown = Reflect.get(name in methods ? methods : target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
