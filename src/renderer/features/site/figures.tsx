import { useTranslation } from 'react-i18next';
import type { Tone } from '../../ui/index.ts';
import type { TFunction } from 'i18next';
import { StateIcon, formatBitrate, formatBytes, formatCount, formatDuration } from '../../ui/index.ts';
import { mainStream, summarizeDisk, summarizeSite, upVolumes, useFleet } from '../fleet/index.ts';
import type { CameraRow, DiskSummary } from '../fleet/index.ts';
import type { NodeRow } from '../nodes/index.ts';

interface Figure {
  readonly id: 'recording' | 'nodes' | 'rate' | 'lost' | 'disk';
  readonly value: string;
  /** Smaller, beside the value. */
  readonly note?: string;
  readonly tone?: Tone;
}

/** Nothing is known yet; the figures keep their places. */
const noFigures: readonly Figure[] = (['recording', 'nodes', 'rate', 'lost', 'disk'] as const).map((id) => ({
  id,
  value: '–',
}));

function diskNote(t: TFunction, { isRotating, lastsMs }: DiskSummary): Pick<Figure, 'note'> {
  if (isRotating) return { note: t('figures.rotating') };
  return lastsMs === undefined ? {} : { note: t('figures.fills', { of: formatDuration(lastsMs) }) };
}

function figuresOf(
  t: TFunction,
  { nodes, cameras }: { readonly nodes: readonly NodeRow[]; readonly cameras: readonly CameraRow[] },
): readonly Figure[] {
  const recording = cameras.filter(({ condition }) => condition.kind === 'recording').length;
  const up = nodes.filter((row) => row.up !== undefined).length;
  const bitrateBps = nodes.reduce((sum, { load }) => sum + load.bitrateBps, 0);
  const lost = cameras.reduce((sum, { health }) => sum + (mainStream(health)?.framesLost ?? 0), 0);
  const disk = summarizeSite(
    nodes.map(({ health, load }) => summarizeDisk(upVolumes(health), load.bitrateBps)),
  );
  return [
    {
      id: 'recording',
      value: formatCount(recording),
      note: t('figures.of', { of: formatCount(cameras.length) }),
      tone: recording === cameras.length ? 'ok' : 'warning',
    },
    {
      id: 'nodes',
      value: formatCount(up),
      note: t('figures.of', { of: formatCount(nodes.length) }),
      tone: up === nodes.length ? 'ok' : 'warning',
    },
    { id: 'rate', value: formatBitrate(bitrateBps) },
    { id: 'lost', value: formatCount(lost) },
    {
      id: 'disk',
      value: formatBytes(disk.usableBytes),
      ...diskNote(t, disk),
    },
  ];
}

export interface FiguresProps {
  readonly nodes: readonly NodeRow[];
  readonly cameras: readonly CameraRow[];
}

/** The site in five numbers. */
export function Figures({ nodes, cameras }: FiguresProps) {
  const { t } = useTranslation();
  const isKnown = useFleet((state) => state.loaded);
  return (
    <dl className="figures">
      {(isKnown ? figuresOf(t, { nodes, cameras }) : noFigures).map(({ id, value, note, tone }) => (
        <div key={id} className="figures__one">
          <dt>{t(`figures.${id}`)}</dt>
          <dd className="numeric">
            {tone !== undefined && <StateIcon tone={tone} size={18} />}
            {value}
            {note !== undefined && <span className="figures__note">{note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
