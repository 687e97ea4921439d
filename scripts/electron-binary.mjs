// Whether Electron's binary is here. It is fetched on first use, and merely asking the package for its path would do that.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {string} root the checkout
 * @param {Readonly<Record<string, string | undefined>>} environment
 * @returns {{ kind: 'present', path: string } | { kind: 'absent', reason: string }}
 */
export function findElectron(root, environment) {
  const packageDirectory = join(root, 'node_modules', 'electron');
  const executable = readText(join(packageDirectory, 'path.txt')) ?? defaultExecutable();
  const override = environment['ELECTRON_OVERRIDE_DIST_PATH'];
  if (override !== undefined && override !== '') {
    const path = join(override, executable);
    return existsSync(path)
      ? { kind: 'present', path }
      : { kind: 'absent', reason: `ELECTRON_OVERRIDE_DIST_PATH has no ${executable}` };
  }
  const packageText = readText(join(packageDirectory, 'package.json'));
  if (packageText === undefined) return { kind: 'absent', reason: 'the electron package is not installed' };
  const wanted = JSON.parse(packageText).version;
  const found = readText(join(packageDirectory, 'dist', 'version'))?.replace(/^v/, '');
  if (found === undefined) return { kind: 'absent', reason: "Electron's binary is not installed" };
  if (found !== wanted)
    return { kind: 'absent', reason: `Electron's binary is ${found}, the package is ${wanted}` };
  const path = join(packageDirectory, 'dist', executable);
  return existsSync(path)
    ? { kind: 'present', path }
    : { kind: 'absent', reason: `Electron's binary has no ${executable}` };
}

function defaultExecutable() {
  if (process.platform === 'darwin') return join('Electron.app', 'Contents', 'MacOS', 'Electron');
  return process.platform === 'win32' ? 'electron.exe' : 'electron';
}

/** @param {string} path */
function readText(path) {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
