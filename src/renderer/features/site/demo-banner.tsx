import { Button } from '@mantine/core';
import { IconFlask2 } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Site } from '../../../shared/contract/index.ts';

/** What is simulated, what to sign in with, and what the demo cannot prove. */
export function DemoBanner({ demo }: { readonly demo: NonNullable<Site['demo']> }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(true);
  return (
    <section className="demo-banner" aria-label={t('demo.title')}>
      <IconFlask2 size={20} stroke={1.5} aria-hidden className="demo-banner__icon" />
      <div className="demo-banner__text">
        <div>
          <b>{t('demo.title')}</b> {t('demo.text')}
        </div>
        {isOpen && (
          <>
            <dl className="demo-banner__credentials">
              <dt>{t('demo.cameras')}</dt>
              <dd className="mono">
                {demo.cameraUsername} / {demo.cameraPassword}
              </dd>
              <dt>{t('demo.nodes')}</dt>
              <dd className="mono">
                {demo.nodeUsername} / {demo.nodePassword}
              </dd>
            </dl>
            <div className="dim">{t('demo.limits')}</div>
          </>
        )}
      </div>
      <Button
        size="compact-sm"
        variant="subtle"
        aria-expanded={isOpen}
        onClick={() => {
          setOpen(!isOpen);
        }}
      >
        {isOpen ? t('demo.less') : t('demo.more')}
      </Button>
    </section>
  );
}
