import { describe, expect, it } from 'vitest';
import { gapsOfLost } from '../../../../src/engine/storage/lost-footage.ts';
import type { SegmentRow } from '../../../../src/engine/storage/segment-index.ts';

const detail = 'The disk lost it.';

function row(startUtcMs: number, facts: Partial<SegmentRow> = {}): SegmentRow {
  return {
    id: 1,
    cameraId: 'gate',
    volumeId: 'disk',
    filePath: 'file',
    content: 'main',
    startUtcMs,
    startMonotonicMs: 0,
    bootId: 'boot',
    mediaStart90k: 0,
    hasAudio: false,
    byteLength: 1000,
    duration90k: 60 * 90_000,
    frameCount: 1500,
    partCount: 60,
    state: 'finished',
    ...facts,
  };
}

function gap(startUtcMs: number, endUtcMs: number, framesDropped: number): object {
  return {
    cameraId: 'gate',
    startUtcMs,
    endUtcMs,
    reason: 'disk',
    evidence: { kind: 'storage', failure: 'disk-error', detail, framesDropped },
  };
}

describe('footage that is gone', () => {
  it('leaves one gap where segments followed each other, and others beside', () => {
    const lost = [row(300_000), row(0), row(60_000), row(121_000)].map((one) => ({ row: one }));

    expect(gapsOfLost(lost, detail)).toEqual([gap(0, 181_000, 4500), gap(300_000, 360_000, 1500)]);
  });

  it('leaves a gap from where the rest ends', () => {
    const left = { duration90k: 40 * 90_000, frameCount: 1000 };

    expect(gapsOfLost([{ row: row(0), left }], detail)).toEqual([gap(40_000, 60_000, 500)]);
  });

  it('leaves none where nothing was told of, or no pictures', () => {
    const all = { duration90k: 60 * 90_000, frameCount: 1500 };
    const lost = [
      { row: row(0), left: all },
      { row: row(0, { content: 'sound' }) },
      { row: row(0, { duration90k: 0, frameCount: 0 }) },
    ];

    expect(gapsOfLost(lost, detail)).toEqual([]);
  });
});
