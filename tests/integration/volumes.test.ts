import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { markerFileName, newIdentity } from '../../src/engine/storage/volume-identity.ts';
import { defaultGuardLimits } from '../../src/engine/storage/index.ts';
import type { VolumeConfig } from '../../src/shared/engine-api/index.ts';
import { LoopDisk, loopDiskMissing } from './loop-disk-fixture.ts';
import { temporaryDirectory } from './recording-fixture.ts';
import { knownVolumes } from './storage-fixture.ts';
import { framesPerSecond, VolumeSet } from './volume-set-fixture.ts';
import { cameraOnFaulty, VolumeScenario } from './volume-scenario.ts';

const pollOptions = { timeout: 10_000, interval: 20 };

function noSpace(): never {
  throw Object.assign(new Error('No space on the disk of the engine.'), { code: 'ENOSPC' });
}

/** As what it is counted on the faulty volume of a scenario. A sync that fails would cost what was written since the one before. */
async function firstPartOfSecondSegment(directory: string): Promise<number> {
  await using scenario = await VolumeScenario.create(directory);
  await scenario.start();
  await scenario.record(6);
  await scenario.stop();
  const { operations } = scenario.faulty;
  const secondSegment = operations.indexOf('create', operations.indexOf('create') + 1);
  const initialization = operations.indexOf('append', secondSegment);
  return operations.indexOf('append', initialization + 1);
}

describe('several volumes', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let one: VolumeConfig;
  let two: VolumeConfig;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    one = { name: 'one', path: join(directory.path, 'one'), reserveBytes: 0 };
    two = { name: 'two', path: join(directory.path, 'two'), reserveBytes: 0 };
    await mkdir(one.path);
    await mkdir(two.path);
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  it('get cameras spread over them, and each camera the volume it was given', async () => {
    await using set = await VolumeSet.open(directory.path, {
      volumes: [one, two],
      cameras: { gate: { preferredVolume: 'two' }, lobby: { preferredVolume: 'gone' } },
    });
    // The first part is complete with the second second: all segments begin at once.
    for (const _ of [1, 2]) for (const cameraId of ['a', 'b', 'gate', 'lobby']) set.camera(cameraId).send();
    for (const cameraId of ['a', 'b', 'gate', 'lobby']) await set.camera(cameraId).recorder.stop();

    const directories = await Promise.all(
      ['a', 'b', 'gate', 'lobby'].map(async (cameraId) => (await set.footage(cameraId))[0]?.path),
    );
    expect(directories[2]).toContain(two.path);
    const counts = [one, two].map(({ path }) => directories.filter((file) => file?.startsWith(path)).length);
    expect(counts).toEqual([2, 2]);
    expect(await set.store.overview()).toEqual({
      volumes: set.store.volumes(),
      cameras: ['a', 'b', 'gate', 'lobby'].map((cameraId) => ({
        cameraId,
        storedBytes: expect.any(Number),
        segments: 1,
        oldestUtcMs: 1_700_000_000_000,
      })),
    });
  });

  it('take over a camera within a group of pictures when its volume fails, and give it back', async () => {
    const fromOperation = await firstPartOfSecondSegment(`${directory.path}/sound`);
    await using scenario = await VolumeScenario.create(`${directory.path}/faulty`, {
      fault: { kind: 'EIO', fromOperation },
    });
    await scenario.start();
    await scenario.record(12);
    expect(scenario.faulty.hasStruck).toBe(true);
    const moved = await scenario.volumesOf(cameraOnFaulty);
    expect(moved.map(({ volume }) => volume)).toEqual(expect.arrayContaining(['faulty', 'healthy']));
    const first = moved.findIndex(({ volume }) => volume === 'healthy');
    const before = moved[first - 1];
    const after = moved[first];
    // One group of a second is lost with the write that failed, and the rest of the one after it.
    expect((after?.startUtcMs ?? Infinity) - (before?.endUtcMs ?? 0)).toBeLessThanOrEqual(2000);

    scenario.faulty.heal();
    await scenario.record(6);
    expect((await scenario.volumesOf(cameraOnFaulty)).at(-1)?.volume).toBe('faulty');
  });

  it('are not filled where their disk is not mounted, and come back with everything', async () => {
    await using set = await VolumeSet.open(directory.path, {
      volumes: [one, two],
      cameras: { gate: { preferredVolume: 'one' } },
    });
    const gate = set.camera('gate');
    for (let second = 0; second < 5; second += 1) gate.send();
    await expect.poll(() => gate.recorder.status().queuedBytes, pollOptions).toBe(0);
    const before = (await set.footage('gate')).filter(({ path }) => path?.startsWith(one.path));
    expect(before.length).toBeGreaterThan(0);

    // What an unmounted disk leaves behind.
    await rename(one.path, `${one.path}-away`);
    await mkdir(one.path);
    await expect
      .poll(() => set.stateOf('one'), pollOptions)
      .toMatchObject({
        kind: 'missing',
        detail: expect.stringContaining('not its disk'),
        remedy: expect.stringContaining('Mount its disk'),
      });
    await expect
      .poll(async () => (gate.send(), (await set.footage('gate')).at(-1)?.path), pollOptions)
      .toContain(two.path);
    expect(await readdir(one.path)).toEqual([]);
    expect(await set.store.segmentFile('gate', before[0]?.id ?? 0)).toBeUndefined();

    await rm(one.path, { recursive: true });
    await rename(`${one.path}-away`, one.path);
    await expect.poll(() => set.stateOf('one')?.kind, pollOptions).toBe('ok');
    await set.store.reconciled();
    const after = await set.footage('gate');
    expect(after.filter(({ path }) => path?.startsWith(one.path)).length).toBeGreaterThanOrEqual(
      before.length,
    );
    await expect
      .poll(async () => (gate.send(), (await set.footage('gate')).at(-1)?.path), pollOptions)
      .toContain(one.path);
  });

  it('are not filled where another disk is mounted', async () => {
    const stranger = newIdentity('00000000-0000-4000-8000-000000000000', 0);
    await writeFile(join(one.path, markerFileName), JSON.stringify(stranger));
    await using set = await VolumeSet.open(directory.path, { volumes: [one, two] });

    expect(set.stateOf('one')).toMatchObject({
      kind: 'foreign',
      detail: expect.stringContaining('another engine'),
    });
    const gate = set.camera('gate');
    for (let second = 0; second < 3; second += 1) gate.send();
    await gate.recorder.stop();
    expect(gate.recorder.status()).toMatchObject({ framesRecorded: 3 * framesPerSecond, framesDropped: 0 });
    expect(await readdir(one.path)).toEqual([markerFileName]);
  });

  it('are the same disks after a restart, whatever they are called and wherever they are mounted', async () => {
    const known = knownVolumes();
    {
      await using set = await VolumeSet.open(directory.path, { volumes: [one], known });
      set.camera('gate').send();
    }
    const moved = { ...one, name: 'renamed', path: `${one.path}-moved` };
    await rename(one.path, moved.path);
    await using set = await VolumeSet.open(directory.path, { volumes: [moved, two], known });

    const [segment] = await set.footage('gate');
    expect(segment?.path).toContain(moved.path);
    expect([known.find('one'), known.find('renamed')]).toEqual([undefined, expect.any(String)]);
  });

  it('are used although nobody can write down which disk they are', async () => {
    const known = { find: () => undefined, remember: noSpace, retain: noSpace };
    await using set = await VolumeSet.open(directory.path, { volumes: [one], known });

    expect(set.stateOf('one')?.kind).toBe('ok');
    const gate = set.camera('gate');
    await expect.poll(() => gate.send(), pollOptions).toBe('recording');
  });

  it('can be added and taken away while cameras record', async () => {
    await using set = await VolumeSet.open(directory.path, { volumes: [one] });
    const gate = set.camera('gate');
    for (let second = 0; second < 3; second += 1) gate.send();
    await expect.poll(() => gate.recorder.status().state.kind, pollOptions).toBe('recording');

    await set.store.configure({ volumes: [two], cameras: new Map() });
    await expect
      .poll(async () => (gate.send(), (await set.footage('gate')).at(-1)?.path), pollOptions)
      .toContain(two.path);
    expect(set.store.volumes().map(({ name }) => name)).toEqual(['two']);
    await gate.recorder.stop();
    const { framesRecorded, framesDropped } = gate.recorder.status();
    expect(framesRecorded + framesDropped).toBe(gate.sent);
  });

  it('do not keep each other waiting at the start', async () => {
    await using scenario = await VolumeScenario.create(directory.path, {
      fault: { kind: 'hang', fromOperation: 0 },
    });
    const beganMs = scenario.clock.monotonicMs();
    await scenario.start();
    expect(scenario.clock.monotonicMs() - beganMs).toBeLessThan(3000);
    expect([scenario.stateOf('faulty')?.kind, scenario.stateOf('healthy')?.kind]).toEqual(['opening', 'ok']);
    await scenario.record(6);

    expect(scenario.stateOf('faulty')?.kind).toBe('hung');
    expect(scenario.recorderOf(cameraOnFaulty).framesDropped).toBe(0);
    scenario.faulty.heal();
    await scenario.record(4);
    expect((await scenario.volumesOf(cameraOnFaulty)).at(-1)?.volume).toBe('faulty');
  });

  it('end their work with the store, although one hangs', async () => {
    const scenario = await VolumeScenario.create(directory.path, {
      fault: { kind: 'hang', fromOperation: 40 },
    });
    await scenario.start();
    await scenario.record(9);
    expect(scenario.stateOf('faulty')?.kind).toBe('hung');
    const beganMs = scenario.clock.monotonicMs();
    await scenario.stop();

    expect(scenario.clock.monotonicMs() - beganMs).toBeLessThan(4500);
    expect(scenario.store.stuckOperations()).toBeGreaterThan(0);
    expect(scenario.store.stuckOperations()).toBeLessThanOrEqual(defaultGuardLimits.maximumOperations);
    scenario.faulty.heal();
    await scenario.index.close();
  });
});

describe.skipIf(loopDiskMissing)(`a volume on a real disk (${loopDiskMissing ?? 'ext4 in a file'})`, () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let disk: LoopDisk;
  let broken: VolumeConfig;
  let sound: VolumeConfig;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    disk = new LoopDisk(64 * 1024 ** 2);
    broken = { name: 'broken', path: disk.path, reserveBytes: 0 };
    sound = { name: 'sound', path: join(directory.path, 'sound'), reserveBytes: 0 };
    await mkdir(sound.path);
  });
  afterEach(async () => {
    disk[Symbol.dispose]();
    await directory[Symbol.asyncDispose]();
  });

  it('hangs without delaying its neighbours, and is used again when it answers', async () => {
    {
      await using set = await VolumeSet.open(directory.path, {
        volumes: [broken, sound],
        cameras: { gate: { preferredVolume: 'broken' }, yard: { preferredVolume: 'sound' } },
        hangAfterMs: 300,
      });
      const gate = set.camera('gate');
      const yard = set.camera('yard');
      const both = (): string => (yard.send(), gate.send());
      await expect.poll(both, pollOptions).toBe('recording');

      disk.freeze();
      await expect.poll(() => (both(), set.stateOf('broken')?.kind), pollOptions).toBe('hung');
      expect(set.store.stuckOperations()).toBeLessThanOrEqual(defaultGuardLimits.maximumOperations);
      await expect
        .poll(async () => (both(), (await set.footage('gate')).at(-1)?.path), pollOptions)
        .toContain(sound.path);
      expect(yard.recorder.status().framesDropped).toBe(0);

      disk.thaw();
      await expect.poll(() => set.stateOf('broken')?.kind, pollOptions).toBe('ok');
      expect(set.store.stuckOperations()).toBe(0);
      await expect
        .poll(async () => (both(), (await set.footage('gate')).at(-1)?.path), pollOptions)
        .toContain(disk.path);
      await yard.recorder.stop();
      expect(yard.recorder.status().framesDropped).toBe(0);
    }
    await using reopened = await VolumeSet.open(directory.path, { volumes: [broken, sound] });
    expect(await reopened.store.reconciled()).toMatchObject({
      droppedRows: 0,
      unreadableFiles: 0,
      discardedBytes: 0,
    });
  });

  it('that hangs where there is no other loses nothing, as long as there is memory for what waits', async () => {
    await using set = await VolumeSet.open(directory.path, { volumes: [broken], hangAfterMs: 200 });
    const gate = set.camera('gate');
    await expect.poll(() => gate.send(), pollOptions).toBe('recording');

    disk.freeze();
    for (let second = 0; second < 10; second += 1) gate.send();
    await expect.poll(() => set.stateOf('broken')?.kind, pollOptions).toBe('hung');
    expect(gate.recorder.status().queuedBytes).toBeGreaterThan(0);
    disk.thaw();
    await expect.poll(() => gate.recorder.status().queuedBytes, pollOptions).toBe(0);
    await gate.recorder.stop();

    expect(gate.recorder.status()).toMatchObject({ framesRecorded: gate.sent, framesDropped: 0 });
    const stored = await set.footage('gate');
    expect(stored.reduce((sum, { frameCount }) => sum + frameCount, 0)).toBe(gate.sent);
  });

  it('goes read-only, away and back', async () => {
    await using set = await VolumeSet.open(directory.path, {
      volumes: [broken, sound],
      cameras: { gate: { preferredVolume: 'broken' } },
    });
    const gate = set.camera('gate');
    await expect.poll(() => gate.send(), pollOptions).toBe('recording');
    gate.recorder.onInterruption({ kind: 'silent', detail: 'nothing for 10 s' });
    await expect.poll(() => gate.recorder.status().state.kind, pollOptions).toBe('waiting-for-stream');

    disk.makeReadOnly();
    await expect
      .poll(() => (gate.send(), set.stateOf('broken')), pollOptions)
      .toMatchObject({ kind: 'read-only', remedy: expect.stringContaining('mount it for writing') });
    await expect.poll(() => disk.tryUnmount(), pollOptions).toBe('unmounted');
    await expect.poll(() => set.stateOf('broken')?.kind, pollOptions).toBe('missing');
    disk.mount();
    await expect.poll(() => set.stateOf('broken')?.kind, pollOptions).toBe('ok');
    await expect
      .poll(async () => (gate.send(), (await set.footage('gate')).at(-1)?.path), pollOptions)
      .toContain(disk.path);
  });
});
