import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { FailureNotice, Page, Panel, compareNames } from '../../ui/index.ts';
import { useConnection } from '../../api/index.ts';
import { useCameraRows, useFleet } from '../fleet/index.ts';
import { useInventory } from '../inventory/index.ts';
import { useNodeRows } from '../nodes/index.ts';
import { AttentionPanel } from './attention-panel.tsx';
import { findAttention } from './attention.ts';
import { DemoBanner } from './demo-banner.tsx';
import { Figures } from './figures.tsx';
import { firstSteps } from './first-steps.ts';
import { GuidePanel } from './guide-panel.tsx';
import { NodeCard } from './node-card.tsx';
import { SiteCameras } from './site-cameras.tsx';
import { SiteVerdict } from './site-verdict.tsx';
import { useSite } from './store.ts';
import { verdictOf } from './verdict.ts';
import './site-page.css';

/** How the whole site does: what needs a person first, then everything else. */
export function SitePage() {
  const { t } = useTranslation();
  const demo = useSite((state) => state.site?.demo);
  const loaded = useInventory((state) => state.loaded);
  const failure = useFleet((state) => state.failure);
  const cameras = useCameraRows();
  const nodes = useNodeRows();
  const isConnected = useConnection((state) => state.connection.kind === 'connected');
  const atUtcMs = useFleet((state) => state.atUtcMs);
  const fleetLoaded = useFleet((state) => state.loaded);
  const nodeFacts = useMemo(
    () => nodes.map(({ node, condition }) => ({ id: node.id, name: node.name, condition })),
    [nodes],
  );
  const attention = useMemo(() => findAttention(nodeFacts, cameras, atUtcMs), [nodeFacts, cameras, atUtcMs]);
  const verdict = verdictOf({
    isCurrent: isConnected && fleetLoaded,
    attentionCount: attention.length,
    cameras,
    nodes: nodeFacts,
  });
  const steps = firstSteps({
    cameras: cameras.length,
    nodes: nodes.length,
    nodesWithEngine: nodes.filter(({ node }) => node.engine.kind === 'deployed').length,
    assigned: cameras.filter(({ camera }) => camera.nodeId !== undefined).length,
  });
  const isNew = steps.some(({ done }) => !done);
  const sortedNodes = [...nodes].sort((a, b) => compareNames(a.node.name, b.node.name));

  return (
    <Page title={t('pages.site')} summary={loaded && !isNew && <SiteVerdict verdict={verdict} />}>
      {failure !== undefined && <FailureNotice failure={failure} />}
      {demo !== undefined && <DemoBanner demo={demo} />}
      {loaded && isNew && <GuidePanel steps={steps} />}
      {attention.length > 0 && <AttentionPanel attention={attention} />}
      {(cameras.length > 0 || nodes.length > 0) && <Figures nodes={nodes} cameras={cameras} />}
      {nodes.length > 0 && (
        <section aria-label={t('pages.nodes')} className="node-cards">
          {sortedNodes.map((row) => (
            <NodeCard key={row.node.id} row={row} />
          ))}
        </section>
      )}
      {cameras.length > 0 && (
        <Panel title={t('cameras.count', { count: cameras.length })}>
          <SiteCameras rows={cameras} />
        </Panel>
      )}
    </Page>
  );
}
