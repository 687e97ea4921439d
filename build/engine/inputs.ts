import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Everything of the checkout that decides what a bundle contains. Packages are pinned by the lock file. */
const INPUTS = [
  'src/engine',
  'src/shared',
  'build/engine',
  'resources/engine',
  'package.json',
  'package-lock.json',
];

/** One hash over the inputs and `circumstances` (architecture, key, times). */
export function hashInputs(root: string, circumstances: readonly string[]): string {
  const hash = createHash('sha256');
  for (const circumstance of circumstances) hash.update(`${circumstance}\n`);
  for (const file of INPUTS.flatMap((input) => filesBelow(join(root, input))).sort()) {
    const content = createHash('sha256').update(readFileSync(file)).digest('hex');
    hash.update(`${content} ${relative(root, file)}\n`);
  }
  return hash.digest('hex');
}

function filesBelow(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path).flatMap((name) => filesBelow(join(path, name)));
}
