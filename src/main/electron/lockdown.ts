import type { ElectronContents, ElectronModule } from './electron-module.ts';

/** What a page of ours may have: a wall in full screen, and an address put on the clipboard. */
const grantedPermissions: ReadonlySet<string> = new Set(['fullscreen', 'clipboard-sanitized-write']);

/** Keeps every page that ever exists in this program on the desk's origin, without further windows or permissions. */
export function lockDown(electron: Pick<ElectronModule, 'app' | 'session'>, origin: string): void {
  electron.app.on('web-contents-created', (_event, contents) => confine(contents, origin));
  const { defaultSession } = electron.session;
  defaultSession.setPermissionRequestHandler((_contents, permission, answer) =>
    answer(grantedPermissions.has(permission)),
  );
  defaultSession.setPermissionCheckHandler(
    (_contents, permission, requestingOrigin) =>
      grantedPermissions.has(permission) && originOf(requestingOrigin) === origin,
  );
}

function confine(contents: ElectronContents, origin: string): void {
  const refuseElsewhere = (event: { readonly url: string; preventDefault(): void }): void => {
    if (originOf(event.url) !== origin) event.preventDefault();
  };
  contents.on('will-navigate', refuseElsewhere);
  contents.on('will-frame-navigate', refuseElsewhere);
  contents.on('will-redirect', refuseElsewhere);
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
}

function originOf(url: string): string | undefined {
  return URL.parse(url)?.origin;
}
