import { Button, PasswordInput, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { DiscoveredCamera } from '../../../shared/contract/index.ts';
import { useDesk } from '../../api/index.ts';
import { FailureNotice, goTo, useAction } from '../../ui/index.ts';
import { addCameras, isReadyToAdd, select, tryCredentials } from './store.ts';

/** What can be done with the selected cameras: sign in, then add. */
export function CredentialsBar({ selected }: { readonly selected: readonly DiscoveredCamera[] }) {
  const { t } = useTranslation();
  const desk = useDesk();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const ready = selected.filter(isReadyToAdd);
  const asking = selected.some((camera) => camera.access.kind === 'asking');
  const trial = useAction(async () =>
    tryCredentials(desk, { deviceIds: selected.map(({ id }) => id), username, password }),
  );
  const add = useAction(
    async () =>
      addCameras(
        desk,
        ready.map(({ id }) => id),
      ),
    ({ cameraIds }) => {
      select(new Set());
      notifications.show({
        color: 'teal.8',
        title: t('discover.addedTitle', { count: cameraIds.length }),
        message: (
          <Button
            size="compact-sm"
            variant="default"
            mt={6}
            onClick={() => {
              goTo('cameras', { state: 'not-assigned' });
            }}
          >
            {t('discover.assignNow')}
          </Button>
        ),
      });
    },
  );

  return (
    <div className="credentials-bar">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (username !== '' && selected.length > 0) trial.run();
        }}
      >
        <output className="credentials-bar__count numeric">
          {selected.length === 0
            ? t('discover.selectHint')
            : t('discover.selected', { count: selected.length })}
        </output>
        <TextInput
          aria-label={t('discover.username')}
          placeholder={t('discover.username')}
          autoComplete="off"
          w={140}
          value={username}
          onChange={(event) => {
            setUsername(event.currentTarget.value);
          }}
        />
        <PasswordInput
          aria-label={t('discover.password')}
          placeholder={t('discover.password')}
          autoComplete="off"
          w={150}
          value={password}
          onChange={(event) => {
            setPassword(event.currentTarget.value);
          }}
        />
        <Button
          type="submit"
          variant="default"
          disabled={selected.length === 0 || username === ''}
          loading={trial.state.kind === 'working' || asking}
        >
          {t('discover.try', { count: selected.length })}
        </Button>
        <Button onClick={add.run} disabled={ready.length === 0} loading={add.state.kind === 'working'}>
          {t('discover.add', { count: ready.length })}
        </Button>
      </form>
      {trial.state.kind === 'failed' && <FailureNotice failure={trial.state.failure} />}
      {add.state.kind === 'failed' && <FailureNotice failure={add.state.failure} />}
    </div>
  );
}
