import { execFile } from 'node:child_process';
import { watch } from 'node:fs';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createSsh } from '../../src/main/platform/ssh/index.ts';
import { generateEd25519Key } from '../../src/sim/node/host-key.ts';
import { createSimNode } from '../../src/sim/node/index.ts';
import { findNodeProcesses } from '../../src/sim/node/processes.ts';
import { startNode } from './sim-node-fixture.ts';

const run = promisify(execFile);
const never = new AbortController().signal;

it('serves OpenSSH, which knows nothing of our client', async () => {
  const pair = generateEd25519Key();
  await using site = await startNode({ authorizedKeys: [pair.public] });
  const directory = await mkdtemp(join(tmpdir(), 'belvedere-openssh-'));
  const keyFile = join(directory, 'key');
  await writeFile(keyFile, pair.private);
  await chmod(keyFile, 0o600);
  const options = [
    '-F',
    'none',
    '-i',
    keyFile,
    '-o',
    'StrictHostKeyChecking=accept-new',
    '-o',
    'BatchMode=yes',
  ];
  const place = [
    '-o',
    `UserKnownHostsFile=${join(directory, 'known')}`,
    '-p',
    '2222',
    `engineer@${site.node.address}`,
  ];
  const child = run('ssh', [...options, ...place, 'tr a-z A-Z; echo done >&2; exit 4']);
  child.child.stdin?.end('hello\n');
  await expect(child).rejects.toMatchObject({
    code: 4,
    stdout: 'HELLO\n',
    stderr: expect.stringContaining('done\n'),
  });
  await rm(directory, { recursive: true });
});

it('kills on stop what tried to get away, and keeps the folder', async () => {
  await using site = await startNode();
  await using connection = await createSsh().connect(site.target, never);
  await connection.exec(
    'touch kept; (setsid nohup sh -c "sleep 600 & sleep 601" >/dev/null 2>&1 </dev/null &)',
  );
  await expect
    .poll(async () => (await findNodeProcesses(site.node.directory)).length)
    .toBeGreaterThanOrEqual(2);
  await site.node.stop();
  expect(await findNodeProcesses(site.node.directory)).toEqual([]);
  expect(await readdir(site.node.homeDirectory)).toEqual(['kept']);
});

it('kills at start what a crash of the simulation left', async () => {
  await using site = await startNode();
  await using connection = await createSsh().connect(site.target, never);
  await connection.exec('(setsid sleep 600 >/dev/null 2>&1 </dev/null &)');
  const second = createSimNode({
    name: 'rec-1',
    address: '127.31.2.1',
    port: 2222,
    directory: site.node.directory,
    username: 'engineer',
    password: site.password,
  });
  await second.start();
  expect(await findNodeProcesses(site.node.directory)).toEqual([]);
  await second.stop();
});

it('reboots: everything is killed, @reboot lines start', async () => {
  await using site = await startNode();
  {
    await using connection = await createSsh().connect(site.target, never);
    await connection.exec('(setsid sleep 600 >/dev/null 2>&1 </dev/null &)');
    await connection.exec('crontab -', { stdin: '@reboot echo booted >"$HOME/booted"\n' });
  }
  const booted = Promise.withResolvers<void>();
  await using watching = new AsyncDisposableStack();
  const watcher = watch(site.node.homeDirectory, (_, filename) => {
    if (filename === 'booted') booted.resolve();
  });
  watching.defer(() => watcher.close());
  await site.node.reboot(50);
  await booted.promise;
  await expect.poll(() => findNodeProcesses(site.node.directory)).toEqual([]);
});

it('bounds connections and sessions', async () => {
  await using site = await startNode();
  await using connection = await createSsh().connect(site.target, never);
  const cancel = new AbortController();
  const sleepers = Array.from({ length: 10 }, () => connection.exec('sleep 60', { signal: cancel.signal }));
  await expect(connection.exec('true')).rejects.toMatchObject({ failure: { code: 'command-failed' } });
  cancel.abort();
  const endings = await Promise.allSettled(sleepers);
  expect(endings.map((ending) => ending.status)).toEqual(Array.from({ length: 10 }, () => 'rejected'));
  await expect.poll(async () => (await connection.exec('echo free')).stdout).toBe('free\n');
});

it('says when its address is taken', async () => {
  await using site = await startNode();
  const { address, port, directory } = site.node;
  const twin = createSimNode({
    name: 'x',
    address,
    port,
    directory: `${directory}-x`,
    username: 'x',
    password: 'x',
  });
  await expect(twin.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await twin.stop();
  await rm(twin.directory, { recursive: true });
});
