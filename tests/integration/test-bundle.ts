import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * An engine of a few lines of shell with the commands of the real one: small, so that tests can deploy it often. Files in
 * the node's home steer it: `unhealthy-VERSION` makes `health` fail.
 */
const engineScript = `
set -u
here=$(cd "$(dirname "$0")/.." && pwd -P)
version=\${here##*/}
command=$1 dir=$3
case $command in
  version) echo "$version" ;;
  enrol)
    mkdir -p "$dir/tokens"
    token=$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\\n')
    printf %s "$token" | sha256sum >"$dir/tokens/$7"
    echo '{"nodeId":"4c9f2f5e-7a39-4a6e-9df3-0e6d1a3b1c55","version":"'$version'","port":8443,'\\
'"certificatePin":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","token":"'$token'","tokenId":"'$7'","scope":"admin"}'
    ;;
  revoke) [ -e "$dir/tokens/$5" ] || exit 9; rm "$dir/tokens/$5" ;;
  health) [ ! -e "$HOME/unhealthy-$version" ] || { echo 'The disk is on fire.' >&2; exit 1; } ;;
  run)
    trap 'exit 0' TERM
    echo "the engine $version runs"
    while :; do sleep 1 & wait $!; done
    ;;
esac
`;
const launcher =
  '#!/bin/sh\nhere=$(cd "$(dirname "$0")" && pwd -P)\nexec "$here/node" "$here/../lib/engine.sh" "$@"\n';

export interface TestKey {
  readonly file: string;
  readonly publicKeyLine: string;
}

export async function makeKey(directory: string, name = 'key'): Promise<TestKey> {
  const file = join(directory, name);
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test key', '-f', file]);
  return { file, publicKeyLine: await readFile(`${file}.pub`, 'utf8') };
}

export interface TestBundleOptions {
  /** The bundle store's folder. */
  readonly directory: string;
  readonly version: string;
  readonly key: TestKey;
  /** Bytes that do not compress, to make sending it take a while. */
  readonly ballastBytes?: number;
  /** Called with the folder that becomes the archive, after it was signed: to damage it. */
  readonly tamper?: (folder: string) => Promise<void>;
}

/** Packs, sums and signs with the system's own programs, which know nothing of ours. */
export async function makeBundle(options: TestBundleOptions): Promise<void> {
  const { directory, version, key, ballastBytes = 0, tamper } = options;
  const folder = join(directory, 'linux-x64');
  const name = `belvedere-engine-${version}`;
  const content = join(directory, 'content', name);
  await rm(folder, { recursive: true, force: true });
  await rm(join(directory, 'content'), { recursive: true, force: true });
  for (const path of [folder, join(content, 'bin'), join(content, 'lib')])
    await mkdir(path, { recursive: true });
  await writeFile(join(content, 'bin', 'belvedere-engine'), launcher, { mode: 0o755 });
  await copyFile('/bin/sh', join(content, 'bin', 'node'));
  await writeFile(join(content, 'lib', 'engine.sh'), engineScript);
  await run('dd', [
    'if=/dev/urandom',
    `of=${join(content, 'lib', 'ballast')}`,
    'bs=65536',
    `count=${Math.ceil(ballastBytes / 65536)}`,
  ]);
  const files = ['bin/belvedere-engine', 'bin/node', 'lib/engine.sh', 'lib/ballast'];
  const { stdout: sums } = await run('sha256sum', files, { cwd: content });
  await writeFile(join(content, 'SHA256SUMS'), sums);
  await run('ssh-keygen', [
    '-Y',
    'sign',
    '-q',
    '-n',
    'belvedere-bundle',
    '-f',
    key.file,
    join(content, 'SHA256SUMS'),
  ]);
  for (const file of ['SHA256SUMS', 'SHA256SUMS.sig'])
    await copyFile(join(content, file), join(folder, file));
  await tamper?.(content);
  const file = `${name}-linux-x64.tgz`;
  await run('tar', ['-czf', join(folder, file), '-C', join(directory, 'content'), name]);
  const archive = await readFile(join(folder, file));
  const { size: byteLength } = await stat(join(folder, file));
  const sha256 = createHash('sha256').update(archive).digest('hex');
  const description = { formatVersion: 1, file, version, arch: 'x64', sha256, byteLength };
  await writeFile(join(folder, 'bundle.json'), JSON.stringify(description));
}
