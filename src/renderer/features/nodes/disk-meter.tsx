import { Progress } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { VolumeStatus } from '../../../shared/engine-api/status.ts';
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
  const usedShare = volume.totalBytes === 0 ? 0 : 1 - volume.freeBytes / volume.totalBytes;
  return (
    <div className="disk-meter">
      <div className="disk-meter__line">
        <span className="mono truncate">{volume.path}</span>
        {volume.state === 'ok' ? (
          <span className="numeric">
            {t('disk.left', { usable: formatBytes(usableBytes), total: formatBytes(volume.totalBytes) })}
          </span>
        ) : (
          <StateBadge tone="bad" label={t(`disk.${volume.state}`)} />
        )}
      </div>
      <Progress
        value={usedShare * 100}
        size="md"
        color={volume.state === 'ok' ? 'harbour' : 'red.8'}
        aria-label={t('disk.used', { path: volume.path })}
      />
      <div className="disk-meter__line dim">
        <span>{t('disk.reserve', { reserve: formatBytes(volume.reserveBytes) })}</span>
        {lastsMs !== undefined && volume.state === 'ok' && (
          <span>{t('disk.lasts', { duration: formatDuration(lastsMs) })}</span>
        )}
      </div>
    </div>
  );
}
