import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A file that only its owner can read and that leads a browser to `url`; disposing removes it. */
export function writeLaunchPage(directory: string, url: string): Disposable & { readonly url: string } {
  const path = join(directory, `open-${randomUUID()}.html`);
  const page = [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Belvedere</title>',
    '<meta name="color-scheme" content="dark"><style>html{background:#101418}</style>',
    `<meta http-equiv="refresh" content="0;url=${url}"></head><body></body></html>`,
  ].join('');
  writeFileSync(path, page, { mode: 0o600, flag: 'wx' });
  return {
    url: pathToFileURL(path).href,
    [Symbol.dispose]: () => rmSync(path, { force: true }),
  };
}
