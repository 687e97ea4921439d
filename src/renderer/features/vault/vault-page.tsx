import { Button, PasswordInput, Stack } from '@mantine/core';
import { IconLock, IconShieldLock } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Passphrase } from '../../../shared/contract/index.ts';
import { useDesk } from '../../api/index.ts';
import { FailureNotice, useAction } from '../../ui/index.ts';
import { createVault, unlockVault } from './store.ts';
import './vault-page.css';

/** First start on a machine without a keyring: the person chooses what protects the passwords. */
export function CreateVaultPage() {
  const { t } = useTranslation();
  const desk = useDesk();
  const [passphrase, setPassphrase] = useState('');
  const [repeated, setRepeated] = useState('');
  const create = useAction(async () => createVault(desk, passphrase));
  const isLongEnough = Passphrase.safeParse(passphrase).success;
  const isSame = passphrase === repeated;
  return (
    <form
      className="vault-page"
      onSubmit={(event) => {
        event.preventDefault();
        if (isLongEnough && isSame) create.run();
      }}
    >
      <div className="vault-page__icon" aria-hidden>
        <IconShieldLock size={28} stroke={1.5} />
      </div>
      <h1>{t('vault.createTitle')}</h1>
      <p>{t('vault.createText')}</p>
      <Stack gap="md">
        <PasswordInput
          label={t('vault.passphrase')}
          description={t('vault.passphraseRule')}
          autoComplete="new-password"
          value={passphrase}
          onChange={(event) => {
            setPassphrase(event.currentTarget.value);
          }}
          error={passphrase !== '' && !isLongEnough ? t('vault.tooShort') : undefined}
          data-autofocus
        />
        <PasswordInput
          label={t('vault.repeat')}
          autoComplete="new-password"
          value={repeated}
          onChange={(event) => {
            setRepeated(event.currentTarget.value);
          }}
          error={repeated !== '' && !isSame ? t('vault.different') : undefined}
        />
        {create.state.kind === 'failed' && <FailureNotice failure={create.state.failure} />}
        <Button
          type="submit"
          fullWidth
          disabled={!isLongEnough || !isSame}
          loading={create.state.kind === 'working'}
        >
          {t('vault.create')}
        </Button>
        <p className="vault-page__note">{t('vault.createNote')}</p>
      </Stack>
    </form>
  );
}

export function UnlockVaultPage() {
  const { t } = useTranslation();
  const desk = useDesk();
  const [passphrase, setPassphrase] = useState('');
  const unlock = useAction(async () => unlockVault(desk, passphrase));
  return (
    <form
      className="vault-page"
      onSubmit={(event) => {
        event.preventDefault();
        if (passphrase !== '') unlock.run();
      }}
    >
      <div className="vault-page__icon" aria-hidden>
        <IconLock size={28} stroke={1.5} />
      </div>
      <h1>{t('vault.unlockTitle')}</h1>
      <p>{t('vault.unlockText')}</p>
      <Stack gap="md">
        <PasswordInput
          label={t('vault.passphrase')}
          autoComplete="current-password"
          value={passphrase}
          onChange={(event) => {
            setPassphrase(event.currentTarget.value);
            if (unlock.state.kind === 'failed') unlock.reset();
          }}
        />
        {unlock.state.kind === 'failed' && <FailureNotice failure={unlock.state.failure} />}
        <Button
          type="submit"
          fullWidth
          disabled={passphrase === ''}
          loading={unlock.state.kind === 'working'}
        >
          {t('vault.unlock')}
        </Button>
        <p className="vault-page__note">{t('vault.unlockNote')}</p>
      </Stack>
    </form>
  );
}
