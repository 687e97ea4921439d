import { describe, expect, test } from 'vitest';
import {
  arrangedTiles,
  fillWith,
  placeCamera,
  streamFor,
  swapTiles,
  wallPages,
} from '../../../../src/renderer/features/wall/layout.ts';

const cameras = Array.from({ length: 11 }, (_, index) => `c${index + 1}`);

describe('the wall', () => {
  test('shows exactly its tiles, with gaps for cameras that are gone', () => {
    const layout = { tileCount: 4, cameraIds: ['c1', 'gone', null] } as const;
    expect(arrangedTiles({ ...layout, cameraIds: [...layout.cameraIds] }, new Set(cameras))).toEqual([
      'c1',
      null,
      null,
      null,
    ]);
  });

  test('has further pages for the cameras without a place, each camera once', () => {
    const pages = wallPages({ tileCount: 4, cameraIds: ['c5', null, 'c1'] }, cameras);
    expect(pages).toEqual([
      ['c5', null, 'c1', null],
      ['c2', 'c3', 'c4', 'c6'],
      ['c7', 'c8', 'c9', 'c10'],
      ['c11', null, null, null],
    ]);
  });

  test('a camera that is placed leaves its old tile; tiles swap', () => {
    const layout = fillWith(['a', 'b']);
    const moved = placeCamera(layout, 3, 'a');
    expect(moved.cameraIds.slice(0, 4)).toEqual([null, 'b', null, 'a']);
    expect(swapTiles(moved, 0, 3).cameraIds.slice(0, 4)).toEqual(['a', 'b', null, null]);
  });

  test('fills the smallest grid that holds them, sixteen at most', () => {
    expect(
      [0, 1, 2, 5, 9, 10, 40].map((count) => fillWith(Array.from({ length: count }, String)).tileCount),
    ).toEqual([1, 1, 4, 9, 9, 16, 16]);
    expect(fillWith(Array.from({ length: 40 }, String)).cameraIds).toHaveLength(16);
  });

  test('dense grids take the sub stream where there is one', () => {
    expect([streamFor(1, true), streamFor(4, true), streamFor(9, true), streamFor(16, false)]).toEqual([
      'main',
      'main',
      'sub',
      'main',
    ]);
  });
});
