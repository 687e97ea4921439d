import { Button, Group, Modal, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Camera } from '../../../shared/contract/index.ts';
import { useDesk } from '../../api/index.ts';
import { ConfirmDialog, FailureNotice, formatNames, useAction } from '../../ui/index.ts';
import { trustNewKeys } from '../fleet/index.ts';
import { changeCameraCredentials, removeCameras, renameCamera } from '../inventory/index.ts';

/** What is being done to cameras right now. */
export type CameraDialog =
  | { readonly kind: 'none' }
  | { readonly kind: 'rename'; readonly camera: Camera }
  | { readonly kind: 'password'; readonly camera: Camera }
  | { readonly kind: 'trust'; readonly cameras: readonly Camera[] }
  | { readonly kind: 'remove'; readonly cameras: readonly Camera[] };

export interface CameraDialogsProps {
  readonly dialog: CameraDialog;
  readonly onClose: () => void;
}

export function CameraDialogs({ dialog, onClose }: CameraDialogsProps) {
  switch (dialog.kind) {
    case 'none':
      return null;
    case 'rename':
      return <RenameDialog camera={dialog.camera} onClose={onClose} />;
    case 'password':
      return <PasswordDialog camera={dialog.camera} onClose={onClose} />;
    case 'trust':
      return <TrustDialog cameras={dialog.cameras} onClose={onClose} />;
    case 'remove':
      return <RemoveDialog cameras={dialog.cameras} onClose={onClose} />;
  }
}

interface OneCameraProps {
  readonly camera: Camera;
  readonly onClose: () => void;
}

function RenameDialog({ camera, onClose }: OneCameraProps) {
  const { t } = useTranslation();
  const desk = useDesk();
  const [name, setName] = useState(camera.name);
  const rename = useAction(async () => renameCamera(desk, camera.id, name), onClose);
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('cameras.renameTitle')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          rename.run();
        }}
      >
        <Stack gap="md">
          <TextInput
            label={t('cameras.name')}
            maxLength={200}
            value={name}
            onChange={(event) => {
              setName(event.currentTarget.value);
            }}
            data-autofocus
          />
          {rename.state.kind === 'failed' && <FailureNotice failure={rename.state.failure} />}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" disabled={name.trim() === ''} loading={rename.state.kind === 'working'}>
              {t('common.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function PasswordDialog({ camera, onClose }: OneCameraProps) {
  const { t } = useTranslation();
  const desk = useDesk();
  const [username, setUsername] = useState(camera.username ?? '');
  const [password, setPassword] = useState('');
  const change = useAction(
    async () => changeCameraCredentials(desk, { cameraId: camera.id, username, password }),
    onClose,
  );
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('cameras.passwordTitle', { name: camera.name })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          change.run();
        }}
      >
        <Stack gap="md">
          <div className="dim">{t('cameras.passwordText')}</div>
          <TextInput
            label={t('discover.username')}
            autoComplete="off"
            value={username}
            onChange={(event) => {
              setUsername(event.currentTarget.value);
            }}
          />
          <PasswordInput
            label={t('discover.password')}
            autoComplete="off"
            value={password}
            onChange={(event) => {
              setPassword(event.currentTarget.value);
            }}
            data-autofocus
          />
          {change.state.kind === 'failed' && <FailureNotice failure={change.state.failure} />}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" disabled={username === ''} loading={change.state.kind === 'working'}>
              {t('cameras.passwordTry')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface SeveralCamerasProps {
  readonly cameras: readonly Camera[];
  readonly onClose: () => void;
}

function TrustDialog({ cameras, onClose }: SeveralCamerasProps) {
  const { t } = useTranslation();
  const desk = useDesk();
  const trust = useAction(
    async () =>
      trustNewKeys(
        desk,
        cameras.map(({ id }) => id),
      ),
    onClose,
  );
  const [first] = cameras;
  return (
    <ConfirmDialog
      title={t('cameras.trustTitle', { count: cameras.length, name: first?.name ?? '' })}
      confirmLabel={t('cameras.trustConfirm', { count: cameras.length })}
      state={trust.state}
      onConfirm={trust.run}
      onClose={onClose}
    >
      {t('cameras.trustText', { names: formatNames(cameras.map((camera) => camera.name)) })}
    </ConfirmDialog>
  );
}

function RemoveDialog({ cameras, onClose }: SeveralCamerasProps) {
  const { t } = useTranslation();
  const desk = useDesk();
  const remove = useAction(
    async () =>
      removeCameras(
        desk,
        cameras.map(({ id }) => id),
      ),
    onClose,
  );
  return (
    <ConfirmDialog
      title={t('cameras.removeTitle', { count: cameras.length })}
      confirmLabel={t('cameras.removeConfirm', { count: cameras.length })}
      state={remove.state}
      onConfirm={remove.run}
      onClose={onClose}
    >
      {t('cameras.removeText', { names: formatNames(cameras.map(({ name }) => name)) })}
    </ConfirmDialog>
  );
}
