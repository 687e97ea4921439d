import { Progress } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { VolumeStatus } from '../../../shared/engine-api/volumes.ts';
import { StateBadge, formatBytes, formatDuration } from '../../ui/index.ts';
import { summarizeDisk } from '../fleet/index.ts';

export interface DiskMeterProps {
  readonly volume: VolumeStatus;
  /** What is written to it now, bits per second. */
  readonly writeBps: number;
}

/** How full a recording volume is, and how long the rest lasts. */
export function DiskMeter({ volume, writeBps }: DiskMeterProps) {
  const { t } = useTranslation();
  const { usableBytes, lastsMs } = summarizeDisk([volume], writeBps);
  const { kind } = volume.state;
  const takesFootage = kind === 'ok';
  const usedShare = volume.totalBytes === 0 ? 0 : 1 - volume.freeBytes / volume.totalBytes;
  return (
    <div className="disk-meter">
      <div className="disk-meter__line">
        <span className="mono truncate">{volume.path}</span>
        {takesFootage ? (
          <span className="numeric">
            {t('disk.left', { usable: formatBytes(usableBytes), total: formatBytes(volume.totalBytes) })}
          </span>
        ) : (
          <StateBadge tone={kind === 'opening' ? 'busy' : 'bad'} label={t(`disk.${kind}`)} />
        )}
      </div>
      <Progress
        value={usedShare * 100}
        size="md"
        color={kind === 'ok' || kind === 'opening' ? 'harbour' : 'red.8'}
        aria-label={t('disk.used', { path: volume.path })}
      />
      <div className="disk-meter__line dim">
        <span>{t('disk.reserve', { reserve: formatBytes(volume.reserveBytes) })}</span>
        {lastsMs !== undefined && takesFootage && (
          <span>{t('disk.lasts', { duration: formatDuration(lastsMs) })}</span>
        )}
      </div>
    </div>
  );
}
