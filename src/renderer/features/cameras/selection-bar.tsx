import { Button, Menu } from '@mantine/core';
import { IconArrowsShuffle, IconChevronDown, IconKey, IconTrash, IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Camera } from '../../../shared/contract/index.ts';
import { useDesk } from '../../api/index.ts';
import { FailureNotice, compareNames, useAction } from '../../ui/index.ts';
import { assignByPlan, assignCameras, spreadEvenly, useInventory } from '../inventory/index.ts';

export interface SelectionBarProps {
  readonly cameras: readonly Camera[];
  /** Absent when none of them shows another key than before. */
  readonly onTrust: (() => void) | undefined;
  readonly onRemove: () => void;
  readonly onClear: () => void;
}

/** What can be done with several cameras at once. */
export function SelectionBar({ cameras, onTrust, onRemove, onClear }: SelectionBarProps) {
  const { t } = useTranslation();
  const desk = useDesk();
  const nodes = useInventory((state) => state.nodes);
  const all = useInventory((state) => state.cameras);
  const byName = [...nodes.values()].sort((a, b) => compareNames(a.name, b.name));
  const ids = cameras.map(({ id }) => id);
  const assign = useAction(async (nodeId: string | undefined) => assignCameras(desk, ids, nodeId), onClear);
  const spread = useAction(
    async () =>
      assignByPlan(
        desk,
        spreadEvenly(
          cameras,
          [...all.values()],
          byName.map(({ id }) => id),
        ),
      ),
    onClear,
  );
  return (
    <div className="selection-bar">
      <div className="selection-bar__line" role="toolbar" aria-label={t('cameras.bulk')}>
        <output className="selection-bar__count numeric">
          {t('cameras.selected', { count: cameras.length })}
        </output>
        <Menu position="top-end" shadow="md">
          <Menu.Target>
            <Button
              rightSection={<IconChevronDown size={16} />}
              disabled={byName.length === 0}
              loading={assign.state.kind === 'working'}
            >
              {t('cameras.assignTo', { count: cameras.length })}
            </Button>
          </Menu.Target>
          <Menu.Dropdown mah={320} style={{ overflowY: 'auto' }}>
            {byName.map((node) => (
              <Menu.Item
                key={node.id}
                onClick={() => {
                  assign.run(node.id);
                }}
              >
                {node.name}
              </Menu.Item>
            ))}
            <Menu.Divider />
            <Menu.Item
              onClick={() => {
                assign.run(undefined);
              }}
            >
              {t('cameras.takeOff')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
        <Button
          variant="default"
          leftSection={<IconArrowsShuffle size={16} />}
          onClick={spread.run}
          disabled={byName.length === 0}
          loading={spread.state.kind === 'working'}
        >
          {t('cameras.spread')}
        </Button>
        {onTrust !== undefined && (
          <Button variant="default" leftSection={<IconKey size={16} />} onClick={onTrust}>
            {t('cameras.trust')}
          </Button>
        )}
        <Button variant="default" leftSection={<IconTrash size={16} />} onClick={onRemove}>
          {t('cameras.remove')}
        </Button>
        <Button variant="subtle" color="gray" leftSection={<IconX size={16} />} onClick={onClear}>
          {t('cameras.clear')}
        </Button>
      </div>
      {assign.state.kind === 'failed' && <FailureNotice failure={assign.state.failure} />}
      {spread.state.kind === 'failed' && <FailureNotice failure={spread.state.failure} />}
    </div>
  );
}
