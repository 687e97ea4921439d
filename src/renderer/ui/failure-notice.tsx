import { IconSquareXFilled } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Failure } from '../../shared/contract/index.ts';
import './failure-notice.css';

export interface FailureNoticeProps {
  readonly failure: Failure;
  /** The way on: a button or two. */
  readonly children?: ReactNode;
}

/** What happened and what to do now, read out at once by a screen reader. */
export function FailureNotice({ failure, children }: FailureNoticeProps) {
  return (
    <div className="failure-notice" role="alert">
      <IconSquareXFilled size={18} aria-hidden className="failure-notice__icon" />
      <div className="failure-notice__text">
        <div className="failure-notice__message">{failure.message}</div>
        {failure.remedy !== undefined && <div className="dim">{failure.remedy}</div>}
        {children !== undefined && <div className="failure-notice__actions">{children}</div>}
      </div>
    </div>
  );
}
