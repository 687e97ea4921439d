import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FootageIndex, KnownVolumes } from '../../src/engine/storage/index.ts';
import type { VolumeState } from '../../src/shared/engine-api/index.ts';
import { faultKinds, isStruckBy, type Fault, type FaultKind } from '../support/faulty-volume.ts';
import { runsWhole } from '../support/sampling.ts';
import { temporaryDirectory } from './recording-fixture.ts';
import { knownVolumes } from './storage-fixture.ts';
import { seededRandom, type SeededRandom } from './seeded-random.ts';
import { cameraOnFaulty, cameraOnHealthy, VolumeScenario } from './volume-scenario.ts';

/** Long enough for segments, syncs, a deletion and a second start. */
const seconds = 8;
/** Of all sites times all faults, unless the suite runs whole. */
const sampledFaults = 25;

const timeout = runsWhole ? 1_800_000 : 300_000;

/** What each is called. */
const expectedState: Readonly<Record<FaultKind, VolumeState['kind']>> = {
  ENOSPC: 'full',
  'short-write': 'full',
  EIO: 'failing',
  EROFS: 'read-only',
  hang: 'hung',
};

describe('a volume that fails at any moment', () => {
  const random = seededRandom();
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let operations: readonly string[];
  let operationsAfterCrash: readonly string[];
  let number = 0;

  const freshDirectory = (): string => {
    number += 1;
    return `${directory.path}/${number}`;
  };

  beforeAll(async () => {
    directory = await temporaryDirectory();
    await using first = await VolumeScenario.create(freshDirectory());
    await first.start();
    await first.record(seconds);
    await first.stop();
    operations = [...first.faulty.operations];
    const crashed = freshDirectory();
    const known = await crashedLife(crashed);
    await using second = await VolumeScenario.create(crashed, { known });
    await second.start();
    await second.store.reconciled();
    await second.record(3);
    await second.stop();
    operationsAfterCrash = [...second.faulty.operations];
  });
  afterAll(() => directory[Symbol.asyncDispose]());

  it('is asked for everything that storage does, in a scenario without faults', () => {
    expect(new Set(operations)).toEqual(
      new Set([
        'marker.read',
        'marker.write',
        'list',
        'space',
        'create',
        'append',
        'sync',
        'syncDirectoryOf',
        'remove',
        'close',
      ]),
    );
  });

  it('is asked to recover what was being written, after a crash', () => {
    expect(operationsAfterCrash).toContain('recover');
  });

  it(
    `costs no other camera a picture, has a name, heals, and leaves no row without its bytes (seed ${random.seed})`,
    { timeout },
    async () => {
      for (const { operation, ...fault } of chosenSites(operations, random)) {
        const complaint = await rehearse(freshDirectory(), fault).catch((error: unknown) => error);
        expect(
          complaint,
          `${fault.kind} from operation ${fault.fromOperation}, ${operation}`,
        ).toBeUndefined();
      }
    },
  );

  it(`does so too at a start after a crash (seed ${random.seed})`, { timeout }, async () => {
    for (const { operation, ...fault } of chosenSites(operationsAfterCrash, random)) {
      const crashed = freshDirectory();
      const known = await crashedLife(crashed);
      const complaint = await secondLife(crashed, { fault, known }).catch((error: unknown) => error);
      expect(complaint, `${fault.kind} from operation ${fault.fromOperation}, ${operation}`).toBeUndefined();
    }
  });
});

interface FaultSite extends Fault {
  readonly operation: string;
}

/** Every fault at every operation that it strikes, or some of them. */
function chosenSites(operations: readonly string[], random: SeededRandom): readonly FaultSite[] {
  const sites = operations.flatMap((operation, fromOperation) =>
    faultKinds
      .filter((kind) => isStruckBy(operation, kind))
      .map((kind) => ({ kind, fromOperation, operation })),
  );
  return runsWhole ? sites : sample(sites, sampledFaults, () => random.next());
}

/** Records for a while and is killed. */
async function crashedLife(directory: string): Promise<KnownVolumes> {
  const known = knownVolumes();
  await using scenario = await VolumeScenario.create(directory, { known });
  await scenario.start();
  await scenario.record(5);
  await scenario.crash();
  return known;
}

/** A start with a fault, healing, and an orderly end. */
async function secondLife(
  directory: string,
  { fault, known }: { readonly fault: Fault; readonly known: KnownVolumes },
): Promise<void> {
  await using scenario = await VolumeScenario.create(directory, { fault, known });
  await scenario.start();
  await scenario.record(fault.kind === 'hang' ? 9 : 4);
  expect(scenario.recorderOf(cameraOnHealthy).framesDropped).toBe(0);

  scenario.faulty.heal();
  await scenario.record(4);
  expect(scenario.stateOf('faulty')?.kind).toBe('ok');
  await scenario.record(3);
  expect(scenario.recorderOf(cameraOnFaulty).state.kind).toBe('recording');
  await scenario.store.reconciled();
  await scenario.stop();
  expect(await scenario.disagreements()).toEqual([]);
}

describe('an index that fails for a while', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeAll(async () => {
    directory = await temporaryDirectory();
  });
  afterAll(() => directory[Symbol.asyncDispose]());

  const methods = ['insert', 'update', 'markDeleting', 'remove', 'oldest', 'totals'] as const;

  it.each(
    methods.flatMap((method) => [
      { method, code: 'SQLITE_FULL' },
      { method, code: 'SQLITE_IOERR_WRITE' },
    ]),
  )(
    'at $method with $code blames no volume, costs no picture, and agrees with the files afterwards',
    async ({ method, code }) => {
      const trouble = { isThere: false };
      await using scenario = await VolumeScenario.create(join(directory.path, `${method}-${code}`), {
        wrapIndex: (index) => failing(index, { method, code, trouble }),
      });
      await scenario.start();
      await scenario.record(3);
      trouble.isThere = true;
      await scenario.record(6);
      expect([...scenario.troubles('faulty'), ...scenario.troubles('healthy')]).toEqual([]);
      trouble.isThere = false;
      await scenario.record(6);
      await scenario.stop();

      for (const cameraId of [cameraOnFaulty, cameraOnHealthy]) {
        const { framesRecorded, framesDropped } = scenario.recorderOf(cameraId);
        expect([cameraId, framesRecorded, framesDropped]).toEqual([cameraId, scenario.fed(cameraId), 0]);
      }
      expect(await scenario.disagreements()).toEqual([]);
    },
  );
});

/** The index with one method that rejects while there is trouble. */
function failing(
  index: FootageIndex,
  fault: { readonly method: string; readonly code: string; readonly trouble: { readonly isThere: boolean } },
): FootageIndex {
  return new Proxy(index, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...parameters: unknown[]): unknown =>
        name === fault.method && fault.trouble.isThere
          ? Promise.reject(Object.assign(new Error(fault.code), { code: fault.code }))
          : Reflect.apply(value, target, parameters);
    },
  });
}

/** One life with the fault, healing, and a second life. Throws what an assertion throws. */
async function rehearse(directory: string, fault: Fault): Promise<void> {
  const known = knownVolumes();
  {
    await using scenario = await VolumeScenario.create(directory, { fault, known });
    await scenario.start();
    await scenario.record(seconds + (fault.kind === 'hang' ? 6 : 3));

    const onHealthy = scenario.recorderOf(cameraOnHealthy);
    expect(onHealthy.framesDropped).toBe(0);
    expect(onHealthy.framesRecorded).toBeGreaterThan(0);
    expect(scenario.troubles('faulty')).toContain(expectedState[fault.kind]);

    scenario.faulty.heal();
    await scenario.record(4);
    expect(scenario.stateOf('faulty')?.kind).toBe('ok');
    expect(scenario.store.stuckOperations()).toBe(0);
    await scenario.record(3);
    const onFaulty = scenario.recorderOf(cameraOnFaulty);
    expect(onFaulty.state.kind).toBe('recording');

    await scenario.stop();
    for (const cameraId of [cameraOnFaulty, cameraOnHealthy]) {
      const { framesRecorded, framesDropped, queuedBytes } = scenario.recorderOf(cameraId);
      expect([cameraId, framesRecorded + framesDropped, queuedBytes]).toEqual([
        cameraId,
        scenario.fed(cameraId),
        0,
      ]);
    }
    expect(await scenario.disagreements()).toEqual([]);
  }
  await using restarted = await VolumeScenario.create(directory, { known });
  await restarted.start();
  const report = await restarted.store.reconciled();
  expect(report).toMatchObject({ droppedRows: 0, unreadableFiles: 0 });
  await restarted.record(3);
  expect(restarted.recorderOf(cameraOnFaulty)).toMatchObject({ framesDropped: 0 });
  expect(restarted.stateOf('faulty')?.kind).toBe('ok');
  await restarted.stop();
  expect(await restarted.disagreements()).toEqual([]);
}

function sample<Item>(items: readonly Item[], count: number, random: () => number): readonly Item[] {
  return items
    .map((item) => ({ item, key: random() }))
    .toSorted((one, other) => one.key - other.key)
    .slice(0, count)
    .map(({ item }) => item);
}
