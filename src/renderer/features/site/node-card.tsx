import { Progress } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import {
  StateBadge,
  formatAge,
  formatBitrate,
  formatBytes,
  formatCpu,
  formatDuration,
  formatSince,
  hashOf,
  useNowUtcMs,
} from '../../ui/index.ts';
import { nodeTone, nodeWords, summarizeDisk, upVolumes } from '../fleet/index.ts';
import type { NodeRow } from '../nodes/index.ts';

/** One node at a glance; leads to its detail. */
export function NodeCard({ row }: { readonly row: NodeRow }) {
  const { t } = useTranslation();
  const { node, condition, health, up, load } = row;
  const nowUtcMs = useNowUtcMs();
  const takesFootage = condition.kind !== 'disk' || condition.elsewhere.length > 0;
  const disk = summarizeDisk(upVolumes(health), load.bitrateBps);
  const usedShare = disk.totalBytes === 0 ? 0 : 1 - disk.freeBytes / disk.totalBytes;
  return (
    <a className="node-card" href={hashOf('nodes', { node: node.id })}>
      <div className="node-card__head">
        <span className="node-card__name truncate">{node.name}</span>
        <StateBadge tone={nodeTone(condition)} label={nodeWords(t, condition).label} />
      </div>
      {up === undefined ? (
        <div className="node-card__absent dim">
          {condition.kind === 'down'
            ? t('site.downFor', {
                duration: formatAge(nowUtcMs - condition.sinceUtcMs),
                time: formatSince(condition.sinceUtcMs, nowUtcMs),
              })
            : t('site.noFigures')}
        </div>
      ) : (
        <>
          <div className="node-card__line numeric">
            <span>{t('site.recordingOf', { recording: load.recordingCount, count: load.cameraCount })}</span>
            <span>{formatBitrate(load.bitrateBps)}</span>
            <span>{formatCpu(up.cpuCores)}</span>
          </div>
          <Progress
            value={usedShare * 100}
            size="sm"
            color={takesFootage ? 'harbour' : 'red.8'}
            aria-label={t('disk.used', { path: node.name })}
          />
          <div className="node-card__line dim numeric">
            <span>
              {disk.isRotating
                ? t('disk.rotating')
                : t('site.diskLeft', { bytes: formatBytes(disk.usableBytes) })}
            </span>
            {disk.lastsMs !== undefined && (
              <span>{t('disk.fills', { duration: formatDuration(disk.lastsMs) })}</span>
            )}
          </div>
        </>
      )}
    </a>
  );
}
