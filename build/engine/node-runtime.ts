import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import type { BundleArch } from '../../src/shared/engine-api/index.ts';
import { readTarFile } from './tar.ts';

const LockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), integrity: z.string().optional() }),
  ),
});

export interface NodeRuntime {
  readonly version: string;
  readonly binary: Buffer;
  readonly license: Buffer;
}

/**
 * The Node runtime of an architecture, of the version and hash that package-lock.json names: npm's installed package
 * where it is this machine's architecture, else the package itself, fetched once and checked against the lock.
 */
export function readNodeRuntime(root: string, arch: BundleArch): NodeRuntime {
  const name = `node-linux-${arch}`;
  const { version, integrity } = lockedPackage(root, name);
  const installed = join(root, 'node_modules', name);
  if (existsSync(join(installed, 'bin', 'node'))) {
    return {
      version,
      binary: readFileSync(join(installed, 'bin', 'node')),
      license: readFileSync(join(installed, 'LICENSE')),
    };
  }
  const archive = gunzipSync(readPackage(root, { name, version, integrity }));
  return {
    version,
    binary: readTarFile(archive, 'package/bin/node'),
    license: readTarFile(archive, 'package/LICENSE'),
  };
}

export function lockedPackage(
  root: string,
  name: string,
): { readonly version: string; readonly integrity: string } {
  const lock = LockFile.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {};
  if (version === undefined || integrity === undefined) {
    throw new Error(`package-lock.json does not pin ${name} with a version and a hash; run npm install.`);
  }
  return { version, integrity };
}

function readPackage(
  root: string,
  pinned: { readonly name: string; readonly version: string; readonly integrity: string },
): Buffer {
  const folder = join(root, '.cache', 'node-runtimes');
  const file = join(folder, `${pinned.name}-${pinned.version}.tgz`);
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    const result = spawnSync(
      'npm',
      ['pack', `${pinned.name}@${pinned.version}`, '--loglevel=error', '--pack-destination', folder],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    if (result.status !== 0)
      throw new Error(`npm could not fetch ${pinned.name}@${pinned.version} (see above).`);
  }
  const content = readFileSync(file);
  const found = `sha512-${createHash('sha512').update(content).digest('base64')}`;
  if (found !== pinned.integrity) {
    throw new Error(`${file} does not have the hash that package-lock.json pins; remove it and build again.`);
  }
  return content;
}
