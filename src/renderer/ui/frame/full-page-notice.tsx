import type { ReactNode } from 'react';
import type { Failure } from '../../../shared/contract/index.ts';
import { Mark } from './wordmark.tsx';
import './full-page-notice.css';

export interface FullPageNoticeProps {
  readonly title: string;
  readonly failure: Failure;
  readonly children?: ReactNode;
}

/** When there is no page to show: an expired link, a desk that is gone. */
export function FullPageNotice({ title, failure, children }: FullPageNoticeProps) {
  return (
    <main className="full-page-notice" role="alert">
      <Mark size={44} />
      <h1>{title}</h1>
      <p>{failure.message}</p>
      {failure.remedy !== undefined && <p className="full-page-notice__remedy">{failure.remedy}</p>}
      {children}
    </main>
  );
}
