import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { _electron, type Page } from '@playwright/test';
import { findElectron } from '../../scripts/electron-binary.mjs';
import { type ShellSettings, startShell } from '../../src/sim/demo/shell.ts';

const root = join(import.meta.dirname, '..', '..');
const linkPattern = /http:\/\/127\.0\.0\.1:\d+\/#code=\S+/;

/** One run of the app, in whichever shell, as an end-to-end test sees it. */
export interface ShellUnderTest {
  /** A fresh single-use link to the app. */
  link(): Promise<string>;
  /** A window with the app in it. */
  window(): Promise<Page>;
  stop(): Promise<void>;
}

export interface ShellOptions {
  readonly dataDirectory: string;
  readonly settings: ShellSettings;
  readonly print: (line: string) => void;
  /** A page of the browser under test; Electron brings its own window. */
  readonly newPage: () => Promise<Page>;
}

export type StartShell = (options: ShellOptions) => Promise<ShellUnderTest>;

export const startWebShell: StartShell = async ({ dataDirectory, settings, print, newPage }) => {
  const shell = startShell({
    args: ['--shell', 'web', '--no-open', '--data', dataDirectory],
    settings,
    print,
  });
  return {
    link: () => shell.link(),
    async window() {
      const page = await newPage();
      await page.goto(await shell.link());
      await untilSignedIn(page);
      return page;
    },
    async stop() {
      shell.stop();
      await shell.ended;
    },
  };
};

/** The same in Electron, through Playwright's own launcher; only where its binary is (project `electron`). */
export const startElectronShell: StartShell = async ({ dataDirectory, settings, print }) => {
  const electron = findElectron(root, process.env);
  if (electron.kind === 'absent') throw new Error(electron.reason);
  const app = await _electron.launch({
    executablePath: electron.path,
    // Chromium refuses its sandbox to root.
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      root,
      '--data',
      dataDirectory,
      '--settings-stdin',
    ],
  });
  const { stdin, stdout } = app.process();
  if (stdin === null || stdout === null) throw new Error('Electron was started without pipes');
  const waiting: ((link: string) => void)[] = [];
  createInterface({ input: stdout }).on('line', (line) => {
    const link = linkPattern.exec(line)?.[0];
    if (link === undefined) print(line);
    else waiting.shift()?.(link);
  });
  stdin.write(`${JSON.stringify(settings)}\n`);
  return {
    link: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        stdin.write('\n');
      }),
    async window() {
      const page = await app.firstWindow();
      await untilSignedIn(page);
      return page;
    },
    stop: () => app.close(),
  };
};

/** The code is used up and gone from the address as soon as the page has its token. */
async function untilSignedIn(page: Page): Promise<void> {
  await page.waitForFunction(() => !globalThis.location.hash.includes('code='));
}
