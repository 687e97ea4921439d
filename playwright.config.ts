import { defineConfig } from '@playwright/test';
import { findElectron } from './scripts/electron-binary.mjs';
import { findChromium } from './scripts/tools.mjs';

const chromium = findChromium();

/** FINDINGS: software GL drops frames, so no GPU; nothing of the browser's own may reach for the network. */
const chromiumArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export default defineConfig({
  testDir: 'tests/e2e',
  outputDir: 'out/test/e2e',
  workers: 1,
  fullyParallel: false,
  forbidOnly: process.env['CI'] === 'true',
  timeout: 120_000,
  // On a busy machine a page may need seconds to draw; what is promised to be quick has its own limit in its test.
  expect: { timeout: 15_000 },
  reporter: [['list'], ['json', { outputFile: 'out/test/e2e.json' }]],
  projects: [
    {
      name: 'chromium',
      use: {
        browserName: 'chromium',
        viewport: { width: 1440, height: 900 },
        launchOptions: {
          args: chromiumArguments,
          ...(chromium === undefined ? {} : { executablePath: chromium }),
        },
        screenshot: 'only-on-failure',
        trace: 'retain-on-failure',
      },
    },
    // The same app in Electron, wherever its binary is.
    ...(findElectron(import.meta.dirname, process.env).kind === 'present'
      ? [{ name: 'electron', testMatch: 'spine.spec.ts' }]
      : []),
  ],
});
