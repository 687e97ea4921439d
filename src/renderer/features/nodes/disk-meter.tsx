import { Progress } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import type { VolumeStatus } from '../../../shared/engine-api/volumes.ts';
import { StateBadge, formatBytes, formatDuration, formatSince, useNowUtcMs } from '../../ui/index.ts';
import { summarizeDisk, volumeTrouble } from '../fleet/index.ts';

export interface DiskMeterProps {
  readonly volume: VolumeStatus;
  /** Whether the node has others, so that it needs its name. */
  readonly isOneOfSeveral: boolean;
  /** What is written to it now, bits per second. */
  readonly writeBps: number;
}

/** How full a recording volume is and what happens then; or what is the matter with it, and what to do. */
export function DiskMeter({ volume, isOneOfSeveral, writeBps }: DiskMeterProps) {
  const { t } = useTranslation();
  const { state, path, name, totalBytes, freeBytes } = volume;
  const { usableBytes, isRotating, lastsMs } = summarizeDisk([volume], writeBps);
  const trouble = volumeTrouble(volume);
  return (
    <div className="disk-meter">
      <div className="disk-meter__line">
        <span className="truncate">
          {isOneOfSeveral && <b>{name} </b>}
          <span className="mono">{path}</span>
        </span>
        {state.kind === 'ok' ? (
          <span className="numeric">
            {isRotating
              ? t('disk.rotating')
              : t('disk.left', { usable: formatBytes(usableBytes), total: formatBytes(totalBytes) })}
          </span>
        ) : (
          <StateBadge tone={trouble === undefined ? 'busy' : 'bad'} label={t(`volumeState.${state.kind}`)} />
        )}
      </div>
      {/* Of a disk that is not there nothing is known, and an empty bar would say that it is empty. */}
      {totalBytes > 0 && (
        <Progress
          value={(1 - freeBytes / totalBytes) * 100}
          size="md"
          color={trouble === undefined ? 'harbour' : 'red.8'}
          aria-label={t('disk.used', { path })}
        />
      )}
      {trouble !== undefined && (
        <div className="disk-meter__trouble">
          <div>
            {trouble.detail} <Since sinceUtcMs={trouble.sinceUtcMs} />
          </div>
          <div>{trouble.remedy}</div>
        </div>
      )}
      {state.kind === 'opening' && <div className="disk-meter__line dim">{t('disk.openingText')}</div>}
      {state.kind === 'ok' && (
        <div className="disk-meter__line dim">
          <span>{deletionWords(t, volume)}</span>
          {lastsMs !== undefined && <span>{t('disk.fills', { duration: formatDuration(lastsMs) })}</span>}
        </div>
      )}
    </div>
  );
}

function Since({ sinceUtcMs }: { readonly sinceUtcMs: number }) {
  const { t } = useTranslation();
  const nowUtcMs = useNowUtcMs();
  return <span className="dim numeric">{t('disk.since', { time: formatSince(sinceUtcMs, nowUtcMs) })}</span>;
}

/** When footage goes to make room. */
function deletionWords(t: TFunction, { reserveBytes, quotaBytes, maximumDays }: VolumeStatus): string {
  const limit =
    quotaBytes === undefined
      ? t('disk.reserve', { reserve: formatBytes(reserveBytes) })
      : t('disk.quota', { quota: formatBytes(quotaBytes) });
  return maximumDays === undefined ? limit : `${limit} ${t('disk.days', { count: maximumDays })}`;
}
