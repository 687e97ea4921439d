import { IconLoader2 } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useConnection } from '../api/index.ts';
import type { Connection } from '../api/index.ts';
import './connection-banner.css';

/** A desk that restarts is back within seconds; after this it is probably gone. */
const lostAfterMs = 12_000;

/** Whether the desk has been away for too long to just wait. */
export function useIsLost(connection: Connection): boolean {
  const isAway = connection.kind === 'reconnecting' || connection.kind === 'connecting';
  const [isLost, setLost] = useState(false);
  useEffect(() => {
    if (!isAway) return undefined;
    const timer = setTimeout(() => {
      setLost(true);
    }, lostAfterMs);
    return () => {
      clearTimeout(timer);
      setLost(false);
    };
  }, [isAway]);
  return isLost;
}

/** What is on the page stays readable while the desk is away; this says that it is old. */
export function ConnectionBanner() {
  const { t } = useTranslation();
  const connection = useConnection((state) => state.connection);
  if (connection.kind !== 'reconnecting') return null;
  return (
    <output className="connection-banner">
      <IconLoader2 size={16} aria-hidden className="connection-banner__spinner" />
      <b>{t('connection.reconnecting')}</b> {t('connection.reconnectingText')}
    </output>
  );
}
