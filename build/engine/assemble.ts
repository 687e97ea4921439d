import { createHash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { BundleManifest, bundleSignatureNamespace } from '../../src/shared/engine-api/index.ts';
import type { BundleArch } from '../../src/shared/engine-api/index.ts';
import { bundleEngineModules, licencesText, sqliteBinary } from './engine-module.ts';
import { readNodeRuntime } from './node-runtime.ts';
import { signSshsig } from './sshsig.ts';
import { writeTar } from './tar.ts';
import type { TarEntry } from './tar.ts';

/** Measured on the 127 MB of Node: level 1 takes 1.7 s for 49.9 MB, 5 2.2 s for 46.0, 6 2.9 s for 45.7, 9 8 s for 45.6. */
const GZIP_LEVEL = 5;

export interface Bundle {
  readonly version: string;
  /** The `.tgz`. */
  readonly archive: Buffer;
  /** `SHA256SUMS`, in the format of sha256sum. */
  readonly sums: string;
  /** Armored SSHSIG of `sums`. */
  readonly signature: string;
}

interface AssembleOptions {
  readonly root: string;
  readonly arch: BundleArch;
  readonly release: boolean;
  readonly builtUtcSeconds: number;
  readonly privateKey: KeyObject;
}

/** Puts a bundle together; equal inputs give equal bytes. */
export async function assembleBundle(options: AssembleOptions): Promise<Bundle> {
  const { root, arch, builtUtcSeconds } = options;
  const modules = await bundleEngineModules(root);
  const node = readNodeRuntime(root, arch);
  const target = `linux-${arch}`;
  const files: TarEntry[] = [
    file('LICENSES', licencesText(root, modules.packages, node)),
    {
      path: 'bin/belvedere-engine',
      content: readFileSync(join(root, 'resources', 'engine', 'belvedere-engine')),
      executable: true,
    },
    { path: 'bin/node', content: node.binary, executable: true },
    file('lib/engine.mjs', modules.engine),
    file('lib/index-worker.mjs', modules.indexWorker),
    // Where better-sqlite3, bundled into the modules in lib, looks for it: ../prebuilds.
    { path: `prebuilds/${target}.node`, content: sqliteBinary(root, target), executable: false },
  ];
  const summed = files.map((entry) => ({ ...entry, sha256: sha256(entry.content) }));
  const version = bundleVersion(
    root,
    options.release,
    summed.map((entry) => `${entry.sha256} ${entry.path}`),
  );
  const manifest = file(
    'manifest.json',
    `${JSON.stringify(
      BundleManifest.parse({
        formatVersion: 1,
        name: 'belvedere-engine',
        version,
        arch,
        builtAt: new Date(builtUtcSeconds * 1_000).toISOString(),
        files: summed.map(({ path, sha256: sum, content, executable }) => ({
          path,
          sha256: sum,
          byteLength: content.length,
          executable,
        })),
      }),
      undefined,
      2,
    )}\n`,
  );
  const sums = [...summed, { ...manifest, sha256: sha256(manifest.content) }]
    .map((entry) => `${entry.sha256}  ${entry.path}\n`)
    .join('');
  const signature = signSshsig(Buffer.from(sums), bundleSignatureNamespace, options.privateKey);
  const folder = `belvedere-engine-${version}`;
  const folders = ['', 'bin/', 'lib/', 'prebuilds/'].map((path) => file(path, ''));
  const entries = [
    ...folders,
    ...files,
    manifest,
    file('SHA256SUMS', sums),
    file('SHA256SUMS.sig', signature),
  ];
  const archive = writeTar(
    entries.map((entry) => ({ ...entry, path: `${folder}/${entry.path}` })),
    builtUtcSeconds,
  );
  return { version, archive: gzipSync(archive, { level: GZIP_LEVEL }), sums, signature };
}

/** The product's version; for development builds with a hash of the content, so that each change is a new release. */
function bundleVersion(root: string, release: boolean, contentSums: readonly string[]): string {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  return release ? version : `${version}+${sha256(contentSums.join('\n')).slice(0, 8)}`;
}

function file(path: string, content: string): TarEntry {
  return { path, content: Buffer.from(content, 'utf8'), executable: false };
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
