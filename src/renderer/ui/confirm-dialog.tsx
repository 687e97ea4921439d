import { Button, Group, Modal, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { FailureNotice } from './failure-notice.tsx';
import type { ActionState } from './use-action.ts';

export interface ConfirmDialogProps {
  readonly title: string;
  /** What will happen, and what stays. */
  readonly children: ReactNode;
  /** The verb, such as "Remove 3 cameras". */
  readonly confirmLabel: string;
  readonly state: ActionState;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

/** Asks before something is lost. The safe button has the focus. */
export function ConfirmDialog({
  title,
  children,
  confirmLabel,
  state,
  onConfirm,
  onClose,
}: ConfirmDialogProps) {
  const { t } = useTranslation();
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="md">
        <div>{children}</div>
        {state.kind === 'failed' && <FailureNotice failure={state.failure} />}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t('common.cancel')}
          </Button>
          <Button color="red.8" onClick={onConfirm} loading={state.kind === 'working'}>
            {confirmLabel}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
