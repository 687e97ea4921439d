import {
  IconBroadcast,
  IconDeviceCctv,
  IconLayoutDashboard,
  IconLayoutGrid,
  IconServer2,
} from '@tabler/icons-react';
import type { ComponentType, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { hashOf, pageNames } from '../navigation.ts';
import type { PageName } from '../navigation.ts';
import { Wordmark } from './wordmark.tsx';
import './app-frame.css';

export const pageIcons: Readonly<Record<PageName, ComponentType<{ size: number; stroke: number }>>> = {
  site: IconLayoutDashboard,
  discover: IconBroadcast,
  cameras: IconDeviceCctv,
  nodes: IconServer2,
  live: IconLayoutGrid,
};

export interface AppFrameProps {
  readonly page: PageName;
  /** A short figure beside a page's name in the rail, such as the number of cameras. */
  readonly counts: Readonly<Partial<Record<PageName, string>>>;
  readonly header: ReactNode;
  /** Lines across the whole width: reconnecting, demo. */
  readonly banner?: ReactNode;
  readonly railFoot?: ReactNode;
  readonly children: ReactNode;
}

export function AppFrame({ page, counts, header, banner, railFoot, children }: AppFrameProps) {
  const { t } = useTranslation();
  return (
    <div className="frame">
      <a href="#main" className="frame__skip" onClick={focusMain}>
        {t('frame.skip')}
      </a>
      {/* Not a header element: the dialogs of the component library bring one, and a page has only one banner. */}
      <section className="frame__top" aria-label={t('frame.top')}>
        <div className="frame__brand">
          <Wordmark />
        </div>
        <div className="frame__header">{header}</div>
      </section>
      <nav className="frame__rail" aria-label={t('frame.pages')}>
        {pageNames.map((name) => {
          const Icon = pageIcons[name];
          return (
            <a
              key={name}
              href={hashOf(name)}
              className="frame__link"
              aria-current={name === page ? 'page' : undefined}
              title={t(`pages.${name}`)}
            >
              <Icon size={20} stroke={1.6} />
              <span className="frame__link-name">{t(`pages.${name}`)}</span>
              {counts[name] !== undefined && (
                <span className="frame__link-count numeric">{counts[name]}</span>
              )}
            </a>
          );
        })}
        <div className="frame__rail-foot">{railFoot}</div>
      </nav>
      <div className="frame__body">
        {banner}
        <main className="frame__main" id="main" tabIndex={-1}>
          {children}
        </main>
      </div>
    </div>
  );
}

/** The address belongs to the pages, so the skip link moves the focus itself. */
function focusMain(event: { preventDefault: () => void }): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('#main')?.focus();
}
