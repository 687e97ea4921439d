import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type Page, expect, test } from '@playwright/test';
import { type AppUnderTest, shellOf, startApp } from './app.ts';
import { probeFile } from '../support/media-probe.ts';
import { takeScreenshot } from './screenshots.ts';
import { findSecrets, spellingsOf } from './secrets.ts';

const secrets = { camera: 'Kamera%42:wände', node: 'Knoten "7" $(x)', passphrase: 'correct horse battery' };
const cameraCount = 12;
const nodeCount = 4;

test.describe.configure({ mode: 'serial' });

let app: AppUnderTest;
let page: Page;
let browser: Browser | undefined;

test.beforeAll(async ({ playwright }, { project }) => {
  app = await startApp({
    cameras: cameraCount,
    nodes: nodeCount,
    secrets,
    shell: shellOf(project.name),
    newPage: async () => {
      browser ??= await playwright.chromium.launch(project.use.launchOptions);
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
      return context.newPage();
    },
  });
});
test.afterAll(async () => {
  await browser?.close();
  await app?.[Symbol.asyncDispose]();
});

test('the app opens on an empty site and says what to do first', async () => {
  page = await app.window();
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect(page.getByRole('heading', { name: 'First steps' })).toBeVisible();
  await takeScreenshot(page, 'site-empty-dark');
});

test('discover finds the cameras and the nodes', async () => {
  await goTo('Discover');
  await page.getByRole('button', { name: 'Start scan' }).first().click();
  await expect(page.getByText(`Cameras ${cameraCount}`, { exact: true })).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(`Nodes ${nodeCount}`, { exact: true })).toBeVisible({ timeout: 30_000 });
});

test('a wrong password is refused, the right one fits, and the cameras are added', async () => {
  await page.getByRole('checkbox', { name: 'Select all' }).check();
  await page.getByLabel('User name').fill('admin');
  await page.getByRole('textbox', { name: 'Password' }).fill('wrong');
  await page.getByRole('button', { name: /^Try on/ }).click();
  await expect(page.getByText('Password refused')).toHaveCount(cameraCount, { timeout: 30_000 });

  await page.getByRole('textbox', { name: 'Password' }).fill(secrets.camera);
  await page.getByRole('button', { name: /^Try on/ }).click();
  await expect(page.getByText('Ready to add')).toHaveCount(cameraCount, { timeout: 30_000 });
  await takeScreenshot(page, 'discover-dark');

  await page.getByRole('button', { name: `Add ${cameraCount} cameras` }).click();
  await expect(page.getByText('Ready to add')).toHaveCount(0);
});

test('the nodes are added after their host keys were shown', async () => {
  for (const [index, node] of app.site.nodes.entries()) {
    await goTo('Nodes');
    await page.getByRole('button', { name: 'Add node by address…' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Management address').fill(node.address);
    await dialog.getByLabel('SSH port').fill(String(node.port));
    await dialog.getByRole('button', { name: 'Read host key' }).click();
    await expect(dialog.getByText(/SHA256:/)).toBeVisible();
    if (index === 0) await takeScreenshot(page, 'host-key-dark');
    await dialog.getByRole('button', { name: 'Trust this key' }).click();
    await dialog.getByLabel('User name').fill('installer');
    await dialog.getByRole('textbox', { name: 'Password' }).fill(secrets.node);
    await dialog.getByRole('button', { name: 'Continue' }).click();
    await dialog.getByLabel('Name').fill(`Recorder ${index + 1}`);
    await dialog.getByRole('button', { name: 'Add node' }).click();
    // What comes next with a new node is to deploy, so its drawer opens.
    await expect(dialog.getByRole('button', { name: 'Deploy engine' })).toBeVisible({ timeout: 15_000 });
    await dialog.getByRole('button', { name: 'Close' }).click();
  }
  await goTo('Nodes');
  await expect(page.getByRole('row', { name: /Recorder \d/ })).toHaveCount(nodeCount);
});

test('the engine is deployed to every node, with every step to follow', async () => {
  for (let index = 1; index <= nodeCount; index += 1) {
    await goTo('Nodes');
    await page.getByRole('row', { name: `Recorder ${index}` }).click();
    const drawer = page.getByRole('dialog');
    await drawer.getByRole('button', { name: 'Deploy engine' }).click();
    await expect(drawer.getByLabel('Log of this run')).toBeVisible();
    if (index === 1) await takeScreenshot(page, 'deploy-running-dark');
    await drawer.getByRole('button', { name: 'Close' }).click();
  }
  await expect(page.getByRole('row', { name: /Recorder \d.*Up/ })).toHaveCount(nodeCount, {
    timeout: 90_000,
  });
  await page.getByRole('row', { name: 'Recorder 1' }).click();
  await expect(page.getByRole('dialog').getByText('Succeeded')).toBeVisible();
  await takeScreenshot(page, 'deploy-done-dark');
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
});

test('cameras are spread over the nodes and record', async () => {
  await goTo('Cameras');
  await page.getByRole('checkbox', { name: 'Select all' }).check();
  await page.getByRole('button', { name: 'Spread evenly' }).click();
  await expect(page.getByText(`Recording ${cameraCount}`)).toBeVisible({ timeout: 45_000 });
  await takeScreenshot(page, 'cameras-dark');
});

test('nine live tiles really play for ten seconds', async () => {
  await goTo('Live');
  await page.getByRole('button', { name: 'Fill with all cameras' }).first().click();
  await page.getByLabel('Number of tiles').getByText('9', { exact: true }).click();
  await expect(page.locator('video[data-camera-id]')).toHaveCount(9);
  await expect(page.locator('[data-tile-state="playing"]')).toHaveCount(9, { timeout: 30_000 });

  const before = await readTiles(page);
  await page.waitForTimeout(10_000); // the measurement's own length, not a wait for anything
  const after = await readTiles(page);
  await takeScreenshot(page, 'live-dark');

  for (const [cameraId, start] of before) {
    const end = after.get(cameraId);
    expect(end, cameraId).toBeDefined();
    expect((end?.currentTime ?? 0) - start.currentTime, `${cameraId}: seconds played`).toBeGreaterThan(8.5);
    expect((end?.decodedFrames ?? 0) - start.decodedFrames, `${cameraId}: frames decoded`).toBeGreaterThan(
      120,
    );
  }
});

test('the site page says how every node and camera is', async () => {
  await goTo('Site');
  await expect(page.getByText('All is well')).toBeVisible({ timeout: 15_000 });
  await takeScreenshot(page, 'site-dark');
});

test('after closing and reopening everything is still there, and live again', async () => {
  await app.restart();
  page = await app.window();
  await goTo('Nodes');
  await expect(page.getByRole('row', { name: /Recorder \d.*Up/ })).toHaveCount(nodeCount, {
    timeout: 20_000,
  });
  await goTo('Live');
  await expect(page.locator('[data-tile-state="playing"]')).toHaveCount(9, { timeout: 30_000 });
});

for (const scheme of ['dark', 'light'] as const) {
  test(`no page breaks an accessibility rule, ${scheme}`, async () => {
    await page.emulateMedia({ colorScheme: scheme });
    for (const name of ['Site', 'Discover', 'Cameras', 'Nodes', 'Live'] as const) {
      await goTo(name);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${name}: ${id} at ${nodes[0]?.html}`)).toEqual([]);
      await takeScreenshot(page, `${name.toLowerCase()}-${scheme}-full`);
    }
  });
}

test('ffmpeg accepts every recorded segment, also those that a power cut of the nodes cut off', async () => {
  await Promise.all(app.site.nodes.map((node) => node.stop()));
  const files = await recordedFiles(app.folder);
  expect(files.length).toBeGreaterThanOrEqual(cameraCount);
  for (const file of files) {
    expect(probeFile(file), file).toMatchObject({
      isMonotonic: true,
      startsWithKeyframe: true,
      decodeErrors: '',
    });
  }
});

test('no secret lies anywhere outside the vault and the sealed stores', async () => {
  const words = [secrets.camera, secrets.node, secrets.passphrase];
  expect(await findSecrets(app.folder, words)).toEqual([]);
  const spellings = words.flatMap((word) => spellingsOf(word));
  expect(app.printed.filter((line) => spellings.some((spelling) => line.includes(spelling)))).toEqual([]);
});

/** Files with at least one part: one that was opened in the very last moment has none, and is removed at the next start. */
async function recordedFiles(folder: string): Promise<string[]> {
  const entries = await readdir(join(folder, 'nodes'), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.mp4'))
    .map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(files.map(async (file) => readFile(file)));
  return files.filter((_, index) => contents[index]?.includes('moof'));
}

async function goTo(name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
}

interface TileReading {
  readonly currentTime: number;
  readonly decodedFrames: number;
}

async function readTiles(from: Page): Promise<Map<string, TileReading>> {
  const readings = await from.locator('video[data-camera-id]').evaluateAll((videos) =>
    videos.map((video): [string, TileReading] => {
      if (!(video instanceof HTMLVideoElement)) throw new Error('not a video');
      const decodedFrames = video.getVideoPlaybackQuality().totalVideoFrames;
      return [video.dataset['cameraId'] ?? '', { currentTime: video.currentTime, decodedFrames }];
    }),
  );
  return new Map(readings);
}
