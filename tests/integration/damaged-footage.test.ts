import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../../src/shared/domain/log.ts';
import {
  checkFootage,
  openLocalVolume,
  openLocalVolumeMarker,
  type FootageFinding,
} from '../../src/engine/storage/index.ts';
import { segmentFilePath } from '../../src/engine/storage/segment-file-name.ts';
import { LoopDisk, loopDiskMissing } from './loop-disk-fixture.ts';
import { temporaryDirectory } from './recording-fixture.ts';
import { cameraId, firstDay, firstUtcMs } from './recovery-fixture.ts';
import { segmentPieces } from './segment-bytes.ts';
import { openStore, quietLog, type OpenedStore } from './storage-fixture.ts';

async function volumeIdOf({ index }: OpenedStore): Promise<string> {
  return (await index.totals())[0]?.volumeId ?? '';
}

async function check(opened: OpenedStore, repairs: boolean): Promise<readonly FootageFinding[]> {
  const marker = await openLocalVolumeMarker(opened.volumePath).read();
  const findings: FootageFinding[] = [];
  await checkFootage({
    volume: openLocalVolume(opened.volumePath),
    volumeId: marker.kind === 'present' ? marker.identity.volumeId : '',
    index: opened.index,
    repairs,
    onFinding: (finding) => void findings.push(finding),
  });
  return findings;
}

describe('damaged footage', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  const pieces = segmentPieces({ cameraId, startUtcMs: firstUtcMs, parts: 5, pictureBytes: 400 });
  const whole = Buffer.concat(pieces);
  const filePath = segmentFilePath({ cameraId, content: 'main', startUtcMs: firstUtcMs }, 0);
  const path = (): string => join(directory.path, 'volume', filePath);

  async function putFile(bytes: Buffer): Promise<void> {
    await mkdir(join(directory.path, 'volume', firstDay), { recursive: true });
    await writeFile(path(), bytes);
  }

  const damagedAt = (position: number): Buffer => {
    const copy = Buffer.from(whole);
    copy.write('XXXX', position + 4);
    return copy;
  };
  const startOf = (piece: number): number => Buffer.concat(pieces.slice(0, piece)).byteLength;

  it('can be played up to the damage and is left whole, by starts and checks', async () => {
    const damaged = damagedAt(startOf(3));
    await putFile(damaged);
    const errors: object[] = [];
    const log: Log = { ...quietLog, error: (facts) => void errors.push(facts) };
    for (const report of [
      { recovered: 1, damagedFiles: 1 },
      { recovered: 0, damagedFiles: 0 },
    ]) {
      await using opened = await openStore(directory.path, { log });
      expect(opened.report).toMatchObject({ ...report, removedFiles: 0, discardedBytes: 0 });
      expect(await opened.index.findByPath(await volumeIdOf(opened), filePath)).toMatchObject({
        byteLength: startOf(3),
        partCount: 2,
        state: 'recovered',
      });
      expect(await readFile(path())).toEqual(damaged);
    }
    expect(errors).toMatchObject([{ file: filePath, usableBytes: startOf(3), parts: 2 }]);

    await using opened = await openStore(directory.path);
    for (const repairs of [true, false]) {
      expect(await check(opened, repairs)).toMatchObject([
        { kind: 'damaged-file', filePath, isRepaired: false },
      ]);
    }
    expect(await readFile(path())).toEqual(damaged);
  });

  it('is indexed up to the damage by a check that finds it without a row, and still told', async () => {
    const damaged = damagedAt(startOf(3));
    await using opened = await openStore(directory.path);
    await putFile(damaged);

    expect((await check(opened, true)).map(({ kind, isRepaired }) => [kind, isRepaired])).toEqual([
      ['unindexed-file', true],
      ['damaged-file', false],
    ]);
    expect(await readFile(path())).toEqual(damaged);
    expect((await check(opened, true)).map(({ kind }) => kind)).toEqual(['damaged-file']);
  });

  it('without a part that can be played is set aside, logged and told', async () => {
    const damaged = damagedAt(whole.indexOf('moov') - 4);
    await putFile(damaged);
    const errors: object[] = [];
    const log: Log = { ...quietLog, error: (facts) => void errors.push(facts) };
    await using opened = await openStore(directory.path, { log });

    expect(opened.report).toMatchObject({ recovered: 0, removedFiles: 0, damagedFiles: 1 });
    expect(errors).toMatchObject([{ file: filePath, setAside: `${filePath}.damaged` }]);
    expect(await readFile(`${path()}.damaged`)).toEqual(damaged);
    expect(await check(opened, true)).toMatchObject([
      { kind: 'set-aside-file', filePath: `${filePath}.damaged`, isRepaired: false },
    ]);
    expect(await readFile(`${path()}.damaged`)).toEqual(damaged);
  });

  it('of a finished segment is left with its row by a check', async () => {
    await putFile(whole);
    await using opened = await openStore(directory.path);
    const row = await opened.index.findByPath(await volumeIdOf(opened), filePath);
    for (const position of [whole.indexOf('moov') - 4, startOf(1)]) {
      await putFile(damagedAt(position));

      expect(await check(opened, true)).toMatchObject([
        { kind: 'damaged-file', filePath, isRepaired: false },
      ]);
      expect(await readFile(path())).toEqual(damagedAt(position));
      expect(await opened.index.findByPath(await volumeIdOf(opened), filePath)).toEqual(row);
    }
  });

  it.each([true, false])(
    'with nothing but a beginning is removed unless it is locked (%s)',
    async (isLocked) => {
      const beginning = whole.subarray(0, startOf(1) + 1000);
      {
        await using opened = await openStore(directory.path);
        const lock = { cameraId, startUtcMs: firstUtcMs + 5000, endUtcMs: firstUtcMs + 6000 };
        await opened.index.replaceLocks(isLocked ? [lock] : []);
      }
      await putFile(beginning);
      await using opened = await openStore(directory.path);

      expect(opened.report).toMatchObject({ removedFiles: isLocked ? 0 : 1, damagedFiles: isLocked ? 1 : 0 });
      await expect(stat(path())).rejects.toMatchObject({ code: 'ENOENT' });
      const kept = await readFile(`${path()}.damaged`).catch(() => undefined);
      expect(kept).toEqual(isLocked ? beginning : undefined);
    },
  );

  it.skipIf(loopDiskMissing)(
    `is no damage where a disk can only be read (${loopDiskMissing ?? 'ext4 in a file'})`,
    async () => {
      using disk = new LoopDisk(16 * 1024 ** 2);
      await using opened = await openStore(directory.path, { volumePath: disk.path });
      await mkdir(join(disk.path, firstDay), { recursive: true });
      await writeFile(join(disk.path, filePath), whole);
      disk.makeReadOnly();

      const findings = await check(opened, true);

      expect(findings).toMatchObject([{ kind: 'unindexed-file', filePath, isRepaired: true }]);
      expect(await check(opened, true)).toEqual([]);
    },
  );
});
