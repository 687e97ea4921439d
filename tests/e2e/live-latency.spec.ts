import { type Page, expect, test } from '@playwright/test';
import { contract } from '../../src/shared/contract/index.ts';
import type { SimCamera } from '../../src/sim/camera/camera.ts';
import { connectToDesk } from '../../src/sim/demo/desk-client.ts';
import { setUpSite } from '../../src/sim/demo/tour.ts';
import { readBarcode } from '../../src/sim/clip/barcode.ts';
import { type AppUnderTest, startApp } from './app.ts';

const isFull = process.env['BELVEDERE_TEST_FULL'] === '1';
/** How long nine tiles are left alone before and while they are measured. */
const leftAloneMs = isFull ? 60_000 : 3000;
const measuredMs = isFull ? 20_000 : 4000;
/** Order of magnitude only: a busy machine is late, a player that lags behind is later and later. */
const tooOldMs = 3000;

test.describe.configure({ mode: 'serial' });

let app: AppUnderTest;
let page: Page;
/** The simulated camera behind each tile. */
let cameras: ReadonlyMap<string, SimCamera>;

test.beforeAll(async ({ browser }) => {
  const secrets = { camera: 'gate-7-west', node: 'rack-2-left', passphrase: 'correct horse battery' };
  app = await startApp({ cameras: 9, nodes: 1, secrets, shell: 'web', newPage: () => browser.newPage() });
  await using desk = await connectToDesk(await app.link());
  await setUpSite({
    desk,
    site: app.site.facts,
    signal: AbortSignal.timeout(90_000),
    onStage: () => undefined,
  });
  const inventory = await desk.first(contract.inventory.watch, () => true, AbortSignal.timeout(5000));
  const added = inventory.kind === 'snapshot' ? inventory.cameras : [];
  cameras = new Map(
    added.flatMap(({ id, address }) => {
      const camera = app.site.cameras.find(({ info }) => info.address === address);
      return camera === undefined ? [] : [[id, camera]];
    }),
  );
  page = await app.window();
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Live' }).click();
  await expectNineLive(15_000);
});
test.afterAll(async () => {
  await page?.close();
  await app?.[Symbol.asyncDispose]();
});

test('what nine tiles show was sent a moment ago, also after a while', async () => {
  await page.waitForTimeout(leftAloneMs); // the measurement's own length, not a wait for anything
  const latenciesMs = latencies(await watchTiles(measuredMs)).sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(latenciesMs[Math.floor(latenciesMs.length * share)] ?? NaN);
  const figures = `${latenciesMs.length} pictures, p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, worst ${at(0.999)} ms`;
  process.stdout.write(`camera to screen: ${figures}\n`);
  expect(latenciesMs.length).toBeGreaterThan(9 * 5);
  expect(at(0.95)).toBeGreaterThan(0);
  expect(at(0.95)).toBeLessThan(tooOldMs);
});

test('a page that was hidden shows what is live now when it comes back', async () => {
  await setVisibility('hidden');
  await expect(page.locator('[data-tile-state="opening"]')).toHaveCount(9);
  await page.waitForTimeout(2000); // long enough for a player that went on to be caught behind
  await setVisibility('visible');
  const backMs = performance.now();
  await expectNineLive(5000);
  process.stdout.write(`nine tiles live again after ${Math.round(performance.now() - backMs)} ms\n`);
  const latenciesMs = latencies(await watchTiles(1500));
  expect(latenciesMs.length).toBeGreaterThan(9);
  expect(Math.max(...latenciesMs)).toBeLessThan(tooOldMs);
});

async function expectNineLive(timeout: number): Promise<void> {
  await expect(page.locator('[data-tile-state="playing"]')).toHaveCount(9, { timeout });
}

async function setVisibility(state: DocumentVisibilityState): Promise<void> {
  await page.evaluate((wanted) => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => wanted });
    document.dispatchEvent(new Event('visibilitychange'));
  }, state);
}

/** The barcode's part of a picture as a browser showed it. */
interface Shown {
  readonly cameraId: string;
  readonly shownUtcMs: number;
  /** Red channel, row by row; the demo's barcode is black and white. */
  readonly band: readonly number[];
}

const picture = { width: 640, height: 360 };
const band = { left: 0, top: 332, width: 184, height: 28 };

/** Two pictures a second from every tile, at the moment they come to the screen. */
async function watchTiles(durationMs: number): Promise<readonly Shown[]> {
  return page.evaluate(
    async ({ forMs, size, part }) => {
      const shown: { cameraId: string; shownUtcMs: number; band: number[] }[] = [];
      const canvas = new OffscreenCanvas(part.width, part.height);
      const context = canvas.getContext('2d', { willReadFrequently: true });
      if (context === null) throw new Error('This browser draws no canvas.');
      const endMs = performance.now() + forMs;
      const watch = async (video: HTMLVideoElement): Promise<void> => {
        const { promise, resolve } = Promise.withResolvers<void>();
        let nextMs = 0;
        const onPicture = (nowMs: number, { expectedDisplayTime }: VideoFrameCallbackMetadata): void => {
          if (nowMs >= nextMs) {
            nextMs = nowMs + 500;
            context.drawImage(video, -part.left, -part.top, size.width, size.height);
            const { data } = context.getImageData(0, 0, part.width, part.height);
            shown.push({
              cameraId: video.dataset['cameraId'] ?? '',
              shownUtcMs: performance.timeOrigin + expectedDisplayTime,
              band: Array.from(data).filter((_, index) => index % 4 === 0),
            });
          }
          if (nowMs < endMs) video.requestVideoFrameCallback(onPicture);
          else resolve();
        };
        video.requestVideoFrameCallback(onPicture);
        return promise;
      };
      await Promise.all([...document.querySelectorAll('video')].map(watch));
      return shown;
    },
    { forMs: durationMs, size: picture, part: band },
  );
}

/** From the camera's send to the screen, ms, by the number in the picture. Every picture must be readable. */
function latencies(shown: readonly Shown[]): number[] {
  return shown.map((one) => {
    const luma = (x: number, y: number): number =>
      one.band[(y - band.top) * band.width + (x - band.left)] ?? 0;
    const number = readBarcode(luma, picture.width, picture.height);
    const sent = cameras
      .get(one.cameraId)
      ?.sentFrames.frames('sub')
      .findLast(({ frameNumber, utcMs }) => frameNumber === number && utcMs < one.shownUtcMs);
    if (sent === undefined) throw new Error(`${one.cameraId} shows ${number}, which was never sent.`);
    return one.shownUtcMs - sent.utcMs;
  });
}
