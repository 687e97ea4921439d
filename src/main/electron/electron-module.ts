/**
 * The part of Electron's module that the shell uses, so that it can be run against a small stand-in where there is no
 * Electron. `import('electron')` fits it as it is.
 */
export interface ElectronModule {
  readonly app: ElectronApp;
  readonly BrowserWindow: new (options: WindowOptions) => ElectronWindow;
  readonly Menu: {
    buildFromTemplate(template: MenuEntry[]): ElectronMenu;
    setApplicationMenu(menu: ElectronMenu | null): void;
  };
  readonly nativeTheme: { readonly shouldUseDarkColors: boolean };
  readonly dialog: { showErrorBox(title: string, content: string): void };
  readonly session: { readonly defaultSession: ElectronSession };
  readonly utilityProcess: {
    fork(
      modulePath: string,
      words: string[],
      options: { serviceName: string; stdio: 'inherit' },
    ): UtilityProcess;
  };
}

export interface ElectronMenu {
  popup(): void;
}

export interface PreventableEvent {
  preventDefault(): void;
}

export interface ElectronApp {
  readonly isPackaged: boolean;
  enableSandbox(): void;
  setPath(name: 'userData', path: string): void;
  requestSingleInstanceLock(): boolean;
  whenReady(): Promise<void>;
  quit(): void;
  exit(code: number): void;
  on(event: 'second-instance', listener: () => void): unknown;
  on(event: 'activate', listener: () => void): unknown;
  on(event: 'window-all-closed', listener: () => void): unknown;
  on(event: 'before-quit', listener: (event: PreventableEvent) => void): unknown;
  on(
    event: 'web-contents-created',
    listener: (event: PreventableEvent, contents: ElectronContents) => void,
  ): unknown;
}

export interface ElectronContents {
  setWindowOpenHandler(handler: () => { action: 'deny' }): void;
  on(event: 'will-navigate', listener: (event: PreventableEvent & { readonly url: string }) => void): unknown;
  on(
    event: 'will-frame-navigate',
    listener: (event: PreventableEvent & { readonly url: string }) => void,
  ): unknown;
  on(event: 'will-redirect', listener: (event: PreventableEvent & { readonly url: string }) => void): unknown;
  on(event: 'will-attach-webview', listener: (event: PreventableEvent) => void): unknown;
  on(event: 'render-process-gone', listener: () => void): unknown;
  reload(): void;
}

export interface WindowOptions {
  readonly width: number;
  readonly height: number;
  readonly minWidth: number;
  readonly minHeight: number;
  readonly show: boolean;
  readonly title: string;
  readonly backgroundColor: string;
  readonly webPreferences: {
    readonly preload: string;
    readonly sandbox: boolean;
    readonly contextIsolation: boolean;
    readonly nodeIntegration: boolean;
    readonly webSecurity: boolean;
    readonly webviewTag: boolean;
    readonly navigateOnDragDrop: boolean;
    readonly spellcheck: boolean;
  };
}

export interface ElectronWindow {
  readonly webContents: ElectronContents;
  loadURL(url: string): Promise<void>;
  show(): void;
  isMinimized(): boolean;
  restore(): void;
  focus(): void;
  once(event: 'ready-to-show', listener: () => void): unknown;
  once(event: 'closed', listener: () => void): unknown;
}

export interface ElectronSession {
  setPermissionRequestHandler(
    handler: (contents: unknown, permission: string, answer: (isGranted: boolean) => void) => void,
  ): void;
  setPermissionCheckHandler(
    handler: (contents: unknown, permission: string, origin: string) => boolean,
  ): void;
}

export interface UtilityProcess {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  once(event: 'exit', listener: (code: number) => void): unknown;
  kill(): boolean;
}

/** The menu's entries that the shell uses, after Electron's `MenuItemConstructorOptions`. */
export interface MenuEntry {
  readonly label?: string;
  readonly role?: MenuRole;
  readonly type?: 'separator';
  readonly accelerator?: string;
  readonly click?: () => void;
  readonly submenu?: MenuEntry[];
}
export type MenuRole =
  | 'appMenu'
  | 'editMenu'
  | 'windowMenu'
  | 'close'
  | 'quit'
  | 'reload'
  | 'resetZoom'
  | 'zoomIn'
  | 'zoomOut'
  | 'togglefullscreen'
  | 'toggleDevTools';
