import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../src/shared/domain/log.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import {
  createSegmentStore,
  defaultStorageLimits,
  openLocalVolume,
  openSqliteSegmentIndex,
  type ReconcileReport,
  type SegmentIndex,
  type SegmentStore,
  type StorageLimits,
  type Volume,
} from '../../src/engine/storage/index.ts';

export const quietLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => quietLog,
};

/** Small enough for any machine that runs tests. */
export const testStorageLimits: StorageLimits = {
  ...defaultStorageLimits,
  reserveBytes: 1024 ** 2,
  headroomBytes: 1024 ** 2,
};

export interface OpenedStore extends AsyncDisposable {
  readonly store: SegmentStore;
  readonly index: SegmentIndex;
  readonly volumePath: string;
  readonly report: ReconcileReport;
}

export interface OpenStoreOptions {
  /** Instead of `volume` in the directory. */
  readonly volumePath?: string;
  readonly limits?: Partial<StorageLimits>;
  /** Puts faults in the volume's way. */
  readonly wrapVolume?: (volume: Volume) => Volume;
  readonly wrapIndex?: (index: SegmentIndex) => SegmentIndex;
  readonly log?: Log;
}

/** A started store with its index in `directory` and its volume below; the same directory can be opened again. */
export async function openStore(directory: string, options: OpenStoreOptions = {}): Promise<OpenedStore> {
  const volumePath = options.volumePath ?? join(directory, 'volume');
  await mkdir(volumePath, { recursive: true });
  const index = openSqliteSegmentIndex(join(directory, 'index.db'));
  const volume = openLocalVolume(volumePath);
  const store = createSegmentStore({
    volume: options.wrapVolume?.(volume) ?? volume,
    volumeId: 'volume-of-the-test',
    index: options.wrapIndex?.(index) ?? index,
    clock: createSystemClock(),
    log: options.log ?? quietLog,
    bootId: 'boot-of-the-test',
    limits: { ...testStorageLimits, ...options.limits },
  });
  const started = await store.start();
  if (started.kind === 'failed') throw new Error(started.failure.detail);
  return {
    store,
    index,
    volumePath,
    report: started.value,
    async [Symbol.asyncDispose]() {
      await store.stop();
      await index.close();
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
