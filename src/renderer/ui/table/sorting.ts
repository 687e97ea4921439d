import { compareNames } from '../format.ts';

export interface Sort {
  readonly columnId: string;
  readonly direction: 'ascending' | 'descending';
}

/** First click ascending, second descending, third back to the given order. */
export function nextSort(current: Sort | undefined, columnId: string): Sort | undefined {
  if (current?.columnId !== columnId) return { columnId, direction: 'ascending' };
  return current.direction === 'ascending' ? { columnId, direction: 'descending' } : undefined;
}

type SortKey = string | number | undefined;

function compareKeys(a: SortKey, b: SortKey): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return compareNames(String(a), String(b));
}

/** Rows without a key stay last in both directions. The given order decides among equals. */
export function sortRows<Row>(
  rows: readonly Row[],
  sortBy: ((row: Row) => SortKey) | undefined,
  direction: Sort['direction'],
): readonly Row[] {
  if (sortBy === undefined) return rows;
  const sign = direction === 'ascending' ? 1 : -1;
  return rows
    .map((row) => ({ row, key: sortBy(row) }))
    .sort((a, b) => {
      if (a.key === undefined || b.key === undefined) {
        return Number(a.key === undefined) - Number(b.key === undefined);
      }
      return sign * compareKeys(a.key, b.key);
    })
    .map(({ row }) => row);
}
