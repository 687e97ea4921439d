import { ActionIcon, Button, Checkbox, NumberInput, Progress, Stack, TextInput } from '@mantine/core';
import { IconPlayerStop, IconPlus, IconRadar2, IconX } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { AddressRange } from '../../../shared/contract/index.ts';
import type { DiscoveryScope, DiscoveryState, NetworkInterface } from '../../../shared/contract/index.ts';
import { useDesk } from '../../api/index.ts';
import { FailureNotice, Panel, formatCount, formatTime, useAction } from '../../ui/index.ts';
import { loadScope, startScan, stopScan } from './store.ts';
import './scope-panel.css';

/** A button anywhere on the page starts the scan with `form={scanFormId}`. */
export const scanFormId = 'scan';

const noScope: DiscoveryScope = { interfaces: [], nodeRanges: [] };

/** Where to look, chosen by the person before anything is sent. */
export function ScopePanel({ phase }: { readonly phase: DiscoveryState['phase'] | undefined }) {
  const { t } = useTranslation();
  const desk = useDesk();
  const [interfaces, setInterfaces] = useState<readonly NetworkInterface[]>([]);
  const [scope, setScope] = useState<DiscoveryScope>(noScope);
  const load = useAction(
    async () => loadScope(desk),
    (choice) => {
      setInterfaces(choice.interfaces);
      setScope(choice.scope);
    },
  );
  const start = useAction(async () => startScan(desk, scope));
  const stop = useAction(async () => stopScan(desk));
  const { run: loadNow } = load;
  useEffect(loadNow, [loadNow]);

  const invalidRanges = scope.nodeRanges.some((range) => !AddressRange.safeParse(range).success);
  const nothingChosen = scope.interfaces.length === 0 && scope.nodeRanges.length === 0;
  const isScanning = phase?.kind === 'scanning';
  const changeRange = (index: number, range: AddressRange | undefined): void => {
    const nodeRanges = scope.nodeRanges.flatMap((old, at) => {
      if (at !== index) return [old];
      return range === undefined ? [] : [range];
    });
    setScope({ ...scope, nodeRanges });
  };

  return (
    <Panel title={t('discover.where')}>
      <form
        className="scope"
        id={scanFormId}
        onSubmit={(event) => {
          event.preventDefault();
          if (!isScanning && !nothingChosen && !invalidRanges) start.run();
        }}
      >
        <fieldset disabled={isScanning}>
          <legend>{t('discover.interfaces')}</legend>
          {interfaces.map((network) => (
            <Checkbox
              key={network.address}
              size="sm"
              checked={scope.interfaces.includes(network.address)}
              disabled={isScanning}
              onChange={(event) => {
                const others = scope.interfaces.filter((address) => address !== network.address);
                setScope({
                  ...scope,
                  interfaces: event.currentTarget.checked ? [...others, network.address] : others,
                });
              }}
              label={
                <span className="scope__interface">
                  <b>{network.name}</b> <span className="dim numeric">{network.network}</span>
                  {network.isLoopback && <span className="scope__mark">{t('discover.loopback')}</span>}
                </span>
              }
            />
          ))}
          {load.state.kind === 'failed' && (
            <FailureNotice failure={load.state.failure}>
              <Button size="xs" variant="default" onClick={load.run}>
                {t('common.tryAgain')}
              </Button>
            </FailureNotice>
          )}
        </fieldset>
        <fieldset disabled={isScanning}>
          <legend>{t('discover.ranges')}</legend>
          <Stack gap={6}>
            {scope.nodeRanges.map((range, index) => (
              <RangeRow
                // oxlint-disable-next-line react/no-array-index-key -- a range has no identity but its place
                key={index}
                range={range}
                onChange={(changed) => {
                  changeRange(index, changed);
                }}
              />
            ))}
          </Stack>
          {scope.nodeRanges.length < 16 && (
            <Button
              variant="subtle"
              size="compact-sm"
              mt={4}
              leftSection={<IconPlus size={14} />}
              disabled={isScanning}
              onClick={() => {
                setScope({ ...scope, nodeRanges: [...scope.nodeRanges, { cidr: '', port: 22 }] });
              }}
            >
              {t('discover.addRange')}
            </Button>
          )}
        </fieldset>
        {isScanning ? (
          <div className="scope__progress">
            <Progress
              value={phase.addressesTotal === 0 ? 100 : (100 * phase.addressesTried) / phase.addressesTotal}
              animated
              aria-label={t('discover.progress')}
            />
            <div className="scope__progress-text numeric">
              {t('discover.tried', {
                tried: formatCount(phase.addressesTried),
                total: formatCount(phase.addressesTotal),
              })}
            </div>
            <Button
              fullWidth
              variant="default"
              leftSection={<IconPlayerStop size={16} />}
              onClick={stop.run}
              loading={stop.state.kind === 'working'}
            >
              {t('discover.stop')}
            </Button>
          </div>
        ) : (
          <div className="scope__progress">
            <Button
              fullWidth
              type="submit"
              leftSection={<IconRadar2 size={16} />}
              loading={start.state.kind === 'working'}
              disabled={nothingChosen || invalidRanges}
            >
              {t('discover.start')}
            </Button>
            <p className="scope__promise">
              {phase?.kind === 'idle' && phase.lastFinishedUtcMs !== undefined
                ? t('discover.finishedAt', { time: formatTime(phase.lastFinishedUtcMs) })
                : t('discover.promise')}
            </p>
          </div>
        )}
        {start.state.kind === 'failed' && <FailureNotice failure={start.state.failure} />}
        {stop.state.kind === 'failed' && <FailureNotice failure={stop.state.failure} />}
        {phase?.kind === 'failed' && <FailureNotice failure={phase.failure} />}
      </form>
    </Panel>
  );
}

interface RangeRowProps {
  readonly range: AddressRange;
  readonly onChange: (range: AddressRange | undefined) => void;
}

function RangeRow({ range, onChange }: RangeRowProps) {
  const { t } = useTranslation();
  const isValid = AddressRange.shape.cidr.safeParse(range.cidr).success;
  return (
    <div className="scope__range">
      <TextInput
        size="xs"
        aria-label={t('discover.rangeAddress')}
        placeholder="192.168.1.0/24"
        value={range.cidr}
        error={range.cidr !== '' && !isValid ? t('discover.rangeRule') : undefined}
        onChange={(event) => {
          onChange({ ...range, cidr: event.currentTarget.value.trim() });
        }}
      />
      <NumberInput
        size="xs"
        aria-label={t('discover.rangePort')}
        hideControls
        allowDecimal={false}
        min={1}
        max={65_535}
        value={range.port}
        onChange={(port) => {
          if (typeof port === 'number') onChange({ ...range, port });
        }}
      />
      <ActionIcon
        aria-label={t('discover.removeRange', { range: range.cidr })}
        onClick={() => {
          onChange(undefined);
        }}
      >
        <IconX size={16} />
      </ActionIcon>
    </div>
  );
}
