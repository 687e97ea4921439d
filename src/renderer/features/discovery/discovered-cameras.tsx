import { IconPhoto } from '@tabler/icons-react';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import type { CameraAccess, DiscoveredCamera } from '../../../shared/contract/index.ts';
import { DataTable, StateBadge, formatFramesPerSecond } from '../../ui/index.ts';
import type { Column, Tone } from '../../ui/index.ts';
import { select, useDiscoveryView } from './store.ts';

interface AccessWords {
  readonly tone: Tone;
  readonly label: string;
  readonly detail?: string;
}

function accessWords(t: TFunction, camera: DiscoveredCamera): AccessWords {
  if (camera.cameraId !== undefined) return { tone: 'ok', label: t('access.added') };
  const { access } = camera;
  switch (access.kind) {
    case 'unknown':
      return { tone: 'idle', label: t('access.unknown') };
    case 'asking':
      return { tone: 'busy', label: t('access.asking') };
    case 'needs-credentials':
      return { tone: 'info', label: t('access.needs-credentials') };
    case 'refused':
      return { tone: 'bad', label: t('access.refused'), detail: access.username };
    case 'failed':
      return { tone: 'bad', label: t('access.failed'), detail: access.failure.message };
    case 'open':
      return { tone: 'ok', label: t('access.open') };
  }
}

/** `1280 × 720, 25 fps · 640 × 360, 15 fps`. */
function profilesSummary(access: CameraAccess): string {
  if (access.kind !== 'open') return '';
  return access.profiles
    .map(({ width, height, framesPerSecond }) =>
      framesPerSecond === undefined
        ? `${width} × ${height}`
        : `${width} × ${height}, ${formatFramesPerSecond(framesPerSecond)}`,
    )
    .join(' · ');
}

function TwoLines({ first, second }: { readonly first: string; readonly second: string | undefined }) {
  return (
    <div className="two-lines">
      <div className="truncate">{first}</div>
      <div className="truncate dim">{second}</div>
    </div>
  );
}

function Thumbnail({ camera }: { readonly camera: DiscoveredCamera }) {
  const source = camera.access.kind === 'open' ? camera.access.thumbnail : undefined;
  return source === undefined ? (
    <span className="thumbnail" aria-hidden>
      <IconPhoto size={18} stroke={1.3} />
    </span>
  ) : (
    <img className="thumbnail" src={source} alt="" width={72} height={40} />
  );
}

export function DiscoveredCameras({ cameras }: { readonly cameras: readonly DiscoveredCamera[] }) {
  const { t } = useTranslation();
  const selected = useDiscoveryView((view) => view.selected);
  const columns = useMemo(() => columnsIn(t), [t]);
  return (
    <DataTable
      label={t('discover.camerasFound')}
      columns={columns}
      rows={cameras}
      rowId={(camera) => camera.id}
      rowName={(camera) => camera.name}
      rowHeight={56}
      isSelectable={(camera) => camera.cameraId === undefined}
      selection={{ ids: selected, onChange: select }}
      initialSort={{ columnId: 'name', direction: 'ascending' }}
    />
  );
}

function columnsIn(t: TFunction): readonly Column<DiscoveredCamera>[] {
  return [
    {
      id: 'picture',
      title: t('discover.picture'),
      width: '96px',
      cell: (camera) => <Thumbnail camera={camera} />,
    },
    {
      id: 'name',
      title: t('columns.camera'),
      sortBy: (camera) => camera.name,
      cell: (camera) => (
        <TwoLines
          first={camera.name}
          second={[camera.manufacturer, camera.model].filter((word) => word !== undefined).join(' ')}
        />
      ),
    },
    {
      id: 'address',
      title: t('columns.address'),
      width: '20%',
      sortBy: (camera) => camera.address,
      cell: (camera) => (
        <TwoLines
          first={`${camera.address}:${camera.port}`}
          second={camera.location ?? camera.serialNumber}
        />
      ),
    },
    {
      id: 'access',
      title: t('columns.state'),
      width: '36%',
      sortBy: (camera) => accessWords(t, camera).label,
      cell: (camera) => (
        <div className="two-lines">
          <StateBadge {...accessWords(t, camera)} />
          <div className="truncate dim">{profilesSummary(camera.access)}</div>
        </div>
      ),
    },
  ];
}
