import { readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigView, Enrolment, enginePaths } from '../../src/shared/engine-api/index.ts';
import { EngineProcess, runEngineCommand, temporaryFolder } from './engine-process.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let directory: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  directory = join(folder.path, 'engine');
});

afterEach(() => folder[Symbol.asyncDispose]());

/** Exit code and the one sentence. */
function refusal(args: readonly string[]): { readonly exitCode: number | null; readonly sentence: string } {
  const { exitCode, stderr } = runEngineCommand(args);
  return { exitCode, sentence: stderr.trim() };
}

function newer(format: number): string {
  return `was written by a newer engine (format ${format}, this one reads 2)`;
}

describe('a start that cannot succeed', () => {
  it('says so when the port is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const result = refusal(['run', '--dir', directory, '--host', '127.0.0.1', '--port', String(port)]);
    other.close();
    expect(result).toEqual({
      exitCode: 3,
      sentence: `Port ${port} at 127.0.0.1 is in use by another program. Stop that program or choose another port with --port.`,
    });
  });

  it('says so when the address is not this machine’s', () => {
    expect(refusal(['run', '--dir', directory, '--host', '192.0.2.1', '--port', '0'])).toEqual({
      exitCode: 8,
      sentence:
        'The engine cannot listen at 192.0.2.1 port 0 (EADDRNOTAVAIL). Choose an address of this machine with --host and a port with --port.',
    });
  });

  it('says so when the directory cannot be written', async () => {
    const file = join(folder.path, 'file');
    await writeFile(file, '');
    const inFile = join(file, 'engine');
    expect(refusal(['run', '--dir', inFile, '--port', '0'])).toEqual({
      exitCode: 4,
      sentence: `The engine cannot write to ${inFile} (ENOTDIR at ${inFile}). Give its user write permission there or choose another directory with --dir.`,
    });
  });

  it('refuses a second engine on one directory, and lets a new one in after kill -9', async () => {
    await using first = await EngineProcess.start(directory);
    // By another name of the same directory too.
    const alias = join(folder.path, 'alias');
    await symlink(directory, alias);
    for (const path of [directory, alias]) {
      expect(refusal(['run', '--dir', path, '--host', '127.0.0.1', '--port', '0'])).toEqual({
        exitCode: 5,
        sentence: `Another engine already works on ${path}. Stop it first, or give this one another directory with --dir.`,
      });
    }
    expect((await first.ask(enginePaths.health)).status).toBe(200);
    expect(await first.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    await using second = await EngineProcess.start(directory);
    expect((await second.ask(enginePaths.health)).status).toBe(200);
  });

  it.each([
    { file: 'etc/config.json', content: '{"formatVersion":3}', exitCode: 6, says: newer(3) },
    {
      file: 'etc/config.json',
      content: '{"formatVersion":1,',
      exitCode: 7,
      says: 'is damaged and cannot be used',
    },
    { file: 'etc/credentials.sealed', content: '{"formatVersion":9}', exitCode: 6, says: newer(9) },
    {
      file: 'etc/certificate.key',
      content: 'not a key',
      exitCode: 7,
      says: 'are damaged or do not belong together',
    },
    { file: 'etc/store.key', content: 'short', exitCode: 7, says: 'is damaged (5 bytes instead of 32)' },
    { file: 'etc/node.json', content: '[]', exitCode: 7, says: 'is damaged and cannot be used' },
  ])(
    'says so when $file holds $content, and leaves the file alone',
    async ({ file, content, exitCode, says }) => {
      runEngineCommand(['enrol', '--dir', directory, '--scope', 'admin']);
      await writeFile(join(directory, file), content);
      const result = refusal(['run', '--dir', directory, '--host', '127.0.0.1', '--port', '0']);
      expect(result).toEqual({ exitCode, sentence: expect.stringContaining(says) });
      expect(result.sentence.split('\n')).toHaveLength(1);
      expect(await readFile(join(directory, file), 'utf8')).toBe(content);
    },
  );

  it('says so when the index is of a newer version', async () => {
    await using first = await EngineProcess.start(directory);
    await first.end('SIGTERM');
    const { default: Database } = await import('better-sqlite3');
    const database = new Database(join(directory, 'var', 'index.sqlite'));
    database.pragma('user_version = 999');
    database.close();
    expect(refusal(['run', '--dir', directory, '--port', '0'])).toEqual({
      exitCode: 6,
      sentence: expect.stringContaining('has version 999'),
    });
  });

  it.each([
    [[]],
    [['fly']],
    [['run']],
    [['run', '--dir', 'x', '--port', '70000']],
    [['enrol', '--dir', 'x']],
    [['--no']],
  ])('explains itself for %j', (args) => {
    const result = runEngineCommand(args);
    expect({ exitCode: result.exitCode, says: result.stderr.length > 0 }).toEqual({
      exitCode: 2,
      says: true,
    });
  });
});

describe('enrolling', () => {
  it('works before the first start, gives a new token each time, and keeps node and key', async () => {
    const [first, second] = ['admin', 'view'].map((scope) =>
      Enrolment.parse(JSON.parse(runEngineCommand(['enrol', '--dir', directory, '--scope', scope]).stdout)),
    );
    expect(second).toEqual({ ...first, scope: 'view', token: second?.token, tokenId: second?.tokenId });
    expect(second?.token).not.toBe(first?.token);
    await using engine = await EngineProcess.start(directory);
    const answer = await engine.ask(enginePaths.config, { token: first?.token ?? '' });
    expect(ConfigView.parse(answer.json())).toEqual({ version: 0, cameras: [] });
    expect(engine.enrol('view')).toMatchObject({ nodeId: first?.nodeId, port: engine.port });
  });

  it('stores no token and lets nobody else read what it stores', async () => {
    const { stdout } = runEngineCommand(['enrol', '--dir', directory, '--scope', 'admin']);
    const { token } = Enrolment.parse(JSON.parse(stdout));
    await using engine = await EngineProcess.start(directory);
    const version = JSON.stringify({
      version: 0,
      cameras: [
        {
          id: 'gate',
          name: 'Gate',
          main: 'rtsp://127.0.0.1:9/',
          record: false,
          credentials: { username: 'camera-user', password: 'camera-password' },
        },
      ],
    });
    const put = await engine.ask(enginePaths.config, { method: 'PUT', token, body: version });
    expect(put.status).toBe(200);
    await engine.end('SIGTERM');
    const paths = (await readdir(directory, { recursive: true })).map((name) => join(directory, name));
    const found = await Promise.all(
      paths.map(async (path) => {
        const entry = await stat(path);
        const text = entry.isFile() ? await readFile(path, 'latin1') : '';
        return {
          path,
          open: (entry.mode & 0o077) !== 0,
          secret: [token, 'camera-user', 'camera-password'].some((secret) => text.includes(secret)),
        };
      }),
    );
    expect(found.filter(({ open, secret }) => open || secret)).toEqual([]);
    expect(engine.log).not.toContain('camera-password');
  });
});

describe('health', () => {
  it('is 0 for a running engine and 1 with a reason otherwise', async () => {
    expect(refusal(['health', '--dir', directory])).toEqual({
      exitCode: 1,
      sentence: `No engine has run in ${directory} yet.`,
    });
    await using engine = await EngineProcess.start(directory);
    expect(refusal(['health', '--dir', directory])).toEqual({ exitCode: 0, sentence: '' });
    expect(await engine.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(refusal(['health', '--dir', directory])).toEqual({
      exitCode: 1,
      sentence: `The engine of ${directory} does not answer at 127.0.0.1 port ${engine.port} (ECONNREFUSED).`,
    });
  });
});
