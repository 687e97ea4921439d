import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { appendFile, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BundleDescription,
  BundleManifest,
  bundleSignatureNamespace,
  bundleSignerIdentity,
  enginePaths,
} from '../../src/shared/engine-api/index.ts';
import { EngineProcess, runEngineCommand, temporaryFolder } from './engine-process.ts';
import type { EngineCommand } from './engine-process.ts';

const script = fileURLToPath(new URL('../../build/engine-bundle.mjs', import.meta.url));
const arch = BundleManifest.shape.arch.parse(process.arch);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let output: string;
let built: string;
let release: string;
let description: BundleDescription;
let command: EngineCommand;

/** Builds into a folder of this test, with a key of this test. */
function build(into: string): string {
  return execFileSync(process.execPath, [script, '--output', into], {
    encoding: 'utf8',
    env: {
      ...process.env,
      BELVEDERE_SIGNING_KEY_FILE: join(folder.path, 'key.pem'),
      SOURCE_DATE_EPOCH: '1767225600',
    },
  });
}

beforeAll(async () => {
  folder = await temporaryFolder();
  output = join(folder.path, 'out');
  built = join(output, `linux-${arch}`);
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  await writeFile(join(folder.path, 'key.pem'), pem, { mode: 0o600 });
  build(output);
  description = BundleDescription.parse(JSON.parse(await readFile(join(built, 'bundle.json'), 'utf8')));
  execFileSync('tar', ['-xzf', join(built, description.file), '-C', folder.path]);
  release = join(folder.path, `belvedere-engine-${description.version}`);
  // As on a node without Node: no PATH, no environment.
  command = { file: join(release, 'bin', 'belvedere-engine'), args: [], environment: {} };
});

afterAll(() => folder[Symbol.asyncDispose]());

function checkSums(): number | null {
  return spawnSync('sha256sum', ['-c', '--quiet', 'SHA256SUMS'], { cwd: release }).status;
}

async function verifySignature(sums: Buffer): Promise<number | null> {
  const signers = join(folder.path, 'allowed_signers');
  await writeFile(
    signers,
    `${bundleSignerIdentity} ${await readFile(join(built, 'signing-key.pub'), 'utf8')}`,
  );
  const signature = join(release, 'SHA256SUMS.sig');
  const what = ['-I', bundleSignerIdentity, '-n', bundleSignatureNamespace, '-s', signature];
  return spawnSync('ssh-keygen', ['-Y', 'verify', '-f', signers, ...what], { input: sums }).status;
}

describe('the bundle', () => {
  it('is what its description and manifest say', async () => {
    const archive = await readFile(join(built, description.file));
    const manifest = BundleManifest.parse(JSON.parse(await readFile(join(release, 'manifest.json'), 'utf8')));
    expect(description).toEqual({
      formatVersion: 1,
      file: `belvedere-engine-${manifest.version}-linux-${arch}.tgz`,
      version: manifest.version,
      arch,
      sha256: createHash('sha256').update(archive).digest('hex'),
      byteLength: archive.length,
    });
    expect(manifest.builtAt).toBe('2026-01-01T00:00:00.000Z');
    const inRelease = await Promise.all(
      manifest.files.map(async ({ path }) => {
        const content = await readFile(join(release, path));
        const { mode } = await stat(join(release, path));
        return {
          path,
          sha256: createHash('sha256').update(content).digest('hex'),
          byteLength: content.length,
          executable: (mode & 0o111) !== 0,
        };
      }),
    );
    expect(inRelease).toEqual(manifest.files);
    const names = manifest.files.map(({ path }) => path);
    const found = await readdir(release, { recursive: true, withFileTypes: true });
    expect(found.filter((entry) => entry.isFile())).toHaveLength(names.length + 3);
  });

  it('is not built again when nothing changed, and the same bytes when it is', async () => {
    expect(build(output)).toBe(`${description.file} is up to date.\n`);
    build(join(folder.path, 'again'));
    const again = await readFile(join(folder.path, 'again', `linux-${arch}`, 'bundle.json'), 'utf8');
    expect(JSON.parse(again)).toEqual(description);
  });

  it('names the licence of everything in it', async () => {
    const text = await readFile(join(release, 'LICENSES'), 'utf8');
    for (const name of ['Node.js 24', 'better-sqlite3', 'pino', 'prom-client', 'ws', 'zod']) {
      expect(text).toContain(`\n${name} `.replace('24 ', '24.'));
    }
  });

  it('holds no path of the machine that built it', async () => {
    for (const module of ['engine.mjs', 'index-worker.mjs']) {
      const code = await readFile(join(release, 'lib', module), 'utf8');
      expect(code).not.toContain(fileURLToPath(new URL('../..', import.meta.url)));
    }
  });
});

describe('its signature', () => {
  it('is accepted by ssh-keygen, for these sums only', async () => {
    const sums = await readFile(join(release, 'SHA256SUMS'));
    expect(await readFile(join(built, 'SHA256SUMS'))).toEqual(sums);
    expect(await verifySignature(sums)).toBe(0);
    expect(await verifySignature(Buffer.concat([sums, Buffer.from('\n')]))).not.toBe(0);
  });

  it('is not made with a key that others can read', async () => {
    const key = join(folder.path, 'open.pem');
    await writeFile(key, await readFile(join(folder.path, 'key.pem')), { mode: 0o644 });
    const result = spawnSync(process.execPath, [script, '--output', join(folder.path, 'never')], {
      encoding: 'utf8',
      env: { ...process.env, BELVEDERE_SIGNING_KEY_FILE: key },
    });
    expect([result.status, result.stderr]).toEqual([
      1,
      `The engine bundle was not built: Others can read the signing key ${key}. Keep it to yourself with: chmod 600 ${key}\n`,
    ]);
  });
});

describe('on a node with nothing else', () => {
  it('runs, from its own runtime, with its own SQLite', async () => {
    expect(runEngineCommand(['version'], command)).toEqual({
      exitCode: 0,
      stdout: `${description.version}\n`,
      stderr: '',
    });
    await using engine = await EngineProcess.start(join(folder.path, 'engine'), { command });
    const { token, version } = engine.enrol('view');
    expect(version).toBe(description.version);
    expect((await engine.ask(enginePaths.segments('gate'), { token })).json()).toEqual({
      segments: [],
      truncated: false,
    });
    const executable = await readFile(`/proc/${engine.processId}/cmdline`, 'utf8');
    expect(executable.split('\0')[0]).toBe(join(release, 'bin', 'node'));
    expect(runEngineCommand(['health', '--dir', engine.directory], command).exitCode).toBe(0);
    expect(await engine.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  it('is known as damaged when a byte changed', async () => {
    expect(checkSums()).toBe(0);
    await appendFile(join(release, 'lib', 'engine.mjs'), ' ');
    expect(checkSums()).toBe(1);
  });
});
