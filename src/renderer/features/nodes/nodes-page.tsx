import { Button } from '@mantine/core';
import { IconPlus, IconRadar2, IconServer2 } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import {
  DataTable,
  EmptyState,
  FailureNotice,
  Page,
  Panel,
  formatBytes,
  formatCount,
  formatCpu,
  formatOffset,
  goTo,
  usePlace,
} from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';
import { NodeBadge, nodeWords, summarizeDisk, upVolumes } from '../fleet/index.ts';
import { AddNodeDialog, useInventory } from '../inventory/index.ts';
import { NodeDrawer } from './node-drawer.tsx';
import { useNodeRows } from './use-node-rows.ts';
import type { NodeRow } from './use-node-rows.ts';

const openNode = (row: NodeRow): void => {
  goTo('nodes', { node: row.node.id });
};

export function NodesPage() {
  const { t } = useTranslation();
  const rows = useNodeRows();
  const loaded = useInventory((state) => state.loaded);
  const failure = useInventory((state) => state.failure);
  const openId = usePlace((place) => place.query['node']);
  const [adding, setAdding] = useState(false);
  const opened = rows.find(({ node }) => node.id === openId);
  const columns = useMemo(() => columnsIn(t), [t]);
  const addButton = (
    <Button
      variant="default"
      leftSection={<IconPlus size={16} />}
      onClick={() => {
        setAdding(true);
      }}
    >
      {t('nodes.addByAddress')}
    </Button>
  );

  return (
    <Page
      title={t('pages.nodes')}
      summary={t('nodes.summary')}
      actions={rows.length > 0 ? addButton : undefined}
    >
      {failure !== undefined && <FailureNotice failure={failure} />}
      <Panel fill title={t('nodes.count', { count: rows.length })}>
        <DataTable
          label={t('pages.nodes')}
          columns={columns}
          rows={rows}
          rowId={({ node }) => node.id}
          rowName={({ node }) => node.name}
          initialSort={{ columnId: 'name', direction: 'ascending' }}
          minWidth={880}
          onOpen={openNode}
          empty={
            loaded && (
              <EmptyState
                icon={<IconServer2 size={26} stroke={1.4} />}
                title={t('nodes.emptyTitle')}
                text={t('nodes.emptyText')}
              >
                <Button
                  leftSection={<IconRadar2 size={16} />}
                  onClick={() => {
                    goTo('discover');
                  }}
                >
                  {t('nodes.discover')}
                </Button>
                {addButton}
              </EmptyState>
            )
          }
        />
      </Panel>
      {opened !== undefined && (
        <NodeDrawer
          row={opened}
          onClose={() => {
            goTo('nodes');
          }}
        />
      )}
      {adding && (
        <AddNodeDialog
          onClose={() => {
            setAdding(false);
          }}
          onAdded={(nodeId) => {
            setAdding(false);
            goTo('nodes', { node: nodeId });
          }}
        />
      )}
    </Page>
  );
}

function columnsIn(t: TFunction): readonly Column<NodeRow>[] {
  return [
    {
      id: 'name',
      title: t('columns.node'),
      sortBy: ({ node }) => node.name,
      cell: (row) => (
        <button
          type="button"
          className="link-button truncate"
          onClick={() => {
            openNode(row);
          }}
        >
          {row.node.name}
        </button>
      ),
    },
    {
      id: 'state',
      title: t('columns.state'),
      width: '25%',
      sortBy: ({ condition }) => nodeWords(t, condition).label,
      cell: ({ condition }) => <NodeBadge condition={condition} />,
    },
    {
      id: 'address',
      title: t('columns.address'),
      width: '11%',
      sortBy: ({ node }) => node.address,
      cell: ({ node }) => <span className="dim">{node.address}</span>,
    },
    {
      id: 'version',
      title: t('columns.version'),
      width: '13%',
      sortBy: ({ up }) => up?.version,
      cell: ({ up }) => up?.version ?? '–',
    },
    {
      id: 'cpu',
      title: t('columns.cpu'),
      width: '9%',
      align: 'right',
      sortBy: ({ up }) => up?.cpuCores,
      cell: ({ up }) => (up === undefined ? '–' : formatCpu(up.cpuCores)),
    },
    {
      id: 'memory',
      title: t('columns.memory'),
      width: '8%',
      align: 'right',
      sortBy: ({ up }) => up?.residentBytes,
      cell: ({ up }) => (up === undefined ? '–' : formatBytes(up.residentBytes)),
    },
    {
      id: 'disk',
      title: t('columns.diskLeft'),
      width: '9%',
      align: 'right',
      sortBy: ({ health, load }) => summarizeDisk(upVolumes(health), load.bitrateBps).usableBytes,
      cell: ({ health, up, load }) => {
        if (up === undefined) return '–';
        const { usableBytes, isRotating } = summarizeDisk(upVolumes(health), load.bitrateBps);
        return isRotating ? (
          <span title={t('disk.rotating')}>{t('disk.full')}</span>
        ) : (
          formatBytes(usableBytes)
        );
      },
    },
    {
      id: 'cameras',
      title: t('columns.cameras'),
      width: '8%',
      align: 'right',
      sortBy: ({ load }) => load.cameraCount,
      cell: ({ load }) => formatCount(load.cameraCount),
    },
    {
      id: 'clock',
      title: t('columns.clock'),
      width: '7%',
      align: 'right',
      sortBy: ({ up }) => up?.clockOffsetMs,
      cell: ({ up }) => (up === undefined ? '–' : formatOffset(up.clockOffsetMs)),
    },
  ];
}
