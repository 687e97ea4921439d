import { createHash, randomBytes } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { generateEd25519Key } from '../../src/sim/node/host-key.ts';
import { createSsh, shellCommand, shellScript } from '../../src/main/platform/ssh/index.ts';
import type { SshConnection } from '../../src/main/platform/ssh/index.ts';
import { findNodeProcesses } from '../../src/sim/node/processes.ts';
import { failureOf, startNode } from './sim-node-fixture.ts';

const never = new AbortController().signal;
const hurried = createSsh({ connectMs: 300, handshakeMs: 300 });

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

async function upload(connection: SshConnection, content: Buffer, path: string): Promise<void> {
  await connection.upload(Readable.from([content]), path, {
    sha256: sha256(content),
    byteLength: content.length,
  });
}

describe('signing in', () => {
  it('reads the host key without signing in, the same one every time', async () => {
    await using site = await startNode();
    const first = await createSsh().readHostKey(site.node, never);
    expect(first).toEqual({
      fingerprint: site.target.hostKeyFingerprint,
      algorithm: 'ssh-ed25519',
      banner: 'SSH-2.0-BelvedereSimulatedNode',
    });
    await site.node.reboot(0);
    expect(await createSsh().readHostKey(site.node, never)).toEqual(first);
  });

  it('signs in with a password or a key', async () => {
    const pair = generateEd25519Key({ passphrase: 'open sesame' });
    await using site = await startNode({ authorizedKeys: [pair.public] });
    await using byPassword = await createSsh().connect(site.target, never);
    expect(await byPassword.exec('id -un >/dev/null; echo here')).toEqual({
      exitCode: 0,
      signal: undefined,
      stdout: 'here\n',
      stderr: '',
    });
    const withKey = (passphrase: string) => ({
      ...site.target,
      authentication: { kind: 'key', privateKey: pair.private, passphrase } as const,
    });
    await using byKey = await createSsh().connect(withKey('open sesame'), never);
    expect((await byKey.exec('echo here')).stdout).toBe('here\n');
    expect(await failureOf(createSsh().connect(withKey('wrong'), never))).toMatchObject({
      code: 'credentials-refused',
      message: expect.stringContaining('passphrase is wrong'),
    });
  });

  it('says when credentials are refused, without repeating them', async () => {
    await using site = await startNode();
    const authentication = { kind: 'password', password: 'a wrong one' } as const;
    const failure = await failureOf(createSsh().connect({ ...site.target, authentication }, never));
    expect(failure).toEqual({
      code: 'credentials-refused',
      message: `Node rec-1 (${site.node.address} port 2222) refused the password of user engineer.`,
      remedy: 'Check the user name and the password.',
    });
    await site.node.setFault({ kind: 'wrong-password' });
    expect(await failureOf(createSsh().connect(site.target, never))).toEqual(failure);
  });

  it('refuses a changed host key before it sends anything', async () => {
    await using site = await startNode();
    await site.node.changeHostKey();
    const now = await createSsh().readHostKey(site.node, never);
    expect(now.fingerprint).not.toBe(site.target.hostKeyFingerprint);
    expect(await failureOf(createSsh().connect(site.target, never))).toEqual({
      code: 'host-key-changed',
      message:
        `Node rec-1 (${site.node.address} port 2222) shows the host key ${now.fingerprint}, but ` +
        `${site.target.hostKeyFingerprint} was pinned when it was added. It was reinstalled, or another machine answers at its address.`,
      remedy: 'Compare the fingerprint on the node itself; if it is right, remove the node and add it again.',
    });
  });
});

describe('a network that fails', () => {
  it.for([
    { fault: { kind: 'refuse' }, code: 'unreachable', text: 'refused the connection' },
    { fault: { kind: 'blackhole' }, code: 'timed-out', text: 'did not answer within 300 ms' },
    { fault: { kind: 'hang' }, code: 'timed-out', text: 'did not complete the SSH handshake within 300 ms' },
    {
      fault: { kind: 'slow', delayMs: 60_000 },
      code: 'timed-out',
      text: 'did not complete the SSH handshake within 300 ms',
    },
  ] as const)('$fault.kind', async ({ fault, code, text }) => {
    await using site = await startNode();
    await site.node.setFault(fault);
    const expected = { code, message: expect.stringContaining(text) };
    expect(await failureOf(hurried.connect(site.target, never))).toMatchObject(expected);
    expect(await failureOf(hurried.readHostKey(site.target, never))).toMatchObject(expected);
    await site.node.setFault();
    await using connection = await createSsh().connect(site.target, never);
    expect((await connection.exec('echo back')).stdout).toBe('back\n');
  });

  it('something that is no SSH server', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => server.listen(2223, '127.31.1.1', resolve));
    const failure = await failureOf(createSsh().readHostKey({ address: '127.31.1.1', port: 2223 }, never));
    server.close();
    expect(failure).toEqual({
      code: 'unreachable',
      message: 'The server at 127.31.1.1 port 2223 answered, but the SSH handshake failed.',
      remedy: 'Check that an up-to-date SSH server, and no other service, listens on this port.',
    });
  });

  it('a node that dies in the middle of a command', async () => {
    await using site = await startNode();
    await using connection = await createSsh().connect(site.target, never);
    const failure = failureOf(connection.exec('kill -0 $$ && sleep 60'));
    await site.node.reboot(0);
    expect(await failure).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('broke off'),
    });
    expect(await failureOf(connection.exec('true'))).toMatchObject({ code: 'unreachable' });
  });
});

describe('commands', () => {
  it('carry input, output and status; the node has no Node.js and no secret in its environment', async () => {
    await using site = await startNode();
    await using connection = await createSsh().connect(site.target, never);
    expect(
      await connection.exec(shellScript('cat; echo "$1" >&2; exit 7', "it's"), { stdin: 'größer' }),
    ).toEqual({
      exitCode: 7,
      signal: undefined,
      stdout: 'größer',
      stderr: "it's\n",
    });
    expect(await connection.exec('kill -TERM $$')).toEqual({
      exitCode: undefined,
      signal: 'TERM',
      stdout: '',
      stderr: '',
    });
    const { stdout } = await connection.exec(
      'pwd; env; command -v node nodejs npm systemctl sudo || echo none',
    );
    expect(stdout).toContain(`${site.node.homeDirectory}\n`);
    expect(stdout).toContain('BELVEDERE_NODE_HOST=supervised\n');
    expect(stdout.endsWith('none\n')).toBe(true);
    expect(stdout).not.toContain(site.password);
  });

  it('end at their deadline, on cancellation and at the output bound, and leave no process behind', async () => {
    await using site = await startNode();
    await using connection = await createSsh().connect(site.target, never);
    expect(await failureOf(connection.exec('sleep 60', { timeoutMs: 50 }))).toMatchObject({
      code: 'timed-out',
    });
    const cancel = new AbortController();
    const cancelled = failureOf(connection.exec('sleep 60', { signal: cancel.signal }));
    cancel.abort();
    expect(await cancelled).toMatchObject({ code: 'cancelled' });
    expect(await failureOf(connection.exec('cat /dev/zero', { maxOutputBytes: 1000 }))).toMatchObject({
      code: 'command-failed',
    });
    expect((await connection.exec('echo alive')).stdout).toBe('alive\n');
    await connection[Symbol.asyncDispose]();
    await expect.poll(() => findNodeProcesses(site.node.directory)).toEqual([]);
  });
});

describe('uploads', () => {
  it('arrive whole, private, with progress', async () => {
    await using site = await startNode();
    await using connection = await createSsh().connect(site.target, never);
    const content = randomBytes(5_000_001);
    const progress: number[] = [];
    await connection.upload(
      Readable.from([content.subarray(0, 3_000_000), content.subarray(3_000_000)]),
      'a file',
      {
        sha256: sha256(content),
        byteLength: content.length,
        onProgress: (sentBytes) => progress.push(sentBytes),
      },
    );
    const path = join(site.node.homeDirectory, 'a file');
    expect((await readFile(path)).equals(content)).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(progress).toEqual([3_000_000, 5_000_001]);
  });

  it('that are damaged, cancelled, stalled or do not fit leave nothing', async () => {
    await using site = await startNode({ diskBytes: 4 << 20 });
    await using connection = await createSsh().connect(site.target, never);
    const content = randomBytes(1 << 20);
    const options = { sha256: sha256(content), byteLength: content.length };

    const damaged = connection.upload(Readable.from([content.subarray(1)]), 'file', options);
    expect(await failureOf(damaged)).toMatchObject({ code: 'bundle-damaged' });

    const cancel = new AbortController();
    const endless = new Readable({ read: () => undefined });
    endless.push(content);
    const cancelled = failureOf(
      connection.upload(endless, 'file', {
        ...options,
        signal: cancel.signal,
        onProgress: () => cancel.abort(),
      }),
    );
    expect(await cancelled).toMatchObject({ code: 'cancelled' });

    const silent = connection.upload(new Readable({ read: () => undefined }), 'file', {
      ...options,
      stallTimeoutMs: 50,
    });
    expect(await failureOf(silent)).toMatchObject({
      code: 'timed-out',
      message: expect.stringContaining('took no data'),
    });

    await site.node.fillDisk(100_000);
    expect(await failureOf(upload(connection, content, 'file'))).toEqual({
      code: 'no-space',
      message: `The disk of node rec-1 (${site.node.address} port 2222) is full; file could not be written.`,
      remedy: 'Free space on it, then try again.',
    });
    await site.node.freeDisk();
    expect(await readdir(site.node.homeDirectory)).toEqual([]);

    await upload(connection, content, 'file');
    expect(await failureOf(upload(connection, content, 'no/such/folder/file'))).toMatchObject({
      code: 'command-failed',
    });
    expect(await readdir(site.node.homeDirectory)).toEqual(['file']);
    expect((await connection.exec(shellCommand(['sha256sum', 'file']))).stdout).toContain(sha256(content));
  });
});
