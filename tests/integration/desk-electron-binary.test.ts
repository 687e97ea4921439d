import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findElectron } from '../../scripts/electron-binary.mjs';

let root: string;
let electron: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'belvedere-electron-'));
  electron = join(root, 'node_modules', 'electron');
  await mkdir(join(electron, 'dist'), { recursive: true });
  await writeFile(join(electron, 'package.json'), '{"version":"45.4.1"}');
});
afterEach(() => rm(root, { recursive: true, force: true }));

it('is absent in a fresh checkout, and asking does not fetch it', () => {
  expect(findElectron(root, {})).toEqual({ kind: 'absent', reason: "Electron's binary is not installed" });
  expect(findElectron(join(root, 'nowhere'), {})).toEqual({
    kind: 'absent',
    reason: 'the electron package is not installed',
  });
});

it('is present when it is whole and of the right version', async () => {
  await writeFile(join(electron, 'path.txt'), 'electron');
  await writeFile(join(electron, 'dist', 'version'), 'v45.4.1\n');
  expect(findElectron(root, {})).toEqual({ kind: 'absent', reason: "Electron's binary has no electron" });
  await writeFile(join(electron, 'dist', 'electron'), '');
  expect(findElectron(root, {})).toEqual({ kind: 'present', path: join(electron, 'dist', 'electron') });
  await writeFile(join(electron, 'dist', 'version'), '44.0.0');
  expect(findElectron(root, {})).toEqual({
    kind: 'absent',
    reason: "Electron's binary is 44.0.0, the package is 45.4.1",
  });
});

it('may lie elsewhere', async () => {
  const elsewhere = join(root, 'elsewhere');
  await mkdir(elsewhere);
  await writeFile(join(electron, 'path.txt'), 'electron');
  const environment = { ELECTRON_OVERRIDE_DIST_PATH: elsewhere };
  expect(findElectron(root, environment)).toEqual({
    kind: 'absent',
    reason: 'ELECTRON_OVERRIDE_DIST_PATH has no electron',
  });
  await writeFile(join(elsewhere, 'electron'), '');
  expect(findElectron(root, environment)).toEqual({ kind: 'present', path: join(elsewhere, 'electron') });
});
