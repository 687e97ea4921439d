import { join } from 'node:path';
import type { Page } from '@playwright/test';

const root = join(import.meta.dirname, '..', '..');
const updates = process.env['BELVEDERE_UPDATE_SCREENSHOTS'] === '1';
/** The ones that the documents show. */
const shown: ReadonlySet<string> = new Set(['live-dark', 'site-dark', 'discover-dark', 'deploy-done-dark']);

/** Keeps what the page looks like, in out/test; with BELVEDERE_UPDATE_SCREENSHOTS=1 also as the documents' pictures. */
export async function takeScreenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(root, 'out', 'test', 'screenshots', `${name}.png`) });
  if (updates && shown.has(name))
    await page.screenshot({ path: join(root, 'docs', 'screenshots', `${name}.png`) });
}
