import { once } from 'node:events';
import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSsh } from '../../src/main/platform/ssh/index.ts';
import { DeployDesk, outline } from './deploy-fixture.ts';
import type { DeskOptions } from './deploy-fixture.ts';
import { inspect, nothing, running, tokensOn } from './deploy-inspection.ts';
import { answersAs } from './deploy-victim.ts';
import { startNode } from './sim-node-fixture.ts';
import type { NodeUnderTest } from './sim-node-fixture.ts';
import { makeBundle, makeKey } from './test-bundle.ts';
import type { TestBundleOptions, TestKey } from './test-bundle.ts';

/** What the small engine leaves free beside its recordings, of which it makes none. */
const reserveBytes = 64 << 20;

let directory = '';
let key: TestKey;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'belvedere-test-bundles-'));
  key = await makeKey(directory);
});
afterAll(() => rm(directory, { recursive: true }));

const allDone = {
  connect: 'done',
  preflight: 'done',
  verify: 'done',
  upload: 'done',
  unpack: 'done',
  service: 'done',
  enrol: 'done',
  switch: 'done',
  start: 'done',
  health: 'done',
  tidy: 'done',
  register: 'done',
  revoke: 'done',
};

function bundle(version: string, options: Partial<TestBundleOptions> = {}): Promise<void> {
  return makeBundle({ directory, version, key, ...options });
}

async function openDesk(site: NodeUnderTest, options: Partial<DeskOptions> = {}): Promise<DeployDesk> {
  const desk = await DeployDesk.open({
    trustedKeyLine: key.publicKeyLine,
    bundleDirectory: directory,
    engineProbe: answersAs(site.target),
    reserveBytes,
    ...options,
  });
  desk.addNode(site.target);
  return desk;
}

describe('a deployment', () => {
  it('goes onto a bare node, and again without harm', async () => {
    await bundle('1.0.0');
    await using site = await startNode();
    await using desk = await openDesk(site);
    const first = await desk.deploy();
    expect({ state: first.state.kind, steps: outline(first) }).toEqual({
      state: 'succeeded',
      steps: allDone,
    });
    expect(await inspect(site)).toEqual(running('1.0.0'));
    const registered = desk.inventory.engines.get('rec-1');
    expect(registered).toEqual({
      version: '1.0.0',
      host: 'supervised',
      port: 8443,
      certificatePin: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
      token: expect.stringMatching(/^[\w-]{43}$/),
      tokenId: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    const second = await desk.deploy();
    const skipped = {
      upload: 'skipped',
      unpack: 'skipped',
      service: 'skipped',
      enrol: 'skipped',
      switch: 'skipped',
    };
    expect({ state: second.state.kind, steps: outline(second) }).toEqual({
      state: 'succeeded',
      steps: { ...allDone, ...skipped, start: 'skipped', register: 'skipped' },
    });
    expect(await inspect(site)).toEqual(running('1.0.0'));
    expect(desk.inventory.engines.get('rec-1')).toEqual(registered);
  });

  it('brings newer versions, keeps the one before and removes older ones', async () => {
    await using site = await startNode();
    await using desk = await openDesk(site);
    for (const version of ['1.0.0', '1.1.0', '1.2.0']) {
      await bundle(version);
      expect((await desk.deploy()).state.kind).toBe('succeeded');
    }
    expect(await inspect(site)).toEqual(running('1.2.0', '1.1.0'));
    expect(desk.inventory.engines.get('rec-1')?.version).toBe('1.2.0');
  });

  it('goes back to the release before when the new one is not healthy', async () => {
    await using site = await startNode();
    await using desk = await openDesk(site, { healthTimeoutMs: 500 });
    await bundle('1.0.0');
    await desk.deploy();
    const registered = desk.inventory.engines.get('rec-1');
    await bundle('1.1.0');
    await writeFile(join(site.node.homeDirectory, 'unhealthy-1.1.0'), '');
    const run = await desk.deploy();
    expect(run.state).toMatchObject({
      kind: 'failed',
      failure: {
        code: 'engine-unhealthy',
        message: 'The engine on node rec-1 was not healthy after 0.5 s. The disk is on fire.',
      },
    });
    expect(outline(run)).toEqual({
      ...allDone,
      upload: 'undone',
      unpack: 'undone',
      service: 'skipped',
      enrol: 'skipped',
      switch: 'undone',
      start: 'undone',
      health: 'failed',
      tidy: 'waiting',
      register: 'waiting',
      revoke: 'waiting',
    });
    expect(await inspect(site)).toEqual({ ...running('1.0.0'), links: ['releases/1.0.0', 'releases/1.0.0'] });
    expect(desk.inventory.engines.get('rec-1')).toEqual(registered);
    expect(run.log.map(({ text }) => text)).toContain('Release 1.0.0 runs again.');
  });

  it('revokes the older token once a new one works, and not before', async () => {
    await bundle('1.0.0');
    await using site = await startNode();
    await using desk = await openDesk(site);
    await desk.deploy();
    const first = desk.inventory.engines.get('rec-1');
    // As when the engine's data were put back from a backup: it does not know the token any more, its file is there.
    const file = join(site.node.homeDirectory, 'belvedere', 'data', 'tokens', first?.tokenId ?? '');
    await writeFile(file, 'damaged');
    await bundle('1.1.0');
    await writeFile(join(site.node.homeDirectory, 'unhealthy-1.1.0'), '');
    const runId = await desk.begin('health');
    expect(await tokensOn(site)).toHaveLength(2);
    desk.runs.cancel(runId);
    await desk.runs.ended(runId);
    expect([await tokensOn(site), desk.inventory.engines.get('rec-1')]).toEqual([[first?.tokenId], first]);

    await rm(join(site.node.homeDirectory, 'unhealthy-1.1.0'));
    const run = await desk.deploy();
    const second = desk.inventory.engines.get('rec-1');
    expect(run.log.map(({ text }) => text)).toContain('One older token opens this engine no more.');
    expect(await tokensOn(site)).toEqual([second?.tokenId]);
    expect(second?.tokenId).not.toBe(first?.tokenId);
    expect(desk.inventory.supersededTokens('rec-1')).toEqual([]);
  });

  it('survives the reboot of the node and the crash of its engine', async () => {
    await bundle('1.0.0');
    await using site = await startNode();
    await using desk = await openDesk(site);
    await desk.deploy();
    await site.node.reboot(0);
    await expect.poll(() => inspect(site), { timeout: 10_000 }).toEqual(running('1.0.0'));
    const pid = Number(await readFile(join(site.node.homeDirectory, 'belvedere', 'engine.pid'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => inspect(site), { timeout: 10_000 }).toEqual(running('1.0.0'));
  });

  it('tells no secret to its log, its journal or the command lines of the node', async () => {
    await bundle('1.0.0');
    await using site = await startNode();
    const databasePath = join(directory, 'secrets.sqlite');
    await using desk = await openDesk(site, { databasePath });
    const run = await desk.deploy();
    const token = desk.inventory.engines.get('rec-1')?.token ?? '';
    expect(token).toHaveLength(43);
    desk.database.pragma('wal_checkpoint(TRUNCATE)');
    const supervisorLog = await readFile(
      join(site.node.homeDirectory, 'belvedere', 'supervisor.log'),
      'utf8',
    );
    const places = [
      JSON.stringify(run),
      desk.log.text,
      await readFile(databasePath, 'latin1'),
      supervisorLog,
    ];
    for (const place of places)
      expect([place.includes(token), place.includes(site.password)]).toEqual([false, false]);
    expect(places.every((place) => place.length > 0 || place === desk.log.text)).toBe(true);
  });
});

async function failureOn(site: NodeUnderTest, options: Partial<DeskOptions> = {}): Promise<unknown> {
  await using desk = await openDesk(site, options);
  const { state } = await desk.deploy();
  expect(desk.inventory.engines.size).toBe(0);
  return 'failure' in state ? state.failure : state;
}

describe('what goes wrong says so in one sentence and leaves nothing half done:', () => {
  it('a node that cannot be reached', async () => {
    await bundle('1.0.0');
    await using site = await startNode();
    await site.node.setFault({ kind: 'refuse' });
    expect(await failureOn(site)).toEqual({
      code: 'unreachable',
      message: `Node rec-1 (${site.node.address} port 2222) refused the connection.`,
      remedy: 'Check that the SSH server runs there and listens on this port.',
    });
  });

  it('a changed host key', async () => {
    await using site = await startNode();
    await site.node.changeHostKey();
    expect(await failureOn(site)).toMatchObject({ code: 'host-key-changed' });
    expect(await readdir(site.node.homeDirectory)).toEqual([]);
  });

  it('a wrong password', async () => {
    await using site = await startNode();
    await site.node.setFault({ kind: 'wrong-password' });
    expect(await failureOn(site)).toMatchObject({ code: 'credentials-refused' });
  });

  it('a port that another program has', async () => {
    await bundle('1.0.0');
    await using site = await startNode();
    const other = createServer().listen(8443, site.node.address);
    await once(other, 'listening');
    expect(await failureOn(site)).toEqual({
      code: 'port-in-use',
      message: 'Another program on node rec-1 listens on port 8443, which the engine needs.',
      remedy: 'Stop that program, then try again.',
    });
    other.close();
    expect(await readdir(site.node.homeDirectory)).toEqual([]);
  });

  it('another kind of machine, everything that is missing in one go', async () => {
    await bundle('1.0.0');
    await using site = await startNode();
    const uname = join(site.node.directory, 'bin', 'uname');
    await rm(uname);
    await writeFile(uname, '#!/bin/sh\ncase $1 in -s) echo Linux ;; -m) echo riscv64 ;; esac\n');
    await chmod(uname, 0o755);
    await rm(join(site.node.directory, 'bin', 'flock'));
    await rm(join(site.node.directory, 'bin', 'getconf'));
    expect(await failureOn(site)).toEqual({
      code: 'unsupported-host',
      message:
        'Node rec-1 cannot run the engine: its C library is not glibc; its processor is riscv64; it lacks flock.',
      remedy:
        'Use a distribution with glibc 2.28 or newer; use an x86-64 or ARM64 server; install the packages util-linux.',
    });
    expect(await readdir(site.node.homeDirectory)).toEqual([]);
  });

  it('too little space to record, before anything is sent', async () => {
    await bundle('1.0.0', { ballastBytes: 4 << 20 });
    // Enough for the release: what is missing is what the engine leaves free beside its recordings.
    await using site = await startNode({ diskBytes: 64 << 20 });
    expect(await failureOn(site)).toEqual({
      code: 'no-space',
      message: expect.stringMatching(
        /^Node rec-1 cannot run the engine: it has 67 MB free at \S+, and 8\d MB are needed to install and to record\.$/,
      ),
      remedy: expect.stringMatching(/^Free space at \S+\.$/),
    });
    expect(await readdir(site.node.homeDirectory)).toEqual([]);
  });

  it.for(['upload', 'unpack'])('a disk that fills up during %s', async (stepId) => {
    await bundle('1.0.0', { ballastBytes: 8 << 20 });
    await using site = await startNode({ diskBytes: 128 << 20 });
    await using desk = await openDesk(site);
    const runId = await desk.begin(stepId);
    await site.node.fillDisk();
    await desk.runs.ended(runId);
    expect(desk.runs.get(runId).state).toMatchObject({ kind: 'failed', failure: { code: 'no-space' } });
    await site.node.freeDisk();
    expect(await inspect(site)).toEqual(nothing);
    expect((await desk.deploy()).state.kind).toBe('succeeded');
  });

  it('a bundle that is damaged, not signed, or missing on the desk', async () => {
    await using site = await startNode();
    await bundle('1.0.0');
    const archive = join(directory, 'linux-x64', 'belvedere-engine-1.0.0-linux-x64.tgz');
    const content = await readFile(archive);
    content.writeUInt8(content.readUInt8(1000) ^ 1, 1000);
    await writeFile(archive, content);
    expect(await failureOn(site)).toEqual({
      code: 'bundle-damaged',
      message: 'The engine bundle belvedere-engine-1.0.0-linux-x64.tgz is damaged.',
      remedy: 'Reinstall Belvedere, or build the engine bundle again.',
    });
    await writeFile(archive, content.subarray(0, -1));
    expect(await failureOn(site)).toMatchObject({
      code: 'bundle-damaged',
      message: 'The engine bundle for x64 is not complete.',
    });
    await bundle('1.0.0', { key: await makeKey(directory, 'stranger') });
    expect(await failureOn(site)).toMatchObject({
      code: 'bundle-damaged',
      message:
        'The engine bundle belvedere-engine-1.0.0-linux-x64.tgz is not signed with the key that this Belvedere trusts.',
    });
    await rm(join(directory, 'linux-x64'), { recursive: true });
    expect(await failureOn(site)).toMatchObject({ code: 'bundle-missing' });
    expect(await readdir(site.node.homeDirectory)).toEqual([]);
  });

  it.for([
    ['changed', (folder: string) => writeFile(join(folder, 'lib', 'engine.sh'), 'exit 0')],
    ['missing', (folder: string) => rm(join(folder, 'lib', 'ballast'))],
    ['added', (folder: string) => writeFile(join(folder, 'lib', 'more'), '')],
  ] as const)('an archive whose files do not fit the signed sums: one is %s', async ([, tamper]) => {
    await bundle('1.0.0', { tamper });
    await using site = await startNode();
    expect(await failureOn(site)).toEqual({
      code: 'bundle-damaged',
      message: 'The engine bundle 1.0.0 is damaged: its files on node rec-1 do not fit their sums.',
      remedy: 'Build or download the bundle again.',
    });
    expect(await inspect(site)).toEqual(nothing);
  });

  it('an archive that brings more rights than a program needs', async () => {
    await bundle('1.0.0', {
      tamper: async (folder) => {
        await chmod(join(folder, 'bin', 'node'), 0o6777);
        await chmod(join(folder, 'lib'), 0o1777);
      },
    });
    await using site = await startNode();
    await using desk = await openDesk(site);
    expect((await desk.deploy()).state.kind).toBe('succeeded');
    await using connection = await createSsh().connect(site.target, new AbortController().signal);
    const { stdout } = await connection.exec('find belvedere/releases -perm /7022');
    expect(stdout).toBe('');
  });

  it('a bundle that the desk trusts and the node does not, because it pinned another key', async () => {
    await using site = await startNode();
    await bundle('1.0.0');
    await using desk = await openDesk(site);
    await desk.deploy();
    const newKey = await makeKey(directory, 'new');
    await bundle('1.1.0', { key: newKey });
    await using newDesk = await openDesk(site, { trustedKeyLine: newKey.publicKeyLine });
    expect((await newDesk.deploy()).state).toMatchObject({
      kind: 'failed',
      failure: {
        code: 'bundle-damaged',
        message:
          'The engine bundle 1.1.0 is not signed with the key that node rec-1 pinned when it was enrolled.',
      },
    });
    expect(await inspect(site)).toEqual(running('1.0.0'));
  });

  it('a connection that breaks in the middle', async () => {
    await bundle('1.0.0', { ballastBytes: 8 << 20 });
    await using site = await startNode();
    await using desk = await openDesk(site);
    const runId = await desk.begin('upload');
    await site.node.reboot(0);
    await desk.runs.ended(runId);
    expect(desk.runs.get(runId).state).toMatchObject({ kind: 'failed', failure: { code: 'unreachable' } });
    expect(await inspect(site)).toEqual(nothing);
    expect((await desk.deploy()).state.kind).toBe('succeeded');
  });
});

describe('cancelling', () => {
  it.for(['connect', 'upload', 'unpack', 'service', 'enrol', 'switch', 'start', 'health'])(
    'during %s leaves the node as it was',
    async (stepId) => {
      await bundle('1.0.0', { ballastBytes: 1 << 20 });
      await using site = await startNode();
      await using desk = await openDesk(site);
      const runId = await desk.begin(stepId);
      desk.runs.cancel(runId);
      await desk.runs.ended(runId);
      expect(desk.runs.get(runId).state.kind).toBe('cancelled');
      expect(await inspect(site)).toEqual(nothing);
      expect(desk.inventory.engines.size).toBe(0);
      expect(await tokensOn(site)).toEqual([]);
    },
  );

  it('is refused a second run meanwhile', async () => {
    await bundle('1.0.0');
    await using site = await startNode();
    await using desk = await openDesk(site);
    const runId = await desk.begin('connect');
    expect(() => desk.runs.begin({ kind: 'deploy', nodeId: 'rec-1', input: {} })).toThrow(
      'A run is on this node already.',
    );
    desk.runs.cancel(runId);
    await desk.runs.ended(runId);
  });
});
