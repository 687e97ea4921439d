import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import type { Tone } from '../../ui/index.ts';
import { Panel, StateIcon, formatAge, formatNames, formatSince, goTo, useNowUtcMs } from '../../ui/index.ts';
import { cameraWords, conditionAgeMs, conditionTone, nodeTone, nodeWords } from '../fleet/index.ts';
import type { CameraCondition } from '../fleet/index.ts';
import type { Attention } from './attention.ts';

interface Entry {
  readonly key: string;
  readonly tone: Tone;
  readonly title: string;
  readonly detail: string | undefined;
  /** What to do now. */
  readonly remedy?: string | undefined;
  /** How long it has been so. */
  readonly ageMs?: number | undefined;
  readonly actionLabel: string;
  readonly act: () => void;
}

function entryOf(t: TFunction, attention: Attention, nowUtcMs: number): Entry {
  switch (attention.kind) {
    case 'node': {
      const { label, detail } = nodeWords(t, attention.condition);
      const failure = 'failure' in attention.condition ? attention.condition.failure : undefined;
      const trouble = 'trouble' in attention.condition ? attention.condition.trouble : undefined;
      return {
        key: `node ${attention.nodeId}`,
        tone: nodeTone(attention.condition),
        title: t('attention.node', { name: attention.name, state: label }),
        detail: [
          attention.cameraCount > 0 && t('attention.affected', { count: attention.cameraCount }),
          failure?.message ?? trouble?.detail ?? detail,
        ]
          .filter(Boolean)
          .join(' '),
        remedy: failure?.remedy ?? trouble?.remedy,
        ageMs: attention.sinceUtcMs === undefined ? undefined : nowUtcMs - attention.sinceUtcMs,
        actionLabel: t('attention.openNode'),
        act: () => {
          goTo('nodes', { node: attention.nodeId });
        },
      };
    }
    case 'volume': {
      const { nodeId, nodeName, condition, volume, cameraCount } = attention;
      const { trouble, name } = volume;
      return {
        key: `volume ${nodeId} ${name}`,
        tone: nodeTone(condition),
        title: t('attention.node', { name: nodeName, state: t(`volumeState.${trouble.kind}`) }),
        detail: [
          cameraCount > 0 && t('attention.affected', { count: cameraCount }),
          condition.elsewhere.length > 0 &&
            t('attention.elsewhere', { names: formatNames(condition.elsewhere, 3) }),
          trouble.detail,
        ]
          .filter(Boolean)
          .join(' '),
        remedy: trouble.remedy,
        ageMs: nowUtcMs - trouble.sinceUtcMs,
        actionLabel: t('attention.openNode'),
        act: () => {
          goTo('nodes', { node: nodeId });
        },
      };
    }
    case 'cameras': {
      const { label, detail } = cameraWords(t, attention.condition);
      return {
        key: `cameras ${label} ${detail ?? ''}`,
        tone: conditionTone(attention.condition),
        title: camerasTitle(t, attention.condition, attention.names),
        detail: [
          isHalted(attention.condition) && attention.condition.detail,
          attention.place === undefined
            ? formatNames(attention.names, 5)
            : t('attention.place', {
                address: attention.place.address,
                node: attention.place.nodeName ?? '–',
              }),
        ]
          .filter(Boolean)
          .join(' '),
        remedy: camerasRemedy(t, attention.condition),
        ageMs: conditionAgeMs(attention.condition, nowUtcMs),
        actionLabel: t('attention.showCameras'),
        act: () => {
          goTo('cameras', { state: 'attention' });
        },
      };
    }
    case 'not-assigned':
      return {
        key: 'not-assigned',
        tone: 'warning',
        title: t('attention.notAssigned', { count: attention.names.length }),
        detail: formatNames(attention.names, 5),
        actionLabel: t('attention.assign'),
        act: () => {
          goTo('cameras', { state: 'not-assigned' });
        },
      };
    case 'not-deployed':
      return {
        key: 'not-deployed',
        tone: 'info',
        title: t('attention.notDeployed', { count: attention.names.length }),
        detail: formatNames(attention.names, 5),
        actionLabel: t('attention.openNodes'),
        act: () => {
          goTo('nodes');
        },
      };
  }
}

function camerasTitle(t: TFunction, condition: CameraCondition, names: readonly string[]): string {
  const [name = ''] = names;
  const count = names.length;
  if (condition.kind === 'frozen') return t('attention.frozen', { count, name });
  if (condition.kind === 'off') return t('attention.off', { count, name });
  if (condition.kind === 'lost') return t('attention.lost', { count, name });
  if (isHalted(condition)) return t('attention.halted', { count, name });
  const { label, detail } = cameraWords(t, condition);
  return t('attention.cameras', { count, name, reason: detail ?? label });
}

function isHalted(
  condition: CameraCondition,
): condition is Extract<CameraCondition, { kind: 'disk-full' | 'disk-error' }> {
  return condition.kind === 'disk-full' || condition.kind === 'disk-error';
}

function camerasRemedy(t: TFunction, condition: CameraCondition): string | undefined {
  if (condition.kind === 'frozen') return t('streamRemedy.silent');
  return condition.kind === 'waiting' ? t(`streamRemedy.${condition.reason}`) : undefined;
}

const shownAtMost = 8;

/** What needs a person first. Gone when all is well. */
export function AttentionPanel({ attention }: { readonly attention: readonly Attention[] }) {
  const { t } = useTranslation();
  const nowUtcMs = useNowUtcMs();
  return (
    <Panel title={t('attention.title')}>
      <ul className="attention">
        {attention.slice(0, shownAtMost).map((item) => {
          const entry = entryOf(t, item, nowUtcMs);
          return (
            <li key={entry.key}>
              <StateIcon tone={entry.tone} size={18} />
              <div className="attention__text">
                <div className="attention__title">{entry.title}</div>
                {entry.detail !== undefined && <div className="dim">{entry.detail}</div>}
                {entry.remedy !== undefined && <div>{entry.remedy}</div>}
              </div>
              {entry.ageMs !== undefined && (
                <div className="attention__age numeric">
                  {t('attention.for', { duration: formatAge(entry.ageMs) })}
                  <div className="dim">
                    {t('attention.since', { time: formatSince(nowUtcMs - entry.ageMs, nowUtcMs) })}
                  </div>
                </div>
              )}
              <Button size="xs" variant="default" onClick={entry.act}>
                {entry.actionLabel}
              </Button>
            </li>
          );
        })}
      </ul>
      {attention.length > shownAtMost && (
        <div className="attention__more dim">
          {t('attention.more', { count: attention.length - shownAtMost })}
        </div>
      )}
    </Panel>
  );
}
