import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const root = join(import.meta.dirname, '..', '..');

const Configuration = z.looseObject({
  asarUnpack: z.array(z.string()),
  files: z.array(z.string()),
  extraResources: z.array(z.object({ from: z.string(), to: z.string() })),
  win: z.object({ target: z.array(z.object({ target: z.string() })) }),
  mac: z.object({ target: z.array(z.object({ target: z.string() })) }),
  linux: z.object({ target: z.array(z.object({ target: z.string() })) }),
});

/** electron-builder's own check of a configuration; it is inside a package that exports no types for it. */
const Builder = z.object({
  validateConfiguration: z.custom<(configuration: object, log: object) => Promise<void>>(
    (value) => typeof value === 'function',
  ),
});
const Logs = z.object({
  DebugLogger: z.custom<new (isEnabled: boolean) => object>((value) => typeof value === 'function'),
});

const fromHere = createRequire(import.meta.url);
/** They are electron-builder's own dependencies, not ours. */
const fromBuilder = createRequire(fromHere.resolve('electron-builder'));

async function validate(configuration: object): Promise<void> {
  const builder = Builder.parse(fromBuilder('app-builder-lib/out/util/config/config'));
  const { DebugLogger } = Logs.parse(fromBuilder('builder-util'));
  await builder.validateConfiguration(configuration, new DebugLogger(false));
}

async function readConfiguration(): Promise<z.infer<typeof Configuration>> {
  return Configuration.parse(
    JSON.parse(await readFile(join(root, 'build', 'electron-builder.json'), 'utf8')),
  );
}

describe('the installers', () => {
  it('have a configuration that electron-builder takes', async () => {
    await expect(validate(await readConfiguration())).resolves.toBeUndefined();
  });

  it('have a configuration that is really checked', async () => {
    await expect(validate({ ...(await readConfiguration()), asarUnpak: [] })).rejects.toThrow(
      /unknown property 'asarUnpak'/,
    );
  });

  it('are an NSIS setup, a disk image, an AppImage and a Debian package', async () => {
    const { win, mac, linux } = await readConfiguration();
    const targets = [win, mac, linux].map(({ target }) => target.map((entry) => entry.target));
    expect(targets).toEqual([['nsis'], ['dmg'], ['AppImage', 'deb']]);
  });

  it('take along what the program looks for', async () => {
    const { files, extraResources } = await readConfiguration();
    expect(files).toEqual(
      expect.arrayContaining(['out/main/**', 'out/preload/**', 'out/renderer/**', 'resources/node/**']),
    );
    expect(extraResources).toMatchObject([{ from: 'out/engine', to: 'engine' }]);
    expect(existsSync(join(root, 'resources', 'node'))).toBe(true);
  });
});

function run(
  script: string,
  words: readonly string[],
): Promise<{ stdout: string; stderr: string; code?: unknown }> {
  return promisify(execFile)(process.execPath, [join(root, 'scripts', script), ...words]).catch(
    (error: unknown) => z.object({ stdout: z.string(), stderr: z.string(), code: z.number() }).parse(error),
  );
}

describe('the scripts', () => {
  it('refuse a shell that does not exist', async () => {
    expect(await run('start.mjs', ['--shell', 'gtk'])).toEqual({
      stdout: '',
      stderr: '--shell is web or electron.\n',
      code: 1,
    });
  });

  it('hand everything else on to the shell that was asked for, and say which and why', async () => {
    const { stdout, stderr, code } = await run('start.mjs', ['--shell', 'web', '--help']);
    expect([stderr, code]).toEqual([
      'Belvedere starts in the web shell, because it was asked for.\n',
      undefined,
    ]);
    expect(stdout).toMatch(/^Usage: npm start -- /);
  });
});
