import { join } from 'node:path';
import { test as base } from '@playwright/test';
import type { Page } from '@playwright/test';
import type { ScenarioName } from './scenarios.ts';
import { ScriptedDesk } from './scripted-desk.ts';

const pageDirectory = join(import.meta.dirname, '..', '..', '..', 'out', 'renderer');

export interface OpenedDesk {
  readonly desk: ScriptedDesk;
  /** Goes to a page's address without loading it anew, as a link does. */
  readonly goTo: (place: string) => Promise<void>;
}

interface Fixtures {
  /** Starts a scripted desk and opens its page. Errors in the browser's console fail the test. */
  readonly openDesk: (scenario: ScenarioName) => Promise<OpenedDesk>;
}

export const test = base.extend<Fixtures>({
  openDesk: async ({ page }, use) => {
    const desks: ScriptedDesk[] = [];
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await use(async (scenario) => {
      const desk = new ScriptedDesk({ scenario, pageDirectory });
      desks.push(desk);
      await desk.start();
      await page.goto(desk.url());
      await page.locator('main').waitFor();
      return { desk, goTo: async (place) => goTo(page, place) };
    });
    for (const desk of desks) await desk.stop();
    const unexpected = errors.filter(
      (error) => !/WebSocket connection to|ERR_CONNECTION_REFUSED|401/.test(error),
    );
    if (unexpected.length > 0)
      throw new Error(`The browser's console holds errors: ${unexpected.join('\n')}`);
  },
});

async function goTo(page: Page, place: string): Promise<void> {
  await page.evaluate((hash) => {
    globalThis.location.hash = hash;
  }, `#/${place}`);
}

/** How many pictures of a camera were shown so far. */
export async function shownFrames(page: Page, cameraId: string): Promise<number> {
  return page
    .locator(`video[data-camera-id="${cameraId}"]`)
    .evaluate((video) =>
      video instanceof HTMLVideoElement ? video.getVideoPlaybackQuality().totalVideoFrames : 0,
    );
}

export { expect } from '@playwright/test';
