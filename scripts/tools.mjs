// Finds programs that are not npm packages. Shared by the scripts; needs nothing but Node 20.

import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * @param {string} name
 * @param {readonly string[]} [morePlaces]
 * @returns {string | undefined}
 */
export function findOnPath(name, morePlaces = []) {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), ...morePlaces];
  return places.map((place) => join(place, name)).find(isExecutable);
}

/** `BELVEDERE_CHROMIUM` first, then the usual names and places. @returns {string | undefined} */
export function findChromium() {
  const chosen = process.env['BELVEDERE_CHROMIUM'];
  if (chosen !== undefined && isExecutable(chosen)) return chosen;
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'microsoft-edge'];
  for (const name of names) {
    const path = findOnPath(name);
    if (path !== undefined) return path;
  }
  return [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    String.raw`C:\Program Files\Google\Chrome\Application\chrome.exe`,
    String.raw`C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`,
  ].find(isExecutable);
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
