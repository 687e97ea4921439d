import '@fontsource-variable/inter/wght.css';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '@mantine/spotlight/styles.css';
import './ui/tokens.css';
import './ui/base.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { I18nextProvider } from 'react-i18next';
import { closeSession, openSession } from './api/session.ts';
import { createDesk } from './api/desk.ts';
import { createTrpcTransport } from './api/trpc-transport.ts';
import { setConnection } from './api/connection.ts';
import { App } from './app/app.tsx';
import { deskColorSchemeManager } from './app/color-scheme.ts';
import { createTexts } from './i18n/index.ts';
import { followAddress } from './ui/navigation.ts';
import { theme } from './ui/theme.ts';

async function start(root: Element): Promise<void> {
  const session = await openSession({
    location,
    history,
    storage: sessionStorage,
    fetch: async (path, init) => fetch(path, init),
  });
  followAddress(globalThis.window);
  const transport =
    session.kind === 'ok'
      ? createTrpcTransport({
          origin: location.origin,
          token: session.value,
          nowMs: () => performance.now(),
          onRefused: () => {
            closeSession(sessionStorage);
          },
        })
      : undefined;
  if (session.kind === 'failed') setConnection({ kind: 'expired', failure: session.failure });
  createRoot(root).render(
    <StrictMode>
      <I18nextProvider i18n={createTexts()}>
        <MantineProvider
          theme={theme}
          defaultColorScheme="auto"
          colorSchemeManager={deskColorSchemeManager()}
        >
          <Notifications position="bottom-right" limit={4} autoClose={8000} />
          <App desk={transport === undefined ? undefined : createDesk(transport)} />
        </MantineProvider>
      </I18nextProvider>
    </StrictMode>,
  );
}

const root = document.querySelector('#root');
if (root === null) throw new Error('The page has no root element.');
await start(root);
