import { useTranslation } from 'react-i18next';
import { StateBadge } from '../../ui/index.ts';
import type { Verdict } from './verdict.ts';

export function SiteVerdict({ verdict }: { readonly verdict: Verdict }) {
  const { t } = useTranslation();
  switch (verdict.kind) {
    case 'unknown':
      return <StateBadge tone="busy" label={t('site.unknown')} />;
    case 'attention':
      return <StateBadge tone="warning" label={t('site.needsYou', { count: verdict.count })} />;
    case 'settling':
      return (
        <StateBadge
          tone="busy"
          label={t('site.settling')}
          detail={[
            verdict.cameras > 0 && t('cameras.count', { count: verdict.cameras }),
            verdict.nodes > 0 && t('nodes.count', { count: verdict.nodes }),
          ]
            .filter(Boolean)
            .join(', ')}
        />
      );
    case 'well':
      return <StateBadge tone="ok" label={t('site.allWell')} />;
  }
}
