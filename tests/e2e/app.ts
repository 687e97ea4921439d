import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import {
  type SimulatedSite,
  type SiteSecrets,
  shellSettings,
  startSimulatedSite,
} from '../../src/sim/demo/simulated-site.ts';
import { startElectronShell, startWebShell } from './shells.ts';

/** A simulated site in this process, and the real app on it in processes of its own, started as a person would. */
export interface AppUnderTest extends AsyncDisposable {
  /** Parent of the app's data folder and of the nodes' folders. */
  readonly folder: string;
  readonly site: SimulatedSite;
  /** Everything the app printed. */
  readonly printed: readonly string[];
  /** A fresh single-use link to the app. */
  link(): Promise<string>;
  /** A window with the app in it. */
  window(): Promise<Page>;
  /** Closes the app and starts it again on the same data folder. */
  restart(): Promise<void>;
}

export async function startApp(options: {
  readonly cameras: number;
  readonly nodes: number;
  readonly secrets: SiteSecrets;
  /** Playwright's project decides. */
  readonly shell: 'web' | 'electron';
  /** A page of the browser under test, for the web shell. */
  readonly newPage: () => Promise<Page>;
}): Promise<AppUnderTest> {
  await using starting = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'belvedere-e2e-'));
  starting.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const site = starting.use(await startSimulatedSite({ ...options, seed: 1, folder }));
  const printed: string[] = [];
  const { demo: _, ...settings } = shellSettings(site.facts, options.secrets);
  const startShell = options.shell === 'electron' ? startElectronShell : startWebShell;
  const start = () =>
    startShell({
      dataDirectory: join(folder, 'site'),
      settings,
      print: (line) => printed.push(line),
      newPage: options.newPage,
    });
  let shell = await start();
  starting.defer(() => shell.stop());
  const started = starting.move();
  return {
    folder,
    site,
    printed,
    link: () => shell.link(),
    window: () => shell.window(),
    async restart() {
      await shell.stop();
      shell = await start();
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** The shell that a Playwright project is about. */
export function shellOf(projectName: string): 'web' | 'electron' {
  return projectName === 'electron' ? 'electron' : 'web';
}
