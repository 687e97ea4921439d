import { windowUrl } from '../shell/desk-client.ts';
import type { ElectronModule, ElectronWindow, WindowOptions } from './electron-module.ts';

/** The page's own `--bg` in either scheme, so that nothing flashes while it loads. */
const backgrounds = { dark: '#0d0f12', light: '#f2f4f6' };
/** A page that crashes again this soon is not loaded once more. */
const reloadPauseMs = 30_000;

export interface WindowsOptions {
  readonly electron: Pick<ElectronModule, 'BrowserWindow' | 'nativeTheme'>;
  readonly preloadPath: string;
  readonly port: number;
  readonly monotonicMs: () => number;
}

/** The program's windows; each one signs in with a code of its own. */
export class Windows {
  readonly #options: WindowsOptions;
  readonly #open = new Set<ElectronWindow>();

  constructor(options: WindowsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#open.size;
  }

  async open(code: string): Promise<void> {
    const { BrowserWindow, nativeTheme } = this.#options.electron;
    const scheme = nativeTheme.shouldUseDarkColors ? 'dark' : 'light';
    const window = new BrowserWindow(windowOptions(this.#options.preloadPath, backgrounds[scheme]));
    this.#open.add(window);
    window.once('closed', () => this.#open.delete(window));
    window.once('ready-to-show', () => window.show());
    this.#reloadAfterCrash(window);
    await window.loadURL(windowUrl(this.#options.port, code));
  }

  /** Brings a window to the front; false when there is none. */
  focus(): boolean {
    const [window] = this.#open;
    if (window === undefined) return false;
    if (window.isMinimized()) window.restore();
    window.focus();
    return true;
  }

  #reloadAfterCrash(window: ElectronWindow): void {
    let lastMonotonicMs = Number.NEGATIVE_INFINITY;
    window.webContents.on('render-process-gone', () => {
      const nowMs = this.#options.monotonicMs();
      if (nowMs - lastMonotonicMs < reloadPauseMs) return;
      lastMonotonicMs = nowMs;
      window.webContents.reload();
    });
  }
}

function windowOptions(preloadPath: string, backgroundColor: string): WindowOptions {
  return {
    width: 1440,
    height: 900,
    minWidth: 960,
    minHeight: 600,
    show: false,
    title: 'Belvedere',
    backgroundColor,
    webPreferences: {
      preload: preloadPath,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
    },
  };
}
