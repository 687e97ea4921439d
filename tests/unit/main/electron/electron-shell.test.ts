import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { DeskRequest } from '../../../../src/main/desk-protocol.ts';
import { runElectronShell } from '../../../../src/main/electron/electron-shell.ts';
import { version } from '../../../../src/main/version.ts';
import { FakeContents, FakeElectron, preventable } from './fake-electron.ts';

const code = (letter: string): string => letter.repeat(43);

const folders = {
  pageDirectory: '/app/page',
  bundlesDirectory: '/app/engine',
  trustedKeyPath: '/app/key.pub',
  nodeFilesDirectory: '/app/node',
};

interface Started {
  readonly electron: FakeElectron;
  readonly input: PassThrough;
  readonly printed: readonly string[];
  readonly advance: (durationMs: number) => void;
}

async function start(
  options: {
    readonly words?: readonly string[];
    readonly firstLine?: string;
    readonly platform?: NodeJS.Platform;
    readonly prepare?: (electron: FakeElectron) => void;
  } = {},
): Promise<Started> {
  const electron = new FakeElectron();
  let nowMs = 0;
  let codes = 0;
  electron.desk.answer = (message) => {
    const request = DeskRequest.parse(message);
    if (request.kind === 'start')
      electron.desk.emit('message', { kind: 'listening', port: 4711, code: code('A') });
    if (request.kind === 'issue-code')
      electron.desk.emit('message', { kind: 'code', code: code('BCD'[codes++] ?? 'Z') });
    if (request.kind === 'stop') electron.desk.emit('exit', 0);
  };
  options.prepare?.(electron);
  const input = new PassThrough();
  const printed: string[] = [];
  if (options.firstLine !== undefined) input.write(`${options.firstLine}\n`);
  await runElectronShell({
    electron,
    words: options.words ?? ['--data', '/site'],
    input,
    print: (line) => printed.push(line),
    platform: options.platform ?? 'linux',
    defaultDataDirectory: '/default',
    workingDirectory: '/somewhere',
    deskEntryPath: '/app/desk.js',
    preloadPath: '/app/preload.cjs',
    folders,
    monotonicMs: () => nowMs,
  });
  return { electron, input, printed, advance: (durationMs) => void (nowMs += durationMs) };
}

/** Lets what was promised happen. */
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('the Electron shell', () => {
  it('is sandboxed and alone on its data folder before anything else happens', async () => {
    const { electron } = await start();
    expect(electron.calls).toEqual([
      'enableSandbox',
      'setPath userData /site/electron',
      'requestSingleInstanceLock',
      'whenReady',
      'fork /app/desk.js',
      'setApplicationMenu',
    ]);
    expect(electron.desk.received).toEqual([
      {
        kind: 'start',
        options: {
          dataDirectory: '/site',
          port: 0,
          shell: 'electron',
          version,
          ...folders,
        },
      },
    ]);
  });

  it('opens one locked-down window on the desk', async () => {
    const { electron } = await start();
    expect(electron.windows).toHaveLength(1);
    const [window] = electron.windows;
    expect(window?.loaded).toEqual([`http://127.0.0.1:4711/#code=${code('A')}`]);
    expect(window?.options).toEqual({
      width: 1440,
      height: 900,
      minWidth: 960,
      minHeight: 600,
      show: false,
      title: 'Belvedere',
      backgroundColor: '#0d0f12',
      webPreferences: {
        preload: '/app/preload.cjs',
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webSecurity: true,
        webviewTag: false,
        navigateOnDragDrop: false,
        spellcheck: false,
      },
    });
    window?.emit('ready-to-show');
    expect(window?.calls).toEqual(['show']);
  });

  it('keeps every page on the desk', async () => {
    const { electron } = await start();
    const contents = electron.windows[0]?.webContents ?? new FakeContents();
    const navigate = (event: string, url: string): boolean => {
      const navigation = preventable(url);
      contents.emit(event, navigation);
      return navigation.isPrevented;
    };
    for (const event of ['will-navigate', 'will-frame-navigate', 'will-redirect']) {
      expect(navigate(event, 'http://127.0.0.1:4711/#live')).toBe(false);
      expect(navigate(event, 'http://127.0.0.1:4712/')).toBe(true);
      expect(navigate(event, 'https://attacker.example/')).toBe(true);
      expect(navigate(event, 'file:///etc/passwd')).toBe(true);
      expect(navigate(event, 'not an address')).toBe(true);
    }
    const webview = preventable();
    contents.emit('will-attach-webview', webview);
    expect(webview.isPrevented).toBe(true);
    expect(contents.openWindow?.()).toEqual({ action: 'deny' });
  });

  it('grants full screen and copying to the desk, and nothing to anybody else', async () => {
    const { electron } = await start();
    const request = (permission: string): boolean | undefined => {
      let isGranted: boolean | undefined;
      electron.requestPermission?.(undefined, permission, (answer) => {
        isGranted = answer;
      });
      return isGranted;
    };
    expect(
      ['fullscreen', 'clipboard-sanitized-write', 'media', 'geolocation', 'notifications', 'usb'].map(
        request,
      ),
    ).toEqual([true, true, false, false, false, false]);
    expect(electron.checkPermission?.(undefined, 'fullscreen', 'http://127.0.0.1:4711/')).toBe(true);
    expect(electron.checkPermission?.(undefined, 'fullscreen', 'https://attacker.example')).toBe(false);
    expect(electron.checkPermission?.(undefined, 'media', 'http://127.0.0.1:4711/')).toBe(false);
  });

  it('comes to the front for a second start, and opens a window when none is left', async () => {
    const { electron } = await start();
    electron.emit('second-instance');
    expect(electron.windows[0]?.calls).toEqual(['restore', 'focus']);
    electron.windows[0]?.emit('closed');
    electron.emit('second-instance');
    await settle();
    expect(electron.windows.map(({ loaded }) => loaded)).toEqual([
      [`http://127.0.0.1:4711/#code=${code('A')}`],
      [`http://127.0.0.1:4711/#code=${code('B')}`],
    ]);
  });

  it('leaves the field to the instance that has the lock', async () => {
    const { electron } = await start({ prepare: (fake) => void (fake.hasLock = false) });
    expect(electron.calls.at(-1)).toBe('quit');
    expect(electron.windows).toEqual([]);
  });

  it('opens further windows from its menu', async () => {
    const { electron } = await start();
    electron.menuTemplate.find(({ label }) => label === 'File')?.submenu?.[0]?.click?.();
    await settle();
    expect(electron.windows).toHaveLength(2);
  });

  it('loads a crashed page again, once in a while', async () => {
    const { electron, advance } = await start();
    const contents = electron.windows[0]?.webContents ?? new FakeContents();
    contents.emit('render-process-gone');
    contents.emit('render-process-gone');
    expect(contents.reloads).toBe(1);
    advance(30_000);
    contents.emit('render-process-gone');
    expect(contents.reloads).toBe(2);
  });

  it('quits once the desk has stopped', async () => {
    const { electron } = await start();
    electron.emit('window-all-closed');
    expect(await electron.exited).toBe(0);
    expect(electron.desk.received.at(-1)).toEqual({ kind: 'stop' });
    expect(electron.errorBoxes).toEqual([]);
  });

  it('stays without windows on a Mac', async () => {
    const { electron } = await start({ platform: 'darwin' });
    electron.emit('window-all-closed');
    expect(electron.calls).not.toContain('quit');
  });

  it('says in one box when the desk dies', async () => {
    const { electron } = await start();
    electron.desk.emit('exit', 70);
    expect(await electron.exited).toBe(1);
    expect(electron.errorBoxes).toEqual([
      {
        title: 'Belvedere stopped',
        content:
          'The desk process ended unexpectedly (exit code 70); /site/logs/desk.log says more.\n\n' +
          'Start Belvedere again: nothing that was saved is lost.',
      },
    ]);
  });

  it('says in one box why the desk cannot start', async () => {
    const { electron } = await start({
      prepare: (fake) => {
        fake.desk.answer = () =>
          fake.desk.emit('message', {
            kind: 'failed',
            failure: { code: 'data-folder-in-use', message: 'In use.', remedy: 'Close it.' },
          });
      },
    });
    expect(electron.errorBoxes).toEqual([
      { title: 'Belvedere cannot start', content: 'In use.\n\nClose it.' },
    ]);
    expect(electron.exitCode).toBe(1);
    expect(electron.windows).toEqual([]);
  });

  it('takes settings from its input, and passes over words that are for Electron', async () => {
    const { electron } = await start({
      words: ['--inspect=0', '--remote-debugging-port=0', '--data=/site', '--settings-stdin', 'extra'],
      firstLine: JSON.stringify({ passphrase: 'correct horse' }),
    });
    expect(electron.desk.received[0]).toMatchObject({
      options: { dataDirectory: '/site', passphrase: 'correct horse' },
    });
    expect(electron.calls.join(' ')).not.toContain('correct horse');
  });

  it('opens its window in the colour of the light scheme where that is wanted', async () => {
    const { electron } = await start({
      prepare: (prepared) => {
        prepared.nativeTheme.shouldUseDarkColors = false;
      },
    });
    expect(electron.windows[0]?.options.backgroundColor).toBe('#f2f4f6');
  });

  it('prints a link for each further line of its input', async () => {
    const { input, printed } = await start({
      words: ['--data=/site', '--settings-stdin'],
      firstLine: '{}',
    });
    expect(printed).toEqual([]);
    input.write('\n');
    await settle();
    await settle();
    expect(printed).toEqual([
      `Open this link within a minute; it works once: http://127.0.0.1:4711/#code=${code('B')}`,
    ]);
  });
});
