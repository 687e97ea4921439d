import { Button, SegmentedControl } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDeviceCctv, IconRadar2, IconServer2 } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import type { DiscoveredNode, NodeId } from '../../../shared/contract/index.ts';
import { useDesk } from '../../api/index.ts';
import { EmptyState, FailureNotice, Page, Panel, goTo } from '../../ui/index.ts';
import { AddNodeDialog } from '../inventory/index.ts';
import { CredentialsBar } from './credentials-bar.tsx';
import { DiscoveredCameras } from './discovered-cameras.tsx';
import { DiscoveredNodes } from './discovered-nodes.tsx';
import { ScopePanel, scanFormId } from './scope-panel.tsx';
import { followDiscovery, showTab, useDiscovery, useDiscoveryView } from './store.ts';
import './discover-page.css';

type NodeDialog =
  | { readonly kind: 'closed' }
  | { readonly kind: 'discovered'; readonly node: DiscoveredNode }
  | { readonly kind: 'by-address' };

export function DiscoverPage() {
  const { t } = useTranslation();
  const desk = useDesk();
  const found = useDiscovery((state) => state.found);
  const failure = useDiscovery((state) => state.failure);
  const tab = useDiscoveryView((view) => view.tab);
  const selected = useDiscoveryView((view) => view.selected);
  const [dialog, setDialog] = useState<NodeDialog>({ kind: 'closed' });
  useEffect(() => followDiscovery(desk), [desk]);

  const cameras = found?.cameras ?? [];
  const nodes = found?.nodes ?? [];
  const isScanning = found?.phase.kind === 'scanning';
  const close = (): void => {
    setDialog({ kind: 'closed' });
  };
  return (
    <Page
      title={t('pages.discover')}
      summary={isScanning ? t('discover.summaryScanning') : t('discover.summary')}
    >
      {failure !== undefined && <FailureNotice failure={failure} />}
      <div className="discover">
        <div className="discover__scope">
          <ScopePanel phase={found?.phase} />
        </div>
        <Panel
          fill
          title={t('discover.found')}
          aside={
            <SegmentedControl<'cameras' | 'nodes'>
              size="xs"
              aria-label={t('discover.found')}
              data={[
                { value: 'cameras', label: t('discover.camerasTab', { count: cameras.length }) },
                { value: 'nodes', label: t('discover.nodesTab', { count: nodes.length }) },
              ]}
              value={tab}
              onChange={showTab}
            />
          }
        >
          {tab === 'cameras' && cameras.length > 0 && (
            <>
              <DiscoveredCameras cameras={cameras} />
              <CredentialsBar selected={cameras.filter(({ id }) => selected.has(id))} />
            </>
          )}
          {tab === 'cameras' && cameras.length === 0 && (
            <EmptyState
              icon={<IconDeviceCctv size={26} stroke={1.4} />}
              title={isScanning ? t('discover.lookingTitle') : t('discover.noCamerasTitle')}
              text={isScanning ? t('discover.lookingText') : t('discover.noCamerasText')}
            >
              {!isScanning && (
                <Button type="submit" form={scanFormId} leftSection={<IconRadar2 size={16} />}>
                  {t('discover.start')}
                </Button>
              )}
              {nodes.length > 0 && (
                <Button
                  variant="default"
                  onClick={() => {
                    showTab('nodes');
                  }}
                >
                  {t('discover.showNodes', { count: nodes.length })}
                </Button>
              )}
            </EmptyState>
          )}
          {tab === 'nodes' && nodes.length > 0 && (
            <DiscoveredNodes
              nodes={nodes}
              onAdd={(node) => {
                setDialog({ kind: 'discovered', node });
              }}
            />
          )}
          {tab === 'nodes' && nodes.length === 0 && (
            <EmptyState
              icon={<IconServer2 size={26} stroke={1.4} />}
              title={t('discover.noNodesTitle')}
              text={t('discover.noNodesText')}
            >
              <Button
                variant="default"
                onClick={() => {
                  setDialog({ kind: 'by-address' });
                }}
              >
                {t('nodes.addByAddress')}
              </Button>
            </EmptyState>
          )}
        </Panel>
      </div>
      {dialog.kind !== 'closed' && (
        <AddNodeDialog
          {...(dialog.kind === 'discovered' ? { address: dialog.node.address, port: dialog.node.port } : {})}
          onClose={close}
          onAdded={(nodeId) => {
            close();
            tellAdded(t, nodeId);
          }}
        />
      )}
    </Page>
  );
}

/** What comes next with a new node is to deploy. */
function tellAdded(t: TFunction, nodeId: NodeId): void {
  notifications.show({
    color: 'teal.8',
    title: t('addNode.addedTitle'),
    message: (
      <Button
        size="compact-sm"
        variant="default"
        mt={6}
        onClick={() => {
          goTo('nodes', { node: nodeId });
        }}
      >
        {t('addNode.deployNow')}
      </Button>
    ),
  });
}
