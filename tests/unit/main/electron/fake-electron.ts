import { EventEmitter } from 'node:events';
import type {
  ElectronModule,
  MenuEntry,
  WindowOptions,
} from '../../../../src/main/electron/electron-module.ts';

/** Stands for Electron: keeps what it is told, and lets a test say what happens. */
export class FakeElectron implements ElectronModule {
  readonly calls: string[] = [];
  readonly windows: FakeWindow[] = [];
  readonly errorBoxes: { readonly title: string; readonly content: string }[] = [];
  readonly desk = new FakeUtilityProcess();
  readonly nativeTheme = { shouldUseDarkColors: true };
  menuTemplate: MenuEntry[] = [];
  hasLock = true;
  exitCode: number | undefined;
  requestPermission:
    | ((contents: unknown, permission: string, answer: (isGranted: boolean) => void) => void)
    | undefined;
  checkPermission: ((contents: unknown, permission: string, origin: string) => boolean) | undefined;
  readonly #events = new EventEmitter();
  readonly #exited = Promise.withResolvers<number>();

  readonly app = {
    isPackaged: false,
    enableSandbox: () => void this.calls.push('enableSandbox'),
    setPath: (name: string, path: string) => void this.calls.push(`setPath ${name} ${path}`),
    requestSingleInstanceLock: () => {
      this.calls.push('requestSingleInstanceLock');
      return this.hasLock;
    },
    whenReady: async () => void this.calls.push('whenReady'),
    quit: () => {
      this.calls.push('quit');
      this.emit('before-quit', preventable());
    },
    exit: (code: number) => {
      this.exitCode = code;
      this.#exited.resolve(code);
    },
    on: (event: string, listener: (event: PreventableUrl, contents: FakeContents) => void) =>
      this.#events.on(event, listener),
  };

  readonly BrowserWindow = windowClass(this);

  readonly Menu = {
    buildFromTemplate: (template: MenuEntry[]) => {
      this.menuTemplate = template;
      return { popup: () => undefined };
    },
    setApplicationMenu: () => void this.calls.push('setApplicationMenu'),
  };

  readonly dialog = {
    showErrorBox: (title: string, content: string) => void this.errorBoxes.push({ title, content }),
  };

  readonly session = {
    defaultSession: {
      setPermissionRequestHandler: (handler: NonNullable<FakeElectron['requestPermission']>) => {
        this.requestPermission = handler;
      },
      setPermissionCheckHandler: (handler: NonNullable<FakeElectron['checkPermission']>) => {
        this.checkPermission = handler;
      },
    },
  };

  readonly utilityProcess = {
    fork: (modulePath: string, words: string[]) => {
      this.calls.push(['fork', modulePath, ...words].join(' '));
      return this.desk;
    },
  };

  get exited(): Promise<number> {
    return this.#exited.promise;
  }

  emit(event: string, ...words: unknown[]): void {
    this.#events.emit(event, ...words);
  }
}

/** A desk process that answers as a test wants. */
export class FakeUtilityProcess extends EventEmitter {
  readonly received: unknown[] = [];
  answer: (message: unknown) => void = () => undefined;

  postMessage(message: unknown): void {
    this.received.push(message);
    this.answer(message);
  }

  kill(): boolean {
    return this.emit('exit', 0);
  }
}

export interface PreventableUrl {
  readonly url: string;
  isPrevented: boolean;
  preventDefault(): void;
}

export function preventable(url = ''): PreventableUrl {
  const event = {
    url,
    isPrevented: false,
    preventDefault: () => {
      event.isPrevented = true;
    },
  };
  return event;
}

export class FakeContents extends EventEmitter {
  openWindow: (() => { action: 'deny' }) | undefined;
  reloads = 0;

  setWindowOpenHandler(handler: () => { action: 'deny' }): void {
    this.openWindow = handler;
  }

  reload(): void {
    this.reloads += 1;
  }
}

export class FakeWindow extends EventEmitter {
  readonly webContents = new FakeContents();
  readonly options: WindowOptions;
  readonly loaded: string[] = [];
  readonly calls: string[] = [];

  constructor(options: WindowOptions) {
    super();
    this.options = options;
  }

  async loadURL(url: string): Promise<void> {
    this.loaded.push(url);
  }
  show(): void {
    this.calls.push('show');
  }
  isMinimized(): boolean {
    return true;
  }
  restore(): void {
    this.calls.push('restore');
  }
  focus(): void {
    this.calls.push('focus');
  }
}

function windowClass(electron: FakeElectron): new (options: WindowOptions) => FakeWindow {
  return class extends FakeWindow {
    constructor(options: WindowOptions) {
      super(options);
      electron.windows.push(this);
      electron.emit('web-contents-created', preventable(), this.webContents);
    }
  };
}
