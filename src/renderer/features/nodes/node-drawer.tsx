import { Button, Drawer, Group } from '@mantine/core';
import { IconRocket, IconTrash } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { TFunction } from 'i18next';
import type { NodeEngine } from '../../../shared/contract/index.ts';
import type { VolumeStatus } from '../../../shared/engine-api/volumes.ts';
import { useDesk } from '../../api/index.ts';
import {
  ConfirmDialog,
  FailureNotice,
  formatAge,
  formatDateTime,
  formatSince,
  goTo,
  useAction,
  useNowUtcMs,
} from '../../ui/index.ts';
import { listBundles, startDeploy } from '../deploy/index.ts';
import { CameraBadge, NodeBadge, isUnfinished, useCameraRows } from '../fleet/index.ts';
import { removeNode } from '../inventory/index.ts';
import { RunView } from '../runs/index.ts';
import { DiskMeter } from './disk-meter.tsx';
import type { NodeRow } from './use-node-rows.ts';
import './node-drawer.css';

export interface NodeDrawerProps {
  readonly row: NodeRow;
  readonly onClose: () => void;
}

/** One node: what it is, how it does, what runs on it. */
export function NodeDrawer({ row, onClose }: NodeDrawerProps) {
  const { t } = useTranslation();
  const { node, condition, run, up, load } = row;
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={620}
      title={
        <span className="node-drawer__title">
          {node.name} <NodeBadge condition={condition} />
        </span>
      }
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <div className="node-drawer">
        {condition.kind === 'down' && (
          <FailureNotice failure={condition.failure}>
            <DownSince sinceUtcMs={condition.sinceUtcMs} />
          </FailureNotice>
        )}
        {condition.kind === 'config-failed' && <FailureNotice failure={condition.failure} />}
        {condition.kind === 'index' && (
          <FailureNotice
            failure={{
              code: 'engine-unhealthy',
              message: condition.trouble.detail,
              remedy: condition.trouble.remedy,
            }}
          />
        )}
        <EnginePart row={row} />
        {run !== undefined && <RunPart row={row} />}
        {up !== undefined && (
          <section>
            <h3>{t('nodes.disk', { count: up.volumes.length })}</h3>
            {up.volumes.map((volume) => (
              <DiskMeter
                key={volume.name}
                volume={volume}
                isOneOfSeveral={up.volumes.length > 1}
                writeBps={load.bitrateBps / takingFootage(up.volumes)}
              />
            ))}
          </section>
        )}
        <CamerasPart nodeId={node.id} />
        <section>
          <h3>{t('nodes.identity')}</h3>
          <dl className="facts">
            <dt>{t('nodes.management')}</dt>
            <dd>
              {node.address}:{node.port}
            </dd>
            <dt>{t('nodes.signIn')}</dt>
            <dd>{t(`nodes.signInWith.${node.authentication}`, { username: node.username })}</dd>
            <dt>{t('columns.hostKey')}</dt>
            <dd className="mono">{node.hostKeyFingerprint}</dd>
            <dt>{t('nodes.added')}</dt>
            <dd>{formatDateTime(node.addedUtcMs)}</dd>
          </dl>
        </section>
        <RemovePart row={row} onRemoved={onClose} />
      </div>
    </Drawer>
  );
}

/** How many share what is written; at least one, to divide by. */
function takingFootage(volumes: readonly VolumeStatus[]): number {
  return Math.max(1, volumes.filter(({ state }) => state.kind === 'ok').length);
}

function DownSince({ sinceUtcMs }: { readonly sinceUtcMs: number }) {
  const { t } = useTranslation();
  const nowUtcMs = useNowUtcMs();
  return (
    <span className="numeric">
      {t('site.downFor', {
        duration: formatAge(nowUtcMs - sinceUtcMs),
        time: formatSince(sinceUtcMs, nowUtcMs),
      })}
    </span>
  );
}

/** Whether the engine is there, in which version, and the button that brings or updates it. */
function EnginePart({ row: { node, run, up } }: { readonly row: NodeRow }) {
  const { t } = useTranslation();
  const desk = useDesk();
  const [available, setAvailable] = useState<string>();
  const bundles = useAction(
    async () => listBundles(desk),
    (found) => {
      setAvailable(found[0]?.version);
    },
  );
  const deploy = useAction(async () => startDeploy(desk, node.id));
  const { run: listNow } = bundles;
  useEffect(listNow, [listNow]);
  const { engine } = node;
  const isCurrent = engine.kind === 'deployed' && engine.version === available;
  const busy = isUnfinished(run);
  return (
    <section>
      <h3>{t('nodes.engine')}</h3>
      <div className="node-drawer__engine">
        <div>
          {engine.kind === 'none' ? (
            <div>{t('nodes.noEngine')}</div>
          ) : (
            <>
              <div>{t(`nodes.engineHost.${engine.host}`, { version: engine.version })}</div>
              <div className="dim">
                {t('nodes.deployedAt', { time: formatDateTime(engine.deployedUtcMs) })}
                {up !== undefined && ` · ${t('nodes.upSince', { time: formatDateTime(up.startedUtcMs) })}`}
              </div>
            </>
          )}
        </div>
        <Button
          leftSection={<IconRocket size={16} />}
          variant={isCurrent ? 'default' : 'filled'}
          disabled={busy}
          loading={deploy.state.kind === 'working'}
          onClick={deploy.run}
        >
          {deployLabel(t, node.engine, available)}
        </Button>
      </div>
      {bundles.state.kind === 'failed' && <FailureNotice failure={bundles.state.failure} />}
      {deploy.state.kind === 'failed' && <FailureNotice failure={deploy.state.failure} />}
    </section>
  );
}

function deployLabel(t: TFunction, engine: NodeEngine, available: string | undefined): string {
  if (engine.kind === 'none') return t('nodes.deploy');
  if (available === undefined || available === engine.version) return t('nodes.deployAgain');
  return t('nodes.update', { version: available });
}

function RunPart({ row: { node, run } }: { readonly row: NodeRow }) {
  const { t } = useTranslation();
  const desk = useDesk();
  const again = useAction(async () => startDeploy(desk, node.id));
  if (run === undefined) return null;
  return (
    <section>
      <h3>{t('nodes.lastRun')}</h3>
      <RunView run={run} onStartAgain={again.run} />
      {again.state.kind === 'failed' && <FailureNotice failure={again.state.failure} />}
    </section>
  );
}

const camerasShown = 8;

function CamerasPart({ nodeId }: { readonly nodeId: string }) {
  const { t } = useTranslation();
  const rows = useCameraRows().filter(({ camera }) => camera.nodeId === nodeId);
  return (
    <section>
      <h3>{t('nodes.assigned', { count: rows.length })}</h3>
      {rows.length === 0 ? (
        <Group justify="space-between">
          <span className="dim">{t('nodes.noCameras')}</span>
          <Button
            size="xs"
            variant="default"
            onClick={() => {
              goTo('cameras', { state: 'not-assigned' });
            }}
          >
            {t('nodes.assignCameras')}
          </Button>
        </Group>
      ) : (
        <ul className="node-drawer__cameras">
          {rows.slice(0, camerasShown).map(({ camera, condition }) => (
            <li key={camera.id}>
              <span className="truncate">{camera.name}</span>
              <CameraBadge condition={condition} />
            </li>
          ))}
        </ul>
      )}
      {rows.length > 0 && (
        <Button
          size="compact-sm"
          variant="subtle"
          mt={6}
          onClick={() => {
            goTo('cameras', { node: nodeId });
          }}
        >
          {t('nodes.showCameras', { count: rows.length })}
        </Button>
      )}
    </section>
  );
}

function RemovePart({ row, onRemoved }: { readonly row: NodeRow; readonly onRemoved: () => void }) {
  const { t } = useTranslation();
  const desk = useDesk();
  const [asking, setAsking] = useState(false);
  const remove = useAction(async () => removeNode(desk, row.node.id), onRemoved);
  return (
    <div className="node-drawer__remove">
      <Button
        size="xs"
        variant="subtle"
        color="red"
        className="danger-button"
        leftSection={<IconTrash size={14} />}
        onClick={() => {
          setAsking(true);
        }}
      >
        {t('nodes.remove')}
      </Button>
      {asking && (
        <ConfirmDialog
          title={t('nodes.removeTitle', { name: row.node.name })}
          confirmLabel={t('nodes.removeConfirm')}
          state={remove.state}
          onConfirm={remove.run}
          onClose={() => {
            setAsking(false);
            remove.reset();
          }}
        >
          {row.load.cameraCount > 0
            ? t('nodes.removeTextCameras', { count: row.load.cameraCount })
            : t('nodes.removeText')}
        </ConfirmDialog>
      )}
    </div>
  );
}
