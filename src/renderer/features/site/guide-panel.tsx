import { Button } from '@mantine/core';
import { IconCircleCheckFilled } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Panel, goTo } from '../../ui/index.ts';
import type { FirstStep } from './first-steps.ts';

/** The first steps on a new site. The next one has the button. */
export function GuidePanel({ steps }: { readonly steps: readonly FirstStep[] }) {
  const { t } = useTranslation();
  const next = steps.find(({ done }) => !done);
  return (
    <Panel title={t('guide.title')}>
      <ol className="guide">
        {steps.map((step, index) => (
          <li key={step.id} className={step === next ? 'guide__step guide__step--next' : 'guide__step'}>
            <span className="guide__mark" aria-hidden>
              {step.done ? <IconCircleCheckFilled size={22} /> : index + 1}
            </span>
            <div className="guide__text">
              <div className="guide__title">
                {t(`guide.${step.id}.title`)}
                {step.done && <span className="visually-hidden">{t('guide.done')}</span>}
              </div>
              <div className="dim">{t(`guide.${step.id}.text`)}</div>
              {step === next && (
                <Button
                  size="xs"
                  mt={8}
                  onClick={() => {
                    goTo(step.page);
                  }}
                >
                  {t(`guide.${step.id}.action`)}
                </Button>
              )}
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
