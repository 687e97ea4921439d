import { describe, expect, it } from 'vitest';
import { brokenRule } from '../../../scripts/layers.mjs';

describe('the import rules', () => {
  it.each([
    ['src/engine/engine.ts', '../main/app.ts', 'src/engine may import only src/engine, src/shared'],
    ['src/main/app.ts', '../engine/engine.ts', 'src/main may import only src/main, src/shared'],
    ['src/sim/camera/rtsp.ts', '../../engine/rtsp/client.ts', 'src/sim may import only src/sim, src/shared'],
    ['src/renderer/main.tsx', '../main/app.ts', 'src/renderer may import only src/renderer, src/shared'],
    ['src/shared/contract/index.ts', '../../main/failure.ts', 'src/shared may import only src/shared'],
    ['src/shared/contract/index.ts', 'node:fs', 'src/shared imports only zod'],
    ['src/main/app.ts', '../../tests/unit/x.ts', 'src/main may not import from outside src'],
    [
      'src/main/features/fleet/index.ts',
      '../inventory/store.ts',
      'a feature is reached only through its index.ts (src/main/features/inventory)',
    ],
    ['src/main/platform/ssh/index.ts', '../../features/deploy/index.ts', 'platform never imports features'],
    [
      'src/main/web.ts',
      'electron',
      'only src/main/electron, src/main/index.ts and src/preload import electron',
    ],
    ['src/renderer/features/live/page.tsx', '@trpc/client', 'only src/renderer/api knows the transport'],
    ['src/renderer/features/live/page.tsx', 'mpegts.js', 'only src/renderer/player knows mpegts.js'],
    ['src/renderer/features/live/page.tsx', 'node:fs', 'src/renderer runs in a page: no Node modules'],
    ['src/renderer/ui/frame.tsx', '../features/live/index.ts', 'renderer/ui never imports features'],
    [
      'src/engine/rtsp/client.ts',
      '../recording/recorder.ts',
      'protocols know nothing of recording, live or the API',
    ],
    ['src/node/index.ts', 'zod', 'src/node has no dependencies'],
  ])('%s may not import %s', (file, specifier, rule) => {
    expect(brokenRule({ file, specifier })).toBe(rule);
  });

  it.each([
    ['src/engine/engine.ts', '../shared/engine-api/index.ts'],
    ['src/main/features/fleet/index.ts', '../inventory/index.ts'],
    ['src/main/features/fleet/index.ts', './state.ts'],
    ['src/main/features/fleet/index.ts', '../feature.ts'],
    ['src/main/electron/window.ts', 'electron'],
    ['src/renderer/api/client.ts', '@trpc/client'],
    ['src/main/app.ts', '../../package.json'],
    ['tests/unit/x.test.ts', '../../src/engine/engine.ts'],
  ])('%s may import %s', (file, specifier) => {
    expect(brokenRule({ file, specifier })).toBeUndefined();
  });
});
