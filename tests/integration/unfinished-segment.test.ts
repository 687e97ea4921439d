import { stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SegmentWriter } from '../../src/engine/storage/index.ts';
import type { SegmentRow } from '../../src/engine/storage/segment-index.ts';
import { ManualClock } from '../unit/engine/ingest/manual-clock.ts';
import { temporaryDirectory } from './recording-fixture.ts';
import { cameraId, dayMs, opening } from './recovery-fixture.ts';
import { partDuration90k, partFrames, segmentPieces } from './segment-bytes.ts';
import { openStore, overriding, type OpenedStore } from './storage-fixture.ts';

describe('a segment that could not be ended', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory[Symbol.asyncDispose]());

  /** A store on a disk that can be told to fail, and a segment whose first part is synced and filed. */
  async function writing(): Promise<{
    readonly opened: OpenedStore;
    readonly writer: SegmentWriter;
    readonly append: (part: number) => ReturnType<SegmentWriter['append']>;
    readonly failing: Set<string>;
    readonly path: string;
    readonly findRow: () => Promise<SegmentRow | undefined>;
  }> {
    const failing = new Set<string>();
    const pass = async <Value>(operation: string, task: () => Promise<Value>): Promise<Value> => {
      if (failing.has(operation)) throw Object.assign(new Error('EIO: injected'), { code: 'EIO' });
      return task();
    };
    const clock = new ManualClock();
    const opened = await openStore(directory.path, {
      clock,
      wrapVolume: (volume) =>
        overriding(volume, {
          async create(filePath) {
            const file = await volume.create(filePath);
            return {
              append: (chunks) => pass('append', () => file.append(chunks)),
              sync: () => pass('sync', () => file.sync()),
              truncate: (byteLength) => pass('truncate', () => file.truncate(byteLength)),
              close: () => file.close(),
            };
          },
        }),
      limits: { inspectionIntervalMs: dayMs, recoveryIntervalMs: dayMs, syncIntervalMs: 2000 },
    });
    const begun = await opened.store.begin(opening(clock.utcMs()));
    if (begun.kind === 'failed') throw new Error(begun.failure.detail);
    const writer = begun.value;
    const parts = segmentPieces({ cameraId, startUtcMs: clock.utcMs(), parts: 3, pictureBytes: 400 }).slice(
      1,
    );
    const append = (number: number): ReturnType<SegmentWriter['append']> => {
      const part = parts[number] ?? Buffer.alloc(0);
      return writer.append({
        chunks: [part],
        byteLength: part.byteLength,
        videoFrames: partFrames,
        segmentDuration90k: (number + 1) * partDuration90k,
        release: () => undefined,
      });
    };
    expect(await append(0)).toMatchObject({ kind: 'done' });
    await expect
      .poll(() => (clock.advance(500), opened.index.find(writer.segmentId ?? 0)), { timeout: 10_000 })
      .toMatchObject({ partCount: 1 });
    const findRow = (): Promise<SegmentRow | undefined> => opened.index.find(writer.segmentId ?? 0);
    const path = join(opened.volumePath, (await findRow())?.filePath ?? '');
    return { opened, writer, append, failing, path, findRow };
  }

  it('is filed as far as it was synced when the sync at its end fails', async () => {
    const { opened, writer, append, failing, path, findRow } = await writing();
    await using _ = opened;
    expect(await append(1)).toMatchObject({ kind: 'done' });
    for (const operation of ['append', 'sync']) failing.add(operation);
    expect(await append(2)).toMatchObject({ kind: 'failed' });
    await writer.abandon();
    failing.clear();
    await opened.store.inspect();

    const row = { state: 'finished', partCount: 1, frameCount: partFrames };
    await expect.poll(findRow).toMatchObject(row);
    expect((await stat(path)).size).toBe((await findRow())?.byteLength);
  });

  it('is never lengthened: what the disk has of it is looked at again', async () => {
    const { opened, writer, append, failing, path, findRow } = await writing();
    await using _ = opened;
    const synced = (await findRow())?.byteLength ?? 0;
    expect(await append(1)).toMatchObject({ kind: 'done' });
    for (const operation of ['append', 'truncate']) failing.add(operation);
    expect(await append(2)).toMatchObject({ kind: 'failed' });
    await writer.abandon();
    failing.clear();
    await truncate(path, synced + 100);
    await opened.store.inspect();

    await expect.poll(findRow).toMatchObject({
      state: 'recovered',
      partCount: 1,
      byteLength: synced,
    });
    expect((await stat(path)).size).toBe(synced);
  });
});
