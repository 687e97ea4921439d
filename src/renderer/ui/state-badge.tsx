import {
  IconAlertTriangleFilled,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconCircleDotFilled,
  IconInfoCircleFilled,
  IconLoader2,
  IconSquareXFilled,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';
import './state-badge.css';

/** What a state means for the person, each with a shape of its own so that colour is never the only sign. */
export type Tone = 'ok' | 'recording' | 'busy' | 'info' | 'idle' | 'warning' | 'bad';

const shapes: Readonly<Record<Tone, ComponentType<{ size: number; 'aria-hidden': true }>>> = {
  ok: IconCircleCheckFilled,
  recording: IconCircleDotFilled,
  busy: IconLoader2,
  info: IconInfoCircleFilled,
  idle: IconCircleDashed,
  warning: IconAlertTriangleFilled,
  bad: IconSquareXFilled,
};

export function StateIcon({ tone, size = 16 }: { readonly tone: Tone; readonly size?: number }) {
  const Shape = shapes[tone];
  return (
    <span className={`state-icon state-icon--${tone}`}>
      <Shape size={size} aria-hidden />
    </span>
  );
}

export interface StateBadgeProps {
  readonly tone: Tone;
  /** The state in a word or two. */
  readonly label: string;
  /** Why, if there is more to say. */
  readonly detail?: string | undefined;
}

export function StateBadge({ tone, label, detail }: StateBadgeProps) {
  return (
    <span
      className={`state-badge state-badge--${tone}`}
      title={detail === undefined ? label : `${label}: ${detail}`}
    >
      <StateIcon tone={tone} />
      <span className="truncate">
        {label}
        {detail !== undefined && <span className="state-badge__detail"> · {detail}</span>}
      </span>
    </span>
  );
}
