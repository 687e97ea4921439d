import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import { DataTable, formatCount, formatDuration } from '../../ui/index.ts';
import type { Column } from '../../ui/index.ts';
import { CameraBadge, conditionGroup, mainStream, flowColumns } from '../fleet/index.ts';
import type { CameraRow } from '../fleet/index.ts';

/** Troubled cameras first, then by name. */
function urgency({ condition, camera }: CameraRow): string {
  const rank = { attention: 0, 'not-assigned': 1, recording: 2 }[conditionGroup(condition)];
  return `${rank} ${camera.name}`;
}

/** Every camera with the figures that tell whether it really records. */
export function SiteCameras({ rows }: { readonly rows: readonly CameraRow[] }) {
  const { t } = useTranslation();
  const columns = useMemo(() => columnsIn(t), [t]);
  return (
    <DataTable
      label={t('pages.cameras')}
      columns={columns}
      rows={rows}
      rowId={({ camera }) => camera.id}
      rowName={({ camera }) => camera.name}
      rowHeight={38}
      initialSort={{ columnId: 'state', direction: 'ascending' }}
      minWidth={820}
    />
  );
}

function columnsIn(t: TFunction): readonly Column<CameraRow>[] {
  return [
    {
      id: 'name',
      title: t('columns.camera'),
      sortBy: ({ camera }) => camera.name,
      cell: ({ camera }) => <b className="camera-row-name">{camera.name}</b>,
    },
    {
      id: 'state',
      title: t('columns.state'),
      width: '30%',
      sortBy: urgency,
      cell: ({ condition }) => <CameraBadge condition={condition} />,
    },
    {
      id: 'node',
      title: t('columns.node'),
      width: '14%',
      sortBy: ({ nodeName }) => nodeName,
      cell: ({ nodeName }) => <span className="dim">{nodeName ?? '–'}</span>,
    },
    ...flowColumns(t, { rate: '11%', frames: '9%' }),
    {
      id: 'age',
      title: t('columns.lastFrame'),
      width: '10%',
      align: 'right',
      sortBy: ({ health }) => mainStream(health)?.lastFrameAgeMs,
      cell: ({ health }) => {
        const age = mainStream(health)?.lastFrameAgeMs;
        return age === undefined ? '–' : formatDuration(age);
      },
    },
    {
      id: 'lost',
      title: t('columns.lost'),
      width: '9%',
      align: 'right',
      sortBy: ({ health }) => mainStream(health)?.framesLost,
      cell: ({ health }) => {
        const stream = mainStream(health);
        return stream === undefined ? '–' : formatCount(stream.framesLost);
      },
    },
  ];
}
