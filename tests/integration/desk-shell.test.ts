import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SessionGrant } from '../../src/shared/contract/index.ts';
import { connect, firstEvents, postSession } from './desk/desk-fixture.ts';
import { printedLink, runShell } from './desk/shell-fixture.ts';

const passphrase = 'Zw8-correct-horse-battery';

let directory: string;
let dataDirectory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'belvedere-shell-'));
  dataDirectory = join(directory, 'data');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function everyFile(root: string): Promise<Buffer> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Buffer.concat(await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name)))));
}

describe('the web shell', () => {
  it('opens a site with one link, ends cleanly at Ctrl-C, and finds everything again', async () => {
    const settings = {
      passphrase,
      demo: { cameraUsername: 'a', cameraPassword: 'b', nodeUsername: 'c', nodePassword: 'd' },
    };
    {
      await using shell = runShell(['--data', dataDirectory, '--no-open', '--settings-stdin']);
      shell.send(JSON.stringify(settings));
      const { port, code } = await printedLink(shell);
      const origin = `http://127.0.0.1:${port}`;
      const { token } = SessionGrant.parse(await (await postSession(origin, { code })).json());
      using page = connect(origin, token);
      await page.client.mutation('site.rename', { name: 'Harbour' });
      expect(await firstEvents(page.client, 'site.watch', { count: 1 })).toEqual([
        {
          name: 'Harbour',
          colorScheme: 'auto',
          version: expect.stringMatching(/^\d+\.\d+\.\d+/),
          shell: 'web',
          demo: settings.demo,
        },
      ]);
      shell.child.kill('SIGINT');
      expect(await shell.exited).toBe(0);
      expect(shell.output()).not.toContain(passphrase);
      expect(shell.output()).not.toContain(token);
    }
    const stored = await everyFile(dataDirectory);
    expect(stored.includes(passphrase)).toBe(false);

    await using again = runShell(['--data', dataDirectory, '--no-open', '--passphrase-stdin']);
    again.send(passphrase);
    const { port, code } = await printedLink(again);
    const origin = `http://127.0.0.1:${port}`;
    const { token } = SessionGrant.parse(await (await postSession(origin, { code })).json());
    using page = connect(origin, token);
    expect(await firstEvents(page.client, 'vault.watch', { count: 1 })).toEqual([
      { kind: 'unlocked', protection: 'passphrase' },
    ]);
    expect(await firstEvents(page.client, 'site.watch', { count: 1 })).toMatchObject([{ name: 'Harbour' }]);
  });

  it('prints another link when Enter is pressed', async () => {
    await using shell = runShell(['--data', dataDirectory, '--no-open', '--passphrase-stdin']);
    shell.send(passphrase);
    const { port, code } = await printedLink(shell);
    shell.send('');
    const another = await shell.line(new RegExp(`#code=(?!${code})`));
    expect(another).toContain(`http://127.0.0.1:${port}/#code=`);
  });

  it('keeps secrets out of every command line and environment', async () => {
    await using shell = runShell(['--data', dataDirectory, '--no-open', '--passphrase-stdin']);
    shell.send(passphrase);
    const { code } = await printedLink(shell);
    const children = await readFile(`/proc/${shell.child.pid}/task/${shell.child.pid}/children`, 'utf8');
    for (const pid of [String(shell.child.pid), ...children.trim().split(' ')]) {
      const visible = `${await readFile(`/proc/${pid}/cmdline`, 'utf8')}${await readFile(`/proc/${pid}/environ`, 'utf8')}`;
      expect(visible).not.toContain(passphrase);
      expect(visible).not.toContain(code);
    }
  });

  it('leads a browser in through a file that only its owner reads', async () => {
    const browserPath = join(directory, 'browser');
    const seenPath = join(directory, 'seen');
    // Stands for a browser: follows the launch page as one would, and notes what it was given.
    await writeFile(
      browserPath,
      `#!/bin/sh\nfile=$(printf '%s\\n' "$@" | sed -n 's#^--app=file://##p')\n` +
        `{ stat -c %a "$file"; cat "$file"; echo; printf '%s\\n' "$@"; } > '${seenPath}.tmp'\nmv '${seenPath}.tmp' '${seenPath}'\n`,
      { mode: 0o755 },
    );
    await using shell = runShell(['--data', dataDirectory, '--passphrase-stdin'], {
      DISPLAY: ':99',
      BELVEDERE_CHROMIUM: browserPath,
    });
    shell.send(passphrase);
    expect(await shell.exited).toBe(0);
    const [mode, page, ...words] = (await readFile(seenPath, 'utf8')).split('\n');
    const code = /#code=([\w-]{43})"/.exec(page ?? '')?.[1];
    expect([mode, code?.length]).toEqual(['600', 43]);
    expect(words.join(' ')).not.toContain(code);
    expect(words).toContain(`--user-data-dir=${join(dataDirectory, 'browser')}`);
    expect((await readdir(dataDirectory)).filter((name) => name.startsWith('open-'))).toEqual([]);
  });

  it('tells in one sentence when the desk dies', async () => {
    await using shell = runShell(['--data', dataDirectory, '--no-open', '--passphrase-stdin']);
    shell.send(passphrase);
    await printedLink(shell);
    const children = await readFile(`/proc/${shell.child.pid}/task/${shell.child.pid}/children`, 'utf8');
    process.kill(Number(children), 'SIGKILL');
    expect(await shell.exited).toBe(1);
    expect(shell.output()).toContain(
      `Belvedere's desk process ended unexpectedly (by a signal); ${join(dataDirectory, 'logs', 'desk.log')} says more. ` +
        'Start it again: nothing that was saved is lost.',
    );
  });

  it('takes its desk with it when it is killed', async () => {
    const shell = runShell(['--data', dataDirectory, '--no-open', '--passphrase-stdin']);
    shell.send(passphrase);
    await printedLink(shell);
    shell.child.kill('SIGKILL');
    await shell.exited;
    // The pipes close only when the desk, which shares standard error, is gone as well.
    await using again = runShell(['--data', dataDirectory, '--no-open', '--passphrase-stdin']);
    again.send(passphrase);
    expect((await printedLink(again)).port).toBeGreaterThan(0);
  });
});

describe('a start that cannot be', () => {
  it.each([
    [['--prot', '1'], /Unknown option '--prot'/],
    [['--port', '99999'], /--port: Too big/],
    [['--passphrase-stdin', '--settings-stdin'], /exclude each other/],
  ])('says which argument is wrong: %j', async (words, sentence) => {
    await using shell = runShell(words);
    expect(await shell.exited).toBe(1);
    expect(shell.output()).toMatch(sentence);
    expect(shell.output()).not.toMatch(/^ +at /m);
  });

  it('says that another desk has the folder', async () => {
    await using first = runShell(['--data', dataDirectory, '--no-open', '--passphrase-stdin']);
    first.send(passphrase);
    await printedLink(first);
    await using second = runShell(['--data', dataDirectory, '--no-open', '--passphrase-stdin']);
    second.send(passphrase);
    expect(await second.exited).toBe(1);
    expect(second.output()).toMatch(
      /^Another Belvedere \(process \d+\) has the data folder .* open\.\nGo to its window, or close it and start again; --data DIR opens another site\.$/,
    );
  });

  it('says that the passphrase is wrong', async () => {
    {
      await using shell = runShell(['--data', dataDirectory, '--no-open', '--passphrase-stdin']);
      shell.send(passphrase);
      await printedLink(shell);
    }
    await using shell = runShell(['--data', dataDirectory, '--no-open', '--passphrase-stdin']);
    shell.send('not the passphrase');
    expect(await shell.exited).toBe(1);
    expect(shell.output()).toBe('That is not the passphrase of this vault.\nTry again.');
  });

  it('says that the port is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    await using shell = runShell([
      '--data',
      dataDirectory,
      '--no-open',
      '--port',
      String(port),
      '--passphrase-stdin',
    ]);
    shell.send(passphrase);
    expect(await shell.exited).toBe(1);
    server.close();
    expect(shell.output()).toBe(
      `Port ${port} on 127.0.0.1 is in use by another program.\nChoose another with --port, or leave it out to get a free one.`,
    );
  });

  it('says that the database is newer', async () => {
    {
      await using shell = runShell(['--data', dataDirectory, '--no-open', '--passphrase-stdin']);
      shell.send(passphrase);
      await printedLink(shell);
    }
    const database = new Sqlite(join(dataDirectory, 'site.sqlite'));
    database.pragma('user_version = 99');
    database.close();
    await using shell = runShell(['--data', dataDirectory, '--no-open', '--passphrase-stdin']);
    shell.send(passphrase);
    expect(await shell.exited).toBe(1);
    expect(shell.output()).toMatch(
      /has schema version 99; this Belvedere knows versions up to \d+\.\nOpen it with the newer Belvedere/,
    );
  });
});
