import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewSegment, SegmentExtent } from '../../../../src/engine/storage/segment-index.ts';
import { SegmentRows } from '../../../../src/engine/storage/segment-rows.ts';
import {
  openSqliteSegmentIndex,
  type FootageIndex,
} from '../../../../src/engine/storage/sqlite-segment-index.ts';
import { ManualClock } from '../ingest/manual-clock.ts';

const volumeId = 'volume';

function segmentNamed(filePath: string): NewSegment {
  return {
    cameraId: 'gate',
    volumeId,
    filePath,
    content: 'main',
    startUtcMs: 1000,
    startMonotonicMs: 1000,
    bootId: 'boot',
    mediaStart90k: 0,
    hasAudio: false,
  };
}

function extentOf(parts: number): SegmentExtent {
  return { byteLength: parts * 100, duration90k: parts * 90_000, frameCount: parts * 25, partCount: parts };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
}

describe('the rows of what is recorded', () => {
  let clock: ManualClock;
  let index: FootageIndex;
  let trouble: string | undefined;
  let ended: string[];
  const errors: string[] = [];

  beforeEach(() => {
    clock = new ManualClock();
    index = openSqliteSegmentIndex(':memory:');
    trouble = undefined;
    ended = [];
    errors.length = 0;
  });
  afterEach(() => index.close());

  /** The disk of the index, as it makes every statement fail. */
  async function onDisk<Value>(ask: () => Promise<Value>): Promise<Value> {
    if (trouble !== undefined) throw Object.assign(new Error(trouble), { code: trouble });
    return ask();
  }

  function rowsOf(maximumOwed?: number): SegmentRows {
    const log = {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (_facts: object, sentence: string) => void errors.push(sentence),
      child: () => log,
    };
    return new SegmentRows({
      index: {
        insert: (segment, progress) => onDisk(() => index.insert(segment, progress)),
        update: (progress) => onDisk(() => index.update(progress)),
        remove: (ids) => onDisk(() => index.remove(ids)),
        findByPath: (id, path) => onDisk(() => index.findByPath(id, path)),
      },
      clock,
      log,
      onEnded: (filePath) => void ended.push(filePath),
      ...(maximumOwed === undefined ? {} : { maximumOwed }),
    });
  }

  async function retried(): Promise<void> {
    clock.advance(1000);
    await settled();
  }

  it('are there at once, and say how each segment ended', async () => {
    const rows = rowsOf();
    const row = rows.open(segmentNamed('a.mp4'), extentOf(0));
    await settled();
    expect(await index.findByPath(volumeId, 'a.mp4')).toMatchObject({ id: row.id, state: 'writing' });
    expect(rows.owes('a.mp4')).toBe(false);

    row.finish(extentOf(3));
    await settled();
    expect(await index.findByPath(volumeId, 'a.mp4')).toMatchObject({ state: 'finished', partCount: 3 });
    expect(ended).toEqual(['a.mp4']);
  });

  it('are owed while the index fails, and filed in their newest state when it answers', async () => {
    const rows = rowsOf();
    trouble = 'SQLITE_FULL';
    const finished = rows.open(segmentNamed('a.mp4'), extentOf(0));
    const growing = rows.open(segmentNamed('b.mp4'), extentOf(0));
    const empty = rows.open(segmentNamed('c.mp4'), extentOf(0));
    finished.finish(extentOf(5));
    growing.follow(extentOf(2));
    empty.remove();
    await retried();
    expect([finished.id, rows.owes('a.mp4'), ended]).toEqual([undefined, true, []]);

    trouble = undefined;
    await retried();
    expect(await index.findByPath(volumeId, 'a.mp4')).toMatchObject({ state: 'finished', partCount: 5 });
    expect(await index.findByPath(volumeId, 'b.mp4')).toMatchObject({ state: 'writing', partCount: 2 });
    expect(await index.findByPath(volumeId, 'c.mp4')).toBeUndefined();
    expect(ended).toEqual(['a.mp4', 'c.mp4']);
    expect(errors).toEqual([]);
  });

  it('are bounded: those that ended first are left to the next start, those being written never', async () => {
    const rows = rowsOf(2);
    trouble = 'SQLITE_BUSY';
    const open = rows.open(segmentNamed('open.mp4'), extentOf(0));
    for (const name of ['a.mp4', 'b.mp4', 'c.mp4'])
      rows.open(segmentNamed(name), extentOf(0)).finish(extentOf(1));
    expect(ended).toEqual(['a.mp4', 'b.mp4']);
    expect(errors).toHaveLength(1);
    await settled();

    trouble = undefined;
    await retried();
    expect(await index.findByPath(volumeId, 'c.mp4')).toMatchObject({ state: 'finished' });
    expect(open.id).toEqual(expect.any(Number));
    expect(await index.findByPath(volumeId, 'a.mp4')).toBeUndefined();
  });

  it('take the place of what is left of a file that is gone', async () => {
    const stale = await index.insert(segmentNamed('a.mp4'), { extent: extentOf(9), state: 'finished' });
    const rows = rowsOf();
    const row = rows.open(segmentNamed('a.mp4'), extentOf(0));
    await settled();

    expect(row.id).not.toBe(stale);
    expect(await index.findByPath(volumeId, 'a.mp4')).toMatchObject({ id: row.id, partCount: 0 });
  });

  it('are tried once more at the end', async () => {
    const rows = rowsOf();
    trouble = 'SQLITE_FULL';
    rows.open(segmentNamed('a.mp4'), extentOf(0)).finish(extentOf(1));
    await settled();
    trouble = undefined;
    await rows.stop();

    expect(await index.findByPath(volumeId, 'a.mp4')).toMatchObject({ state: 'finished' });
  });
});
