import { describe, expect, it } from 'vitest';
import { browserArguments, findBrowser, hasDisplay } from '../../../../src/main/web/browser.ts';

const having =
  (...paths: readonly string[]) =>
  (path: string): boolean =>
    paths.includes(path);

const on = (environment: Record<string, string>): boolean => hasDisplay({ platform: 'linux', environment });

describe('the browser', () => {
  it('is the first one on PATH, or the one that was asked for', () => {
    const environment = { PATH: '/usr/local/bin:/usr/bin:relative' };
    const isExecutable = having(
      '/usr/bin/google-chrome',
      '/usr/bin/chromium',
      '/opt/edge',
      'relative/chromium',
    );
    expect(findBrowser({ platform: 'linux', environment, isExecutable })).toBe('/usr/bin/chromium');
    const asked = { ...environment, BELVEDERE_CHROMIUM: '/opt/edge' };
    expect(findBrowser({ platform: 'linux', environment: asked, isExecutable })).toBe('/opt/edge');
    expect(findBrowser({ platform: 'linux', environment: {}, isExecutable })).toBeUndefined();
  });

  it('is found in the usual place on a Mac', () => {
    const path = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
    expect(findBrowser({ platform: 'darwin', environment: {}, isExecutable: having(path) })).toBe(path);
  });

  it('needs a screen on Linux', () => {
    expect([
      on({}),
      on({ DISPLAY: '' }),
      on({ DISPLAY: ':0' }),
      on({ WAYLAND_DISPLAY: 'wayland-0' }),
    ]).toEqual([false, false, true, true]);
    expect(hasDisplay({ platform: 'darwin', environment: {} })).toBe(true);
  });

  it('gives up its sandbox for root only', () => {
    const window = { launchUrl: 'file:///data/open.html', profileDirectory: '/data/browser' };
    expect(browserArguments({ ...window, isRoot: false })).not.toContain('--no-sandbox');
    expect(browserArguments({ ...window, isRoot: true })).toContain('--no-sandbox');
    expect(browserArguments({ ...window, isRoot: false })).toEqual(
      expect.arrayContaining([
        '--app=file:///data/open.html',
        '--user-data-dir=/data/browser',
        '--no-first-run',
      ]),
    );
  });
});
