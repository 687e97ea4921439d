import { IconFingerprint } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { HostKey } from './actions.ts';
import './host-key-card.css';

/** What the server proved about itself so far, and what trusting it means. */
export function HostKeyCard({ hostKey }: { readonly hostKey: HostKey }) {
  const { t } = useTranslation();
  return (
    <div className="host-key" aria-live="polite">
      <IconFingerprint size={28} stroke={1.4} aria-hidden />
      <div>
        <div className="host-key__fingerprint mono" data-testid="host-key">
          {hostKey.fingerprint}
        </div>
        <div className="dim">
          {hostKey.algorithm} · {hostKey.banner}
        </div>
        <p>{t('addNode.keyExplained')}</p>
        <p className="mono host-key__command">ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub</p>
      </div>
    </div>
  );
}
