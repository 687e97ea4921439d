import { describe, expect, test } from 'vitest';
import { nextSort, sortRows } from '../../../../src/renderer/ui/table/sorting.ts';

describe('nextSort', () => {
  test('goes from ascending to descending to the given order', () => {
    const first = nextSort(undefined, 'name');
    const second = nextSort(first, 'name');
    expect([first, second, nextSort(second, 'name'), nextSort(second, 'state')]).toEqual([
      { columnId: 'name', direction: 'ascending' },
      { columnId: 'name', direction: 'descending' },
      undefined,
      { columnId: 'state', direction: 'ascending' },
    ]);
  });
});

const byName = (row: { name: string | undefined }) => row.name;

describe('sortRows', () => {
  const rows = [{ name: 'Camera 10' }, { name: 'camera 2' }, { name: undefined }, { name: 'Camera 1' }];

  test('counts as people do and keeps rows without a key last in both directions', () => {
    expect(sortRows(rows, byName, 'ascending').map(byName)).toEqual([
      'Camera 1',
      'camera 2',
      'Camera 10',
      undefined,
    ]);
    expect(sortRows(rows, byName, 'descending').map(byName)).toEqual([
      'Camera 10',
      'camera 2',
      'Camera 1',
      undefined,
    ]);
  });

  test('keeps the given order among equals and without a column', () => {
    const equal = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];
    expect(sortRows(equal, () => 1, 'descending')).toEqual(equal);
    expect(sortRows(rows, undefined, 'ascending')).toBe(rows);
  });
});
