import { Select } from '@mantine/core';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { compareNames } from '../../ui/index.ts';
import { useInventory } from '../inventory/index.ts';

/** Not a node's id: those have no capitals. */
const unassigned = 'UNASSIGNED';

export interface NodeSelectProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly disabled?: boolean;
  readonly onChange: (nodeId: string | undefined) => void;
}

/** Which node records a camera. */
export function NodeSelect({ label, value, disabled = false, onChange }: NodeSelectProps) {
  const { t } = useTranslation();
  const nodes = useInventory((state) => state.nodes);
  const options = useMemo(
    () => [
      { value: unassigned, label: t('cameras.noNode') },
      ...[...nodes.values()]
        .map(({ id, name }) => ({ value: id, label: name }))
        .sort((a, b) => compareNames(a.label, b.label)),
    ],
    [nodes, t],
  );
  return (
    <Select
      size="xs"
      aria-label={label}
      data={options}
      value={value ?? unassigned}
      disabled={disabled}
      onChange={(chosen) => {
        if (chosen !== null) onChange(chosen === unassigned ? undefined : chosen);
      }}
    />
  );
}
