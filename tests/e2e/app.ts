import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { type RunningShell, startShell } from '../../src/sim/demo/shell.ts';
import {
  type SimulatedSite,
  type SiteSecrets,
  shellSettings,
  startSimulatedSite,
} from '../../src/sim/demo/simulated-site.ts';

/** A simulated site in this process, and the real app on it in processes of its own, started as a person would. */
export interface AppUnderTest extends AsyncDisposable {
  /** Parent of the app's data folder and of the nodes' folders. */
  readonly folder: string;
  readonly site: SimulatedSite;
  /** Everything the app printed. */
  readonly printed: readonly string[];
  /** A fresh single-use link to the app. */
  link(): Promise<string>;
  /** Opens the app in this page, through a fresh single-use link. */
  open(page: Page): Promise<void>;
  /** Closes the app and starts it again on the same data folder. */
  restart(): Promise<void>;
}

export async function startApp(options: {
  readonly cameras: number;
  readonly nodes: number;
  readonly secrets: SiteSecrets;
}): Promise<AppUnderTest> {
  await using starting = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'belvedere-e2e-'));
  starting.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const site = starting.use(await startSimulatedSite({ ...options, seed: 1, folder }));
  const printed: string[] = [];
  const { demo: _, ...settings } = shellSettings(site.facts, options.secrets);
  const start = (): RunningShell =>
    startShell({
      args: ['--shell', 'web', '--no-open', '--data', join(folder, 'site')],
      settings,
      print: (line) => printed.push(line),
    });
  let shell = start();
  const stop = async (): Promise<void> => {
    shell.stop();
    await shell.ended;
  };
  starting.defer(stop);
  const started = starting.move();
  return {
    folder,
    site,
    printed,
    link: () => shell.link(),
    async open(page) {
      await page.goto(await shell.link());
      // The code is used up and gone from the address as soon as the page has its token.
      await page.waitForFunction(() => !globalThis.location.hash.includes('code='));
    },
    async restart() {
      await stop();
      shell = start();
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
