import type { ReactNode } from 'react';
import './page.css';

export interface PageProps {
  readonly title: string;
  /** One line under the title: what the page shows right now. */
  readonly summary?: ReactNode;
  /** Buttons on the right of the title. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A page of the frame: a title bar that stays, and content that fills the rest. */
export function Page({ title, summary, actions, children }: PageProps) {
  return (
    <div className="page">
      <div className="page__bar">
        <h1 className="page__title">{title}</h1>
        <div className="page__summary truncate">{summary}</div>
        <div className="page__actions">{actions}</div>
      </div>
      <div className="page__content">{children}</div>
    </div>
  );
}

export interface PanelProps {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  /** Fills the height that is left and scrolls inside. */
  readonly fill?: boolean;
}

export function Panel({ title, aside, children, fill = false }: PanelProps) {
  return (
    <section className={fill ? 'panel panel--fill' : 'panel'} aria-label={title}>
      <div className="panel__bar">
        <h2 className="panel__title">{title}</h2>
        <div className="panel__aside">{aside}</div>
      </div>
      <div className="panel__content">{children}</div>
    </section>
  );
}
