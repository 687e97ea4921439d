import { PasswordInput, SegmentedControl, Stack, TextInput, Textarea } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { NodeAuthentication } from '../../../shared/contract/index.ts';

/** What the person typed so far. */
export interface SignIn {
  readonly username: string;
  readonly method: NodeAuthentication['kind'];
  readonly password: string;
  readonly privateKey: string;
  readonly keyPassphrase: string;
}

export const emptySignIn: SignIn = {
  username: '',
  method: 'password',
  password: '',
  privateKey: '',
  keyPassphrase: '',
};

/** Undefined until it is enough to sign in with. */
export function authenticationOf(signIn: SignIn): NodeAuthentication | undefined {
  if (signIn.username.trim() === '') return undefined;
  switch (signIn.method) {
    case 'password':
      return signIn.password === '' ? undefined : { kind: 'password', password: signIn.password };
    case 'key':
      if (signIn.privateKey.trim() === '') return undefined;
      return {
        kind: 'key',
        privateKey: signIn.privateKey,
        ...(signIn.keyPassphrase === '' ? {} : { passphrase: signIn.keyPassphrase }),
      };
  }
}

export interface SignInFieldsProps {
  readonly value: SignIn;
  readonly onChange: (value: SignIn) => void;
}

export function SignInFields({ value, onChange }: SignInFieldsProps) {
  const { t } = useTranslation();
  return (
    <Stack gap="sm">
      <TextInput
        label={t('addNode.username')}
        description={t('addNode.usernameHint')}
        autoComplete="off"
        value={value.username}
        onChange={(event) => {
          onChange({ ...value, username: event.currentTarget.value });
        }}
        data-autofocus
      />
      <SegmentedControl<SignIn['method']>
        aria-label={t('addNode.method')}
        data={[
          { value: 'password', label: t('addNode.withPassword') },
          { value: 'key', label: t('addNode.withKey') },
        ]}
        value={value.method}
        onChange={(method) => {
          onChange({ ...value, method });
        }}
      />
      {value.method === 'password' ? (
        <PasswordInput
          label={t('addNode.password')}
          description={t('addNode.passwordHint')}
          autoComplete="off"
          value={value.password}
          onChange={(event) => {
            onChange({ ...value, password: event.currentTarget.value });
          }}
        />
      ) : (
        <>
          <Textarea
            label={t('addNode.privateKey')}
            description={t('addNode.privateKeyHint')}
            rows={4}
            spellCheck={false}
            autoComplete="off"
            styles={{ input: { fontFamily: 'var(--mono)', fontSize: 12 } }}
            placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"
            value={value.privateKey}
            onChange={(event) => {
              onChange({ ...value, privateKey: event.currentTarget.value });
            }}
          />
          <PasswordInput
            label={t('addNode.keyPassphrase')}
            autoComplete="off"
            value={value.keyPassphrase}
            onChange={(event) => {
              onChange({ ...value, keyPassphrase: event.currentTarget.value });
            }}
          />
        </>
      )}
    </Stack>
  );
}
