import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface BrowserSearch {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isExecutable: (path: string) => boolean;
}

const namesOnPath = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'microsoft-edge',
  'microsoft-edge-stable',
  'brave-browser',
] as const;

const macPlaces = ['Google Chrome', 'Chromium', 'Microsoft Edge', 'Brave Browser'].map(
  (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
);

const windowsPlaces = [
  ['Google', 'Chrome', 'Application', 'chrome.exe'],
  ['Microsoft', 'Edge', 'Application', 'msedge.exe'],
  ['Chromium', 'Application', 'chrome.exe'],
] as const;

/** The first browser of the Chromium family on this machine; its app mode looks like a program of its own. */
export function findBrowser(search: BrowserSearch): string | undefined {
  return candidates(search).find((path) => search.isExecutable(path));
}

function candidates({ platform, environment }: BrowserSearch): string[] {
  const asked = environment['BELVEDERE_CHROMIUM'];
  const first = asked === undefined || asked === '' ? [] : [asked];
  if (platform === 'darwin') return [...first, ...macPlaces];
  if (platform === 'win32') {
    const roots = ['ProgramFiles', 'ProgramFiles(x86)', 'LOCALAPPDATA'].flatMap(
      (name) => environment[name] ?? [],
    );
    return [...first, ...roots.flatMap((root) => windowsPlaces.map((place) => join(root, ...place)))];
  }
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  return [...first, ...folders.flatMap((folder) => namesOnPath.map((name) => join(folder, name)))];
}

/** Whether a window could be seen: a Linux machine may have no screen. */
export function hasDisplay({ platform, environment }: Omit<BrowserSearch, 'isExecutable'>): boolean {
  if (platform === 'darwin' || platform === 'win32') return true;
  return Boolean(environment['DISPLAY']) || Boolean(environment['WAYLAND_DISPLAY']);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Arguments for a window without tabs and address bar, with a profile of its own that phones nobody. */
export function browserArguments(window: {
  /** `file:` address of the page that leads on; the session code must not be in argv, which everyone can read. */
  readonly launchUrl: string;
  readonly profileDirectory: string;
  readonly isRoot: boolean;
}): string[] {
  return [
    `--app=${window.launchUrl}`,
    `--user-data-dir=${window.profileDirectory}`,
    '--no-first-run',
    '--no-default-browser-check',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-quic',
    '--disable-features=Translate',
    '--window-size=1440,900',
    // Chromium refuses its sandbox to root.
    ...(window.isRoot ? ['--no-sandbox'] : []),
  ];
}

export function openBrowser(path: string, words: readonly string[]): ChildProcess {
  return spawn(path, words, { stdio: 'ignore' });
}
