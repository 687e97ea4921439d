import { ActionIcon, Menu } from '@mantine/core';
import { IconDots, IconKey, IconLock, IconPencil, IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import { DataTable } from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';
import { CameraBadge, cameraWords, flowColumns, hasChangedKey } from '../fleet/index.ts';
import type { CameraRow } from '../fleet/index.ts';
import type { CameraDialog } from './camera-dialogs.tsx';
import { NodeSelect } from './node-select.tsx';

/** What a row can do. */
interface RowActions {
  readonly onAssign: (cameraId: string, nodeId: string | undefined) => void;
  readonly onDialog: (dialog: CameraDialog) => void;
  readonly onWatch: (cameraId: string) => void;
}

export interface CameraTableProps extends RowActions {
  readonly rows: readonly CameraRow[];
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (selected: ReadonlySet<string>) => void;
}

export function CameraTable(props: CameraTableProps) {
  const { rows, selected, onSelect, onAssign, onDialog, onWatch } = props;
  const { t } = useTranslation();
  const columns = useMemo(
    () => columnsIn(t, { onAssign, onDialog, onWatch }),
    [t, onAssign, onDialog, onWatch],
  );
  return (
    <DataTable
      label={t('pages.cameras')}
      columns={columns}
      rows={rows}
      rowId={({ camera }) => camera.id}
      rowName={({ camera }) => camera.name}
      selection={{ ids: selected, onChange: onSelect }}
      initialSort={{ columnId: 'name', direction: 'ascending' }}
      minWidth={860}
    />
  );
}

function columnsIn(t: TFunction, { onAssign, onDialog, onWatch }: RowActions): readonly Column<CameraRow>[] {
  return [
    {
      id: 'name',
      title: t('columns.camera'),
      sortBy: ({ camera }) => camera.name,
      cell: ({ camera }) => <span className="camera-name">{camera.name}</span>,
    },
    {
      id: 'state',
      title: t('columns.state'),
      width: '34%',
      sortBy: ({ condition }) => cameraWords(t, condition).label,
      cell: ({ condition }) => <CameraBadge condition={condition} />,
    },
    {
      id: 'node',
      title: t('columns.recordedBy'),
      width: '160px',
      sortBy: ({ nodeName }) => nodeName,
      cell: ({ camera }) => (
        <NodeSelect
          label={t('cameras.recordedBy', { name: camera.name })}
          value={camera.nodeId}
          onChange={(nodeId) => {
            onAssign(camera.id, nodeId);
          }}
        />
      ),
    },
    ...flowColumns(t, { rate: '92px', frames: '76px' }),
    {
      id: 'address',
      title: t('columns.address'),
      width: '112px',
      sortBy: ({ camera }) => camera.address,
      cell: ({ camera }) => <span className="dim">{camera.address}</span>,
    },
    {
      id: 'more',
      title: t('columns.actions'),
      isTitleHidden: true,
      width: '52px',
      cell: ({ camera, condition }) => (
        <Menu position="bottom-end" shadow="md">
          <Menu.Target>
            <ActionIcon aria-label={t('cameras.more', { name: camera.name })}>
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item
              leftSection={<IconPlayerPlay size={16} />}
              onClick={() => {
                onWatch(camera.id);
              }}
            >
              {t('cameras.watch')}
            </Menu.Item>
            <Menu.Item
              leftSection={<IconPencil size={16} />}
              onClick={() => {
                onDialog({ kind: 'rename', camera });
              }}
            >
              {t('cameras.rename')}
            </Menu.Item>
            <Menu.Item
              leftSection={<IconLock size={16} />}
              onClick={() => {
                onDialog({ kind: 'password', camera });
              }}
            >
              {t('cameras.changePassword')}
            </Menu.Item>
            {hasChangedKey(condition) && (
              <Menu.Item
                leftSection={<IconKey size={16} />}
                onClick={() => {
                  onDialog({ kind: 'trust', cameras: [camera] });
                }}
              >
                {t('cameras.trust')}
              </Menu.Item>
            )}
            <Menu.Divider />
            <Menu.Item
              leftSection={<IconTrash size={16} />}
              onClick={() => {
                onDialog({ kind: 'remove', cameras: [camera] });
              }}
            >
              {t('cameras.remove')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ),
    },
  ];
}
