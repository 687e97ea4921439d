/** What a page in Electron finds as `window.belvedere`. Everything else goes over the desk's transport. */
export interface BelvedereBridge {
  readonly shell: 'electron';
  readonly platform: string;
}

export function createBridge(platform: string): BelvedereBridge {
  return Object.freeze({ shell: 'electron', platform });
}
