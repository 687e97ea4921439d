import { ActionIcon, Button, Kbd, TextInput, Tooltip, useComputedColorScheme } from '@mantine/core';
import { spotlight } from '@mantine/spotlight';
import { IconFlask2, IconMoon, IconPencil, IconSearch, IconSun } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useConnection, useDesk } from '../api/index.ts';
import type { Connection } from '../api/index.ts';
import { chooseColorScheme, renameSite, useSite } from '../features/site/index.ts';
import { useVault } from '../features/vault/index.ts';
import { StateBadge, useAction } from '../ui/index.ts';
import type { Tone } from '../ui/index.ts';
import './app-header.css';

const connectionTones: Readonly<Record<Connection['kind'], Tone>> = {
  connecting: 'busy',
  connected: 'ok',
  reconnecting: 'busy',
  expired: 'bad',
};

export function AppHeader() {
  const { t } = useTranslation();
  const connection = useConnection((state) => state.connection);
  const vault = useVault((state) => state.vault);
  const isDemo = useSite((state) => state.site?.demo !== undefined);
  return (
    <>
      <SiteName />
      {isDemo && (
        <span className="header__demo">
          <IconFlask2 size={14} aria-hidden /> {t('demo.mark')}
        </span>
      )}
      <span className="header__space" />
      <span className="header__states">
        <StateBadge tone={connectionTones[connection.kind]} label={t(`connection.${connection.kind}`)} />
        {vault !== undefined && (
          <StateBadge
            tone={vault.kind === 'unlocked' ? 'ok' : 'warning'}
            label={t(`vault.state.${vault.kind}`)}
          />
        )}
      </span>
      <Button
        variant="default"
        size="xs"
        className="header__search"
        leftSection={<IconSearch size={15} />}
        rightSection={<Kbd size="xs">{t('frame.shortcut')}</Kbd>}
        onClick={() => {
          spotlight.open();
        }}
      >
        {t('frame.search')}
      </Button>
      <SchemeToggle />
    </>
  );
}

function SchemeToggle() {
  const { t } = useTranslation();
  const desk = useDesk();
  const scheme = useComputedColorScheme('dark');
  const other = scheme === 'dark' ? 'light' : 'dark';
  return (
    <Tooltip label={t(`frame.scheme.${other}`)}>
      <ActionIcon
        size="lg"
        aria-label={t(`frame.scheme.${other}`)}
        onClick={() => {
          void chooseColorScheme(desk, other);
        }}
      >
        {scheme === 'dark' ? <IconSun size={18} /> : <IconMoon size={18} />}
      </ActionIcon>
    </Tooltip>
  );
}

function SiteName() {
  const { t } = useTranslation();
  const desk = useDesk();
  const name = useSite((state) => state.site?.name);
  const [draft, setDraft] = useState<string>();
  const rename = useAction(
    async (wanted: string) => renameSite(desk, wanted),
    () => {
      setDraft(undefined);
    },
  );
  if (name === undefined) return null;
  if (draft === undefined) {
    return (
      <button
        type="button"
        className="site-name"
        aria-label={t('frame.renameSite', { name })}
        onClick={() => {
          setDraft(name);
        }}
      >
        <span className="truncate">{name}</span>
        <IconPencil size={14} aria-hidden />
      </button>
    );
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (draft.trim() === name) setDraft(undefined);
        else rename.run(draft);
      }}
    >
      <TextInput
        size="xs"
        w={240}
        aria-label={t('frame.siteName')}
        maxLength={100}
        value={draft}
        ref={focusAndSelect}
        disabled={rename.state.kind === 'working'}
        error={rename.state.kind === 'failed' ? rename.state.failure.message : undefined}
        onChange={(event) => {
          setDraft(event.currentTarget.value);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setDraft(undefined);
        }}
        onBlur={() => {
          setDraft(undefined);
        }}
      />
    </form>
  );
}

function focusAndSelect(input: HTMLInputElement | null): void {
  if (input !== null && document.activeElement !== input) input.select();
}
