import { rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkFootage, openLocalVolume } from '../../src/engine/storage/index.ts';
import type { SegmentRow } from '../../src/engine/storage/segment-index.ts';
import { temporaryDirectory } from './recording-fixture.ts';
import { cameraId, dayMs, firstDay, record } from './recovery-fixture.ts';
import { openStore, overriding, type OpenedStore } from './storage-fixture.ts';

const gapsOf = ({ index }: OpenedStore): Promise<readonly object[]> =>
  index.gaps({ cameraId, fromUtcMs: 0, toUtcMs: Number.MAX_SAFE_INTEGER, limit: 100 });

function gap(startUtcMs: number, endUtcMs: number, framesDropped: number): object {
  const evidence = { kind: 'storage', failure: 'disk-error', detail: expect.any(String), framesDropped };
  return { id: expect.any(Number), cameraId, startUtcMs, endUtcMs, reason: 'disk', evidence };
}

function endOf(row: SegmentRow | undefined): number {
  return (row?.startUtcMs ?? 0) + (row?.duration90k ?? 0) / 90;
}

describe('footage that the disk has less of than was told', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  /** Footage of two days; of the first, two files are gone, and the last part of another. */
  async function loseSome(): Promise<{ readonly gone: object; readonly shortened: SegmentRow }> {
    await using opened = await openStore(directory.path);
    await record(opened, { seconds: 12 });
    await record(opened, { startMs: dayMs });
    const [total] = await opened.index.totals();
    const place = { volumeId: total?.volumeId ?? '', directoryPath: firstDay, limit: 100 };
    const [first, second, third, fourth] = await opened.index.inDirectory(place);
    if (first === undefined || second === undefined || third === undefined || fourth === undefined)
      throw new Error('Too few segments.');
    for (const { filePath } of [first, second]) await rm(join(opened.volumePath, filePath));
    await truncate(join(opened.volumePath, fourth.filePath), fourth.byteLength - 5000);
    const frames = first.frameCount + second.frameCount;
    return { gone: gap(first.startUtcMs, third.startUtcMs, frames), shortened: fourth };
  }

  it('becomes one gap with the loss of its rows, at a start', async () => {
    const { gone } = await loseSome();
    await using opened = await openStore(directory.path);

    expect(opened.report).toMatchObject({ droppedRows: 2 });
    expect(await gapsOf(opened)).toEqual([gone]);
  });

  it('becomes gaps at a check, also where a file became shorter', async () => {
    const { gone, shortened } = await loseSome();
    await using opened = await openStore(directory.path, {
      // Nothing is found before the check looks.
      wrapVolume: (volume) =>
        overriding(volume, { list: async () => ({ fileNames: [], directoryNames: [] }) }),
      wrapIndex: (index) =>
        overriding(index, {
          directories: async () => [],
          compareDirectory: async () => ({ unknown: [], doubtful: [] }),
        }),
    });
    expect(await gapsOf(opened)).toEqual([]);
    await checkFootage({
      volume: openLocalVolume(opened.volumePath),
      volumeId: shortened.volumeId,
      index: opened.index,
      repairs: true,
      onFinding: () => undefined,
    });

    const left = await opened.index.find(shortened.id);
    const lostFrames = shortened.frameCount - (left?.frameCount ?? 0);
    expect(endOf(left)).toBeLessThan(endOf(shortened));
    expect(await gapsOf(opened)).toEqual([gone, gap(endOf(left), endOf(shortened), lostFrames)]);
  });
});
