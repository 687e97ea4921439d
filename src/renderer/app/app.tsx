import { Button } from '@mantine/core';
import { useEffect } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { DeskProvider, useConnection } from '../api/index.ts';
import type { Desk } from '../api/index.ts';
import { CamerasPage } from '../features/cameras/index.ts';
import { DiscoverPage } from '../features/discovery/index.ts';
import { followFleet } from '../features/fleet/index.ts';
import { followInventory, useInventory } from '../features/inventory/index.ts';
import { NodesPage } from '../features/nodes/index.ts';
import { followRuns } from '../features/runs/index.ts';
import { SitePage, followSite, useSite } from '../features/site/index.ts';
import { CreateVaultPage, UnlockVaultPage, followVault, useVault } from '../features/vault/index.ts';
import { LivePage } from '../features/wall/index.ts';
import { AppFrame } from '../ui/frame/app-frame.tsx';
import { FullPageNotice } from '../ui/frame/full-page-notice.tsx';
import { formatCount, usePlace } from '../ui/index.ts';
import type { PageName } from '../ui/index.ts';
import { AppHeader } from './app-header.tsx';
import { ConnectionBanner, useIsLost } from './connection-banner.tsx';
import { AppSpotlight } from './app-spotlight.tsx';

/** Without a desk there was no way in, and `useConnection` says why. */
export function App({ desk }: { readonly desk: Desk | undefined }) {
  const { t } = useTranslation();
  const connection = useConnection((state) => state.connection);
  const isLost = useIsLost(connection);
  if (connection.kind === 'expired' || desk === undefined) {
    return connection.kind === 'expired' ? (
      <FullPageNotice title={t('connection.expiredTitle')} failure={connection.failure} />
    ) : null;
  }
  if (isLost) {
    return (
      <FullPageNotice
        title={t('connection.lostTitle')}
        failure={{
          code: 'unreachable',
          message: t('connection.lostText'),
          remedy: t('connection.lostRemedy'),
        }}
      >
        <Button
          onClick={() => {
            globalThis.location.reload();
          }}
        >
          {t('common.tryAgain')}
        </Button>
      </FullPageNotice>
    );
  }
  return (
    <DeskProvider desk={desk}>
      <SiteWindow desk={desk} />
    </DeskProvider>
  );
}

function SiteWindow({ desk }: { readonly desk: Desk }) {
  const { t } = useTranslation();
  const page = usePlace((place) => place.page);
  const site = useSite((state) => state.site);
  const cameraCount = useInventory((state) => state.cameras.size);
  const nodeCount = useInventory((state) => state.nodes.size);
  useEffect(() => {
    const follows = [followSite, followVault, followInventory, followFleet, followRuns].map((follow) =>
      follow(desk),
    );
    return () => {
      for (const unfollow of follows) unfollow();
    };
  }, [desk]);
  useEffect(() => {
    document.title = site === undefined ? 'Belvedere' : `${t(`pages.${page}`)} · ${site.name}`;
  }, [site, page, t]);

  return (
    <>
      <AppFrame
        page={page}
        counts={{
          ...(cameraCount > 0 ? { cameras: formatCount(cameraCount) } : {}),
          ...(nodeCount > 0 ? { nodes: formatCount(nodeCount) } : {}),
        }}
        header={<AppHeader />}
        banner={<ConnectionBanner />}
        railFoot={site === undefined ? '' : t('frame.version', { version: site.version })}
      >
        <VaultGate>
          <PageContent page={page} />
        </VaultGate>
      </AppFrame>
      <AppSpotlight />
    </>
  );
}

/** Nothing works without the passwords, so the vault comes first. */
function VaultGate({ children }: { readonly children: ReactNode }) {
  const vault = useVault((state) => state.vault);
  switch (vault?.kind) {
    case undefined:
      return null;
    case 'needs-passphrase':
      return <CreateVaultPage />;
    case 'locked':
      return <UnlockVaultPage />;
    case 'unlocked':
      return children;
  }
}

function PageContent({ page }: { readonly page: PageName }) {
  switch (page) {
    case 'site':
      return <SitePage />;
    case 'discover':
      return <DiscoverPage />;
    case 'cameras':
      return <CamerasPage />;
    case 'nodes':
      return <NodesPage />;
    case 'live':
      return <LivePage />;
  }
}
