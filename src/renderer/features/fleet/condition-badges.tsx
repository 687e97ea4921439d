import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import { StateBadge, formatAge, formatOffset } from '../../ui/index.ts';
import { conditionTone } from './camera-condition.ts';
import type { CameraCondition } from './camera-condition.ts';
import { nodeTone } from './node-condition.ts';
import type { NodeCondition } from './node-condition.ts';

/** The word for a state, and the reason behind it. */
export interface ConditionWords {
  readonly label: string;
  readonly detail?: string;
}

export function cameraWords(t: TFunction, condition: CameraCondition): ConditionWords {
  switch (condition.kind) {
    case 'frozen':
      return {
        label: t('cameraCondition.frozen'),
        detail: t('cameraCondition.noFrameFor', { age: formatAge(condition.ageMs) }),
      };
    case 'lost':
      return {
        label: t('cameraCondition.waiting'),
        detail: t('cameraCondition.noFrameFor', { age: formatAge(condition.ageMs) }),
      };
    case 'waiting':
      return { label: t('cameraCondition.waiting'), detail: t(`streamReason.${condition.reason}`) };
    case 'disk-full':
    case 'disk-error':
      return { label: t(`cameraCondition.${condition.kind}`), detail: condition.detail };
    case 'recording':
    case 'connecting':
    case 'off':
    case 'not-assigned':
    case 'node-not-deployed':
    case 'node-down':
    case 'pending':
      return { label: t(`cameraCondition.${condition.kind}`) };
  }
}

export function CameraBadge({ condition }: { readonly condition: CameraCondition }) {
  const { t } = useTranslation();
  return <StateBadge tone={conditionTone(condition)} {...cameraWords(t, condition)} />;
}

export function nodeWords(t: TFunction, condition: NodeCondition): ConditionWords {
  switch (condition.kind) {
    case 'clock-off':
      return { label: t('nodeCondition.clock-off'), detail: formatOffset(condition.offsetMs) };
    case 'disk': {
      const [{ trouble, path }] = condition.troubles;
      return { label: t(`volumeState.${trouble.kind}`), detail: path };
    }
    case 'index':
      return { label: t(`indexState.${condition.trouble.kind}`) };
    case 'disk-opening':
    case 'deploying':
    case 'not-deployed':
    case 'connecting':
    case 'down':
    case 'config-failed':
    case 'config-pending':
    case 'up':
      return { label: t(`nodeCondition.${condition.kind}`) };
  }
}

export function NodeBadge({ condition }: { readonly condition: NodeCondition }) {
  const { t } = useTranslation();
  return <StateBadge tone={nodeTone(condition)} {...nodeWords(t, condition)} />;
}
