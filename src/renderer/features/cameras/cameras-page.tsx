import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDeviceCctv, IconFilterOff, IconRadar2, IconSearch } from '@tabler/icons-react';
import { useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useDesk } from '../../api/index.ts';
import type { Desk } from '../../api/index.ts';
import { EmptyState, FailureNotice, Page, Panel, formatCount, goTo, usePlace } from '../../ui/index.ts';
import { conditionGroup, conditionGroups, hasChangedKey, useCameraRows } from '../fleet/index.ts';
import type { ConditionGroup } from '../fleet/index.ts';
import { assignCameras, useInventory } from '../inventory/index.ts';
import { CameraDialogs } from './camera-dialogs.tsx';
import type { CameraDialog } from './camera-dialogs.tsx';
import { CameraTable } from './camera-table.tsx';
import { filterCameras } from './filter.ts';
import { SelectionBar } from './selection-bar.tsx';
import './cameras-page.css';

type GroupChoice = ConditionGroup | 'all';

/** A row has no room for a failure, so it is told beside the table. */
async function assignOrTell(desk: Desk, cameraId: string, nodeId: string | undefined): Promise<void> {
  const answer = await assignCameras(desk, [cameraId], nodeId);
  if (answer.kind === 'ok') return;
  const { message, remedy } = answer.failure;
  notifications.show({ color: 'red.8', title: message, message: remedy, autoClose: false });
}

const watch = (cameraId: string): void => {
  goTo('live', { camera: cameraId });
};

export function CamerasPage() {
  const { t } = useTranslation();
  const desk = useDesk();
  const rows = useCameraRows();
  const loaded = useInventory((state) => state.loaded);
  const failure = useInventory((state) => state.failure);
  const nodes = useInventory((state) => state.nodes);
  const { state, node: nodeId } = usePlace((place) => place.query);
  const [text, setText] = useState('');
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [dialog, setDialog] = useState<CameraDialog>({ kind: 'none' });
  const group: GroupChoice = conditionGroups.find((name) => name === state) ?? 'all';
  const shown = useMemo(() => filterCameras(rows, { text, group, nodeId }), [rows, text, group, nodeId]);
  const chosenRows = useMemo(() => rows.filter(({ camera }) => selected.has(camera.id)), [rows, selected]);
  const chosen = chosenRows.map(({ camera }) => camera);
  const changed = chosenRows.filter(({ condition }) => hasChangedKey(condition)).map(({ camera }) => camera);
  const counts = useMemo(() => Map.groupBy(rows, ({ condition }) => conditionGroup(condition)), [rows]);
  const assign = useCallback(
    (cameraId: string, target: string | undefined) => {
      void assignOrTell(desk, cameraId, target);
    },
    [desk],
  );
  const clear = (): void => {
    setSelected(new Set());
  };
  const showGroup = (choice: GroupChoice): void => {
    goTo('cameras', choice === 'all' ? {} : { state: choice });
  };
  const groupLabel = (choice: GroupChoice): string =>
    `${t(`cameras.group.${choice}`)} ${formatCount(choice === 'all' ? rows.length : (counts.get(choice)?.length ?? 0))}`;

  return (
    <Page
      title={t('pages.cameras')}
      summary={nodeId === undefined ? '' : t('cameras.onNode', { name: nodes.get(nodeId)?.name ?? nodeId })}
      actions={
        <Button
          variant="default"
          leftSection={<IconRadar2 size={16} />}
          onClick={() => {
            goTo('discover');
          }}
        >
          {t('cameras.discover')}
        </Button>
      }
    >
      {failure !== undefined && <FailureNotice failure={failure} />}
      {loaded && rows.length === 0 ? (
        <Panel fill title={t('pages.cameras')}>
          <EmptyState
            icon={<IconDeviceCctv size={26} stroke={1.4} />}
            title={t('cameras.emptyTitle')}
            text={t('cameras.emptyText')}
          >
            <Button
              leftSection={<IconRadar2 size={16} />}
              onClick={() => {
                goTo('discover');
              }}
            >
              {t('cameras.discover')}
            </Button>
          </EmptyState>
        </Panel>
      ) : (
        <Panel
          fill
          title={t('cameras.count', { count: shown.length })}
          aside={
            <>
              <SegmentedControl<GroupChoice>
                size="xs"
                aria-label={t('cameras.filter')}
                data={(['all', ...conditionGroups] as const).map((choice) => ({
                  value: choice,
                  label: groupLabel(choice),
                }))}
                value={group}
                onChange={showGroup}
              />
              <TextInput
                size="xs"
                w={200}
                type="search"
                aria-label={t('cameras.search')}
                placeholder={t('cameras.search')}
                leftSection={<IconSearch size={15} />}
                value={text}
                onChange={(event) => {
                  setText(event.currentTarget.value);
                }}
              />
            </>
          }
        >
          {shown.length > 0 || !loaded ? (
            <CameraTable
              rows={shown}
              selected={selected}
              onSelect={setSelected}
              onAssign={assign}
              onDialog={setDialog}
              onWatch={watch}
            />
          ) : (
            <EmptyState
              icon={<IconFilterOff size={26} stroke={1.4} />}
              title={t('cameras.noneMatchTitle')}
              text={t('cameras.noneMatchText')}
            >
              <Button
                variant="default"
                onClick={() => {
                  setText('');
                  goTo('cameras');
                }}
              >
                {t('cameras.showAll')}
              </Button>
            </EmptyState>
          )}
          {chosen.length > 0 && (
            <SelectionBar
              cameras={chosen}
              onTrust={
                changed.length === 0
                  ? undefined
                  : () => {
                      setDialog({ kind: 'trust', cameras: changed });
                    }
              }
              onClear={clear}
              onRemove={() => {
                setDialog({ kind: 'remove', cameras: chosen });
              }}
            />
          )}
        </Panel>
      )}
      <CameraDialogs
        dialog={dialog}
        onClose={() => {
          setDialog({ kind: 'none' });
        }}
      />
    </Page>
  );
}
