import { Button, Group, Modal, NumberInput, Stack, Stepper, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { NodeId } from '../../../shared/contract/index.ts';
import { useDesk } from '../../api/index.ts';
import { FailureNotice, useAction } from '../../ui/index.ts';
import { addNode, readHostKey } from './actions.ts';
import type { HostKey } from './actions.ts';
import { HostKeyCard } from './host-key-card.tsx';
import { SignInFields, authenticationOf, emptySignIn } from './sign-in-fields.tsx';
import type { SignIn } from './sign-in-fields.tsx';
import { useInventory } from './store.ts';

export interface AddNodeDialogProps {
  /** Where to connect, when discovery knows it already. */
  readonly address?: string;
  readonly port?: number;
  readonly onAdded: (nodeId: NodeId) => void;
  readonly onClose: () => void;
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Shows the host key before anything is trusted, then signs in, then gives the node a name. */
export function AddNodeDialog(props: AddNodeDialogProps) {
  const { t } = useTranslation();
  const desk = useDesk();
  const nodeCount = useInventory((state) => state.nodes.size);
  const [step, setStep] = useState(0);
  const [endpoint, setEndpoint] = useState<Endpoint>({
    address: props.address ?? '',
    port: props.port ?? 22,
  });
  const [hostKey, setHostKey] = useState<HostKey>();
  const [signIn, setSignIn] = useState<SignIn>(emptySignIn);
  const [name, setName] = useState<string>(t('addNode.suggestedName', { number: nodeCount + 1 }));
  const authentication = authenticationOf(signIn);
  const read = useAction(async () => readHostKey(desk, endpoint.address.trim(), endpoint.port), setHostKey);
  const add = useAction(
    async (authenticated: NonNullable<typeof authentication>, key: HostKey) =>
      addNode(desk, {
        name,
        address: endpoint.address.trim(),
        port: endpoint.port,
        username: signIn.username,
        authentication: authenticated,
        hostKeyFingerprint: key.fingerprint,
      }),
    ({ nodeId }) => {
      props.onAdded(nodeId);
    },
  );
  const changeEndpoint = (changed: Partial<Endpoint>): void => {
    setEndpoint({ ...endpoint, ...changed });
    setHostKey(undefined);
    read.reset();
  };

  return (
    <Modal
      opened
      size="lg"
      onClose={props.onClose}
      title={t('addNode.title')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (step === 0 && hostKey === undefined) read.run();
          else if (step === 0) setStep(1);
          else if (step === 1 && authentication !== undefined) setStep(2);
          else if (authentication !== undefined && hostKey !== undefined) add.run(authentication, hostKey);
        }}
      >
        <Stepper active={step} size="xs" mb="lg" allowNextStepsSelect={false} onStepClick={setStep}>
          <Stepper.Step label={t('addNode.stepKey')} />
          <Stepper.Step label={t('addNode.stepSignIn')} />
          <Stepper.Step label={t('addNode.stepName')} />
        </Stepper>
        <Stack gap="md" mih={270}>
          {step === 0 && (
            <>
              <Group align="flex-start" gap="sm" wrap="nowrap">
                <TextInput
                  flex={1}
                  label={t('addNode.address')}
                  placeholder="192.168.1.20"
                  value={endpoint.address}
                  onChange={(event) => {
                    changeEndpoint({ address: event.currentTarget.value });
                  }}
                  data-autofocus
                />
                <NumberInput
                  w={110}
                  label={t('addNode.port')}
                  min={1}
                  max={65_535}
                  allowDecimal={false}
                  hideControls
                  value={endpoint.port}
                  onChange={(value) => {
                    if (typeof value === 'number') changeEndpoint({ port: value });
                  }}
                />
              </Group>
              {read.state.kind === 'failed' && <FailureNotice failure={read.state.failure} />}
              {hostKey === undefined ? (
                <p className="dim">{t('addNode.keyIntroduction')}</p>
              ) : (
                <HostKeyCard hostKey={hostKey} />
              )}
            </>
          )}
          {step === 1 && <SignInFields value={signIn} onChange={setSignIn} />}
          {step === 2 && (
            <>
              <TextInput
                label={t('addNode.name')}
                description={t('addNode.nameHint')}
                maxLength={100}
                value={name}
                onChange={(event) => {
                  setName(event.currentTarget.value);
                }}
                data-autofocus
              />
              {add.state.kind === 'failed' && <FailureNotice failure={add.state.failure} />}
            </>
          )}
        </Stack>
        <Group justify="flex-end" mt="md" gap="sm">
          {step === 0 ? (
            <Button variant="default" onClick={props.onClose}>
              {t('common.cancel')}
            </Button>
          ) : (
            <Button
              variant="default"
              onClick={() => {
                setStep(step - 1);
              }}
            >
              {t('common.back')}
            </Button>
          )}
          {step === 0 && hostKey === undefined && (
            <Button
              type="submit"
              loading={read.state.kind === 'working'}
              disabled={endpoint.address.trim() === ''}
            >
              {t('addNode.readKey')}
            </Button>
          )}
          {step === 0 && hostKey !== undefined && <Button type="submit">{t('addNode.trustKey')}</Button>}
          {step === 1 && (
            <Button type="submit" disabled={authentication === undefined}>
              {t('common.continue')}
            </Button>
          )}
          {step === 2 && (
            <Button type="submit" loading={add.state.kind === 'working'} disabled={name.trim() === ''}>
              {t('addNode.add')}
            </Button>
          )}
        </Group>
      </form>
    </Modal>
  );
}
