import { Button } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import type { DiscoveredNode, SiteNode } from '../../../shared/contract/index.ts';
import { DataTable, StateBadge } from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';
import { useInventory } from '../inventory/index.ts';

export interface DiscoveredNodesProps {
  readonly nodes: readonly DiscoveredNode[];
  readonly onAdd: (node: DiscoveredNode) => void;
}

export function DiscoveredNodes({ nodes, onAdd }: DiscoveredNodesProps) {
  const { t } = useTranslation();
  const known = useInventory((state) => state.nodes);
  const columns = useMemo(() => columnsIn(t, known, onAdd), [t, known, onAdd]);
  return (
    <DataTable
      label={t('discover.nodesFound')}
      columns={columns}
      rows={nodes}
      rowId={(node) => node.id}
      rowName={(node) => node.id}
      rowHeight={56}
      initialSort={{ columnId: 'address', direction: 'ascending' }}
    />
  );
}

function columnsIn(
  t: TFunction,
  known: ReadonlyMap<string, SiteNode>,
  onAdd: DiscoveredNodesProps['onAdd'],
): readonly Column<DiscoveredNode>[] {
  return [
    {
      id: 'address',
      title: t('columns.address'),
      width: '24%',
      sortBy: (node) => node.id,
      cell: (node) => (
        <div className="two-lines">
          <div className="truncate">
            {node.address}:{node.port}
          </div>
          <div className="truncate dim">{node.banner}</div>
        </div>
      ),
    },
    {
      id: 'hostKey',
      title: t('columns.hostKey'),
      cell: (node) => <span className="mono">{node.hostKeyFingerprint ?? t('discover.keyNotRead')}</span>,
    },
    {
      id: 'state',
      title: t('columns.state'),
      width: '180px',
      sortBy: (node) => (node.nodeId === undefined ? 1 : 0),
      cell: (node) =>
        node.nodeId === undefined ? (
          <Button
            size="xs"
            variant="default"
            aria-label={t('discover.addNodeNamed', { address: node.id })}
            onClick={() => {
              onAdd(node);
            }}
          >
            {t('discover.addNode')}
          </Button>
        ) : (
          <StateBadge tone="ok" label={t('access.added')} detail={known.get(node.nodeId)?.name} />
        ),
    },
  ];
}
