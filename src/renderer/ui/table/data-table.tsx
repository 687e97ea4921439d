import { Checkbox, Table } from '@mantine/core';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { nextSort, sortRows } from './sorting.ts';
import type { Sort } from './sorting.ts';
import './data-table.css';

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  /** For columns that explain themselves; screen readers still hear the title. */
  readonly isTitleHidden?: boolean;
  readonly cell: (row: Row) => ReactNode;
  /** What to sort by; a column without it does not sort. */
  readonly sortBy?: (row: Row) => string | number | undefined;
  /** Any CSS width; columns without one share what is left. */
  readonly width?: string;
  /** Numbers stand right, under each other. */
  readonly align?: 'left' | 'right';
}

export interface Selection {
  readonly ids: ReadonlySet<string>;
  readonly onChange: (ids: ReadonlySet<string>) => void;
}

export interface DataTableProps<Row> {
  /** What the table lists, for screen readers. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowId: (row: Row) => string;
  /** How a row's checkbox is called. */
  readonly rowName: (row: Row) => string;
  readonly isSelectable?: (row: Row) => boolean;
  readonly selection?: Selection;
  readonly initialSort?: Sort;
  readonly onOpen?: (row: Row) => void;
  readonly rowHeight?: number;
  /** Shown in place of rows when there are none. */
  readonly empty?: ReactNode;
  /** Below this width the table scrolls sideways. */
  readonly minWidth?: number;
}

/** A sortable table of any length: only the rows in sight are in the page, so 1,000 rows scroll like ten. */
export function DataTable<Row extends object>(props: DataTableProps<Row>) {
  const { columns, rows, rowId, selection, rowHeight = 44 } = props;
  const { t } = useTranslation();
  const [sort, setSort] = useState<Sort | undefined>(props.initialSort);
  const viewport = useRef<HTMLDivElement>(null);
  const sorted = useMemo(() => {
    const column = columns.find(({ id }) => id === sort?.columnId);
    return sortRows(rows, column?.sortBy, sort?.direction ?? 'ascending');
  }, [rows, columns, sort]);
  // oxlint-disable-next-line react/incompatible-library -- nothing here is memoised by a compiler
  const virtualizer = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => viewport.current,
    estimateSize: () => rowHeight,
    overscan: 8,
    initialRect: { width: 1000, height: 600 },
  });
  const cellsOf = useMemo(() => cellPainter(columns), [columns]);
  const visible = virtualizer.getVirtualItems();
  const before = visible[0]?.start ?? 0;
  const after = virtualizer.getTotalSize() - (visible.at(-1)?.end ?? 0);
  const selectable = props.isSelectable === undefined ? rows : rows.filter(props.isSelectable);
  const selectedCount = selectable.filter((row) => selection?.ids.has(rowId(row))).length;

  if (rows.length === 0 && props.empty !== undefined) return <>{props.empty}</>;
  return (
    <div className="data-table" ref={viewport}>
      <Table
        aria-label={props.label}
        aria-rowcount={sorted.length + 1}
        layout="fixed"
        style={{ minWidth: props.minWidth }}
        verticalSpacing={0}
        horizontalSpacing="sm"
      >
        <Table.Thead>
          <Table.Tr>
            {selection !== undefined && (
              <Table.Th w={40}>
                <Checkbox
                  size="xs"
                  aria-label={t('table.selectAll')}
                  disabled={selectable.length === 0}
                  checked={selectedCount > 0 && selectedCount === selectable.length}
                  indeterminate={selectedCount > 0 && selectedCount < selectable.length}
                  onChange={(event) => {
                    selection.onChange(new Set(event.currentTarget.checked ? selectable.map(rowId) : []));
                  }}
                />
              </Table.Th>
            )}
            {columns.map((column) => (
              <HeaderCell
                key={column.id}
                column={column}
                sort={sort}
                onSort={() => {
                  setSort((current) => nextSort(current, column.id));
                }}
              />
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {before > 0 && <Spacer height={before} />}
          {visible.map(({ index }) => {
            const row = sorted[index];
            return (
              row !== undefined && (
                <BodyRow
                  key={rowId(row)}
                  row={row}
                  index={index}
                  height={rowHeight}
                  table={props}
                  cellsOf={cellsOf}
                />
              )
            );
          })}
          {after > 0 && <Spacer height={after} />}
        </Table.Tbody>
      </Table>
    </div>
  );
}

/** Stands for the rows that are not in the page. */
function Spacer({ height }: { readonly height: number }) {
  return <tr aria-hidden style={{ height }} />;
}

interface HeaderCellProps<Row> {
  readonly column: Column<Row>;
  readonly sort: Sort | undefined;
  readonly onSort: () => void;
}

function HeaderCell<Row>({ column, sort, onSort }: HeaderCellProps<Row>) {
  const direction = sort?.columnId === column.id ? sort.direction : undefined;
  const Arrow = direction === 'descending' ? IconArrowDown : IconArrowUp;
  const style = { width: column.width, textAlign: column.align ?? 'left' } as const;
  if (column.sortBy === undefined) {
    return (
      <Table.Th style={style}>
        <span className={column.isTitleHidden === true ? 'visually-hidden' : undefined}>{column.title}</span>
      </Table.Th>
    );
  }
  return (
    <Table.Th style={style} aria-sort={direction ?? 'none'}>
      <button type="button" className="data-table__sort" onClick={onSort}>
        {column.title}
        <Arrow size={14} aria-hidden style={{ visibility: direction === undefined ? 'hidden' : 'visible' }} />
      </button>
    </Table.Th>
  );
}

interface BodyRowProps<Row> {
  readonly row: Row;
  readonly index: number;
  readonly height: number;
  readonly table: DataTableProps<Row>;
  readonly cellsOf: (row: Row) => ReactNode;
}

function BodyRow<Row extends object>({ row, index, height, table, cellsOf }: BodyRowProps<Row>) {
  const { t } = useTranslation();
  const { rowId, selection, onOpen } = table;
  const id = rowId(row);
  const isSelected = selection?.ids.has(id) ?? false;
  return (
    <Table.Tr
      aria-rowindex={index + 2}
      aria-selected={selection === undefined ? undefined : isSelected}
      className={onOpen === undefined ? 'data-table__row' : 'data-table__row data-table__row--open'}
      style={{ height }}
      onClick={(event) => {
        if (onOpen !== undefined && isOutsideControls(event.target)) onOpen(row);
      }}
    >
      {selection !== undefined && (
        <Table.Td>
          <Checkbox
            size="xs"
            aria-label={t('table.select', { name: table.rowName(row) })}
            checked={isSelected}
            disabled={table.isSelectable?.(row) === false}
            onChange={(event) => {
              const ids = new Set(selection.ids);
              if (event.currentTarget.checked) ids.add(id);
              else ids.delete(id);
              selection.onChange(ids);
            }}
          />
        </Table.Td>
      )}
      {cellsOf(row)}
    </Table.Tr>
  );
}

/** Paints each row once: React leaves alone what it is given again, so a row that did not change costs next to nothing. */
function cellPainter<Row extends object>(columns: readonly Column<Row>[]): (row: Row) => ReactNode {
  const painted = new WeakMap<Row, ReactNode>();
  return (row) => {
    const known = painted.get(row);
    if (known !== undefined) return known;
    const cells = columns.map((column) => (
      <Table.Td key={column.id} style={{ textAlign: column.align ?? 'left' }}>
        {column.cell(row)}
      </Table.Td>
    ));
    painted.set(row, cells);
    return cells;
  };
}

/** A click on a button, field or link inside a row is not a click on the row. */
function isOutsideControls(target: EventTarget): boolean {
  return (
    target instanceof Element && target.closest('button, a, input, select, label, [role="menu"]') === null
  );
}
