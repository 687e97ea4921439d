import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import type { Tone } from '../../ui/index.ts';
import { Panel, StateIcon, formatNames, goTo } from '../../ui/index.ts';
import { cameraWords, conditionTone, nodeTone, nodeWords } from '../fleet/index.ts';
import type { Attention } from './attention.ts';

interface Entry {
  readonly key: string;
  readonly tone: Tone;
  readonly title: string;
  readonly detail: string | undefined;
  readonly actionLabel: string;
  readonly act: () => void;
}

function entryOf(t: TFunction, attention: Attention): Entry {
  switch (attention.kind) {
    case 'node': {
      const { label, detail } = nodeWords(t, attention.condition);
      const failure = 'failure' in attention.condition ? attention.condition.failure : undefined;
      return {
        key: `node ${attention.nodeId}`,
        tone: nodeTone(attention.condition),
        title: t('attention.node', { name: attention.name, state: label }),
        detail: [
          attention.cameraCount > 0 && t('attention.affected', { count: attention.cameraCount }),
          failure?.message ?? detail,
        ]
          .filter(Boolean)
          .join(' '),
        actionLabel: t('attention.openNode'),
        act: () => {
          goTo('nodes', { node: attention.nodeId });
        },
      };
    }
    case 'cameras': {
      const { label, detail } = cameraWords(t, attention.condition);
      return {
        key: `cameras ${label} ${detail ?? ''}`,
        tone: conditionTone(attention.condition),
        title:
          attention.condition.kind === 'frozen'
            ? t('attention.frozen', { count: attention.names.length })
            : t('attention.cameras', { count: attention.names.length, reason: detail ?? label }),
        detail: formatNames(attention.names, 5),
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

const shownAtMost = 8;

/** What needs a person first. Gone when all is well. */
export function AttentionPanel({ attention }: { readonly attention: readonly Attention[] }) {
  const { t } = useTranslation();
  return (
    <Panel title={t('attention.title')}>
      <ul className="attention">
        {attention.slice(0, shownAtMost).map((item) => {
          const entry = entryOf(t, item);
          return (
            <li key={entry.key}>
              <StateIcon tone={entry.tone} size={18} />
              <div className="attention__text">
                <div className="attention__title">{entry.title}</div>
                {entry.detail !== undefined && <div className="dim truncate">{entry.detail}</div>}
              </div>
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
