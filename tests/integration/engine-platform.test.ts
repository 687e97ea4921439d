import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, readdir, rename, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFileOnce, writeFileAtomic } from '../../src/engine/platform/atomic-file.ts';
import { readOrMakeCertificate } from '../../src/engine/platform/certificate.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { openConfigStore } from '../../src/engine/platform/config-store.ts';
import type { ConfigStore } from '../../src/engine/platform/config-store.ts';
import { EngineExit } from '../../src/engine/platform/exit.ts';
import { engineLayout, makeDirectories } from '../../src/engine/platform/layout.ts';
import type { EngineLayout } from '../../src/engine/platform/layout.ts';
import { openSealedStore } from '../../src/engine/platform/sealed-store.ts';
import type { Secrets } from '../../src/engine/platform/sealed-store.ts';
import { createTokenRegistry, issueToken, revokeToken } from '../../src/engine/platform/tokens.ts';
import type { TokenBearer, TokenRegistry } from '../../src/engine/platform/tokens.ts';
import type { Clock } from '../../src/shared/domain/clock.ts';
import { ConfigUpdate, ServeUpdate } from '../../src/shared/engine-api/index.ts';
import type { CameraConfig } from '../../src/shared/engine-api/index.ts';
import { temporaryFolder } from './engine-process.ts';
import { ManualClock } from '../unit/engine/ingest/manual-clock.ts';
import { MemoryLog } from './memory-log.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let layout: EngineLayout;

beforeEach(async () => {
  folder = await temporaryFolder();
  layout = engineLayout(join(folder.path, 'engine'));
  makeDirectories(layout);
});

afterEach(() => folder[Symbol.asyncDispose]());

/** Why the engine would end, if it would. */
function exitReason(act: () => unknown): string {
  try {
    act();
    return 'none';
  } catch (error) {
    if (error instanceof EngineExit) return error.reason;
    throw error;
  }
}

describe('the sealed store', () => {
  const content: Secrets = {
    cameraCredentials: new Map([
      ['gate', { username: 'admin', password: 'geheim' }],
      ['constructor', { username: '', password: '' }],
    ]),
    streamKeys: new Map([['dock', 'a-stream-key']]),
    accountPasswords: new Map([['wall', 'pässword']]),
    slaveTokens: new Map([['rec-1', 'T'.repeat(43)]]),
  };

  it('gives back what was sealed, also to the next start, and nothing before that', () => {
    const store = openSealedStore(layout);
    expect(store.read()).toEqual(noSecrets);
    store.write(content);
    expect(openSealedStore(layout).read()).toEqual(content);
  });

  it('never seals the same content into the same bytes', async () => {
    const store = openSealedStore(layout);
    store.write(content);
    const first = await readFile(layout.credentials, 'utf8');
    store.write(content);
    expect(await readFile(layout.credentials, 'utf8')).not.toBe(first);
  });

  it.each(['nonce', 'tag', 'ciphertext'])('notices a changed %s', async (field) => {
    openSealedStore(layout).write(content);
    const envelope: Record<string, string> = JSON.parse(await readFile(layout.credentials, 'utf8'));
    const bytes = Buffer.from(envelope[field] ?? '', 'base64');
    bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
    await writeFile(layout.credentials, JSON.stringify({ ...envelope, [field]: bytes.toString('base64') }));
    expect(exitReason(() => openSealedStore(layout).read())).toBe('damaged-state');
  });

  it('does not open with another key', async () => {
    openSealedStore(layout).write(content);
    await writeFile(layout.storeKey, randomBytes(32));
    expect(exitReason(() => openSealedStore(layout).read())).toBe('damaged-state');
  });
});

const noSecrets: Secrets = {
  cameraCredentials: new Map(),
  streamKeys: new Map(),
  accountPasswords: new Map(),
  slaveTokens: new Map(),
};

function open(): ConfigStore {
  return openConfigStore(layout, openSealedStore(layout), new MemoryLog());
}

describe('the configuration on disk', () => {
  const credentials = { username: 'admin', password: 'geheim' };
  const gate: CameraConfig = { id: 'gate', name: 'Gate', main: 'rtsp://10.0.0.1/', record: true };

  it('survives, with every secret sealed', async () => {
    const token = 'T'.repeat(43);
    const update = ConfigUpdate.parse({
      version: 0,
      cameras: [{ ...gate, credentials, streamKey: 'geheim-key' }],
      serve: { accounts: [{ username: 'wall', password: 'geheim-too' }] },
      master: {
        slaves: [
          {
            id: 'rec-1',
            address: '10.0.0.7:8443',
            certificatePin: `${'A'.repeat(43)}=`,
            scope: 'peer',
            token,
          },
        ],
        cameras: [{ id: 'dock', name: 'Dock', slaveId: 'rec-1' }],
      },
    });
    const change = open().update(update);
    const again = open();
    expect(change).toEqual({ kind: 'applied', config: again.current() });
    expect(again.current()).toMatchObject({
      cameras: [{ ...gate, credentials, streamKey: 'geheim-key' }],
      serve: { accounts: [{ username: 'wall', password: 'geheim-too' }] },
      master: { slaves: [{ id: 'rec-1', token }] },
    });
    const onDisk = (await readFile(layout.config, 'utf8')) + (await readFile(layout.credentials, 'utf8'));
    for (const secret of ['geheim', token]) {
      expect(JSON.stringify(again.view())).not.toContain(secret);
      expect(onDisk).not.toContain(secret);
    }
  });

  it('of format 1 is read, and written in the present format at the next change', async () => {
    const former = join(import.meta.dirname, '../fixtures/engine-config-1');
    await copyFile(join(former, 'config.json'), layout.config);
    await copyFile(join(former, 'credentials.sealed'), layout.credentials);
    const key = await readFile(join(former, 'store.key.base64'), 'utf8');
    await writeFile(layout.storeKey, Buffer.from(key, 'base64'));
    const cameras: readonly CameraConfig[] = [
      {
        id: 'gate',
        name: 'Gate',
        main: 'rtsp://10.0.0.1/main',
        sub: 'rtsp://10.0.0.1/sub',
        credentials,
        record: true,
      },
      { id: 'dock', name: 'Dock', main: 'rtsp://10.0.0.2/main', record: false },
    ];
    expect([open().current().cameras, open().view().version]).toEqual([cameras, 1]);
    open().update({ version: 1, serve: ServeUpdate.parse({ hls: { enabled: true } }) });
    expect([open().current().cameras, open().view().version]).toEqual([cameras, 2]);
    const formats = await Promise.all(
      [layout.config, layout.credentials].map(async (path): Promise<unknown> => {
        const { formatVersion }: { formatVersion: unknown } = JSON.parse(await readFile(path, 'utf8'));
        return formatVersion;
      }),
    );
    expect(formats).toEqual([2, 2]);
  });

  it('forgets the credentials of a camera with the camera', () => {
    open().update({ version: 0, cameras: [{ ...gate, credentials }] });
    open().update({ version: 1, cameras: [] });
    expect(openSealedStore(layout).read()).toEqual(noSecrets);
    open().update({ version: 2, cameras: [gate] });
    expect(open().current().cameras).toEqual([gate]);
  });

  it('gives up a password when told, on the disk too', () => {
    open().update({ version: 0, cameras: [{ ...gate, credentials }] });
    open().update({ version: 1, cameras: [{ ...gate, credentials: null }] });
    expect(openSealedStore(layout).read()).toEqual(noSecrets);
    expect(open().current().cameras).toEqual([gate]);
  });

  it('changes nothing for a stale version', () => {
    open().update({ version: 0, cameras: [gate] });
    expect(open().update({ version: 0, cameras: [] })).toEqual({ kind: 'stale', currentVersion: 1 });
    expect(open().view()).toEqual({ version: 1, cameras: [{ ...gate, hasCredentials: false }] });
  });

  it('keeps old cameras with old passwords when the disk fails between the two files', () => {
    const sealed = openSealedStore(layout);
    openConfigStore(layout, sealed, new MemoryLog()).update({
      version: 0,
      cameras: [{ ...gate, credentials }],
    });
    // As if the power went after the first of the writes that replace gate by dock.
    const { cameraCredentials, ...others } = sealed.read();
    sealed.write({ ...others, cameraCredentials: new Map([...cameraCredentials, ['dock', credentials]]) });
    expect(open().current().cameras).toEqual([{ ...gate, credentials }]);
  });
});

async function bearerOf(registry: TokenRegistry, token: string): Promise<TokenBearer | undefined> {
  await registry.freshen(token);
  return registry.bearerOf(token);
}

describe('tokens', () => {
  const clock = createSystemClock();
  const start = async (log = new MemoryLog(), ticking: Clock = clock) => {
    const registry = createTokenRegistry(layout, ticking, log);
    await registry.start();
    return registry;
  };

  it('are known by their bearer, as soon as they are issued, until they are revoked', async () => {
    await using stack = new AsyncDisposableStack();
    const registry = await start();
    stack.defer(() => registry.stop());
    for (let count = 0; count < 20; count += 1) {
      const { id, token } = issueToken(layout, { scope: 'view', nowUtcMs: 1 });
      // Looks into the directory that were begun before do not count.
      const looks = [registry.freshen('A'.repeat(43)), registry.freshen(token)];
      await looks[1];
      expect(registry.bearerOf(token)).toEqual({ tokenId: id, scope: 'view' });
      await looks[0];
    }
  });

  it('stay on the node as hashes only', async () => {
    const { id, token } = issueToken(layout, { scope: 'admin', nowUtcMs: 7 });
    const text = await readFile(join(layout.tokens, `${id}.json`), 'utf8');
    expect(text).not.toContain(token);
    expect(JSON.parse(text)).toEqual({
      formatVersion: 1,
      id,
      scope: 'admin',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      createdUtcMs: 7,
    });
  });

  it('are refused when revoked, damaged, or of another length', async () => {
    const revoked = issueToken(layout, { scope: 'view', nowUtcMs: 1 });
    const damaged = issueToken(layout, { scope: 'view', nowUtcMs: 1 });
    const good = issueToken(layout, { scope: 'view', nowUtcMs: 1 });
    revokeToken(layout, revoked.id);
    await writeFile(join(layout.tokens, `${damaged.id}.json`), '{');
    const log = new MemoryLog();
    const registry = await start(log);
    const presented = [revoked.token, damaged.token, good.token, '', `${good.token}A`];
    const found = await Promise.all(presented.map((token) => bearerOf(registry, token)));
    await registry.stop();
    expect(found).toEqual([undefined, undefined, { tokenId: good.id, scope: 'view' }, undefined, undefined]);
    expect(log.text).toContain('its file cannot be used');
  });

  it('remember when they were last used', async () => {
    const used = issueToken(layout, { scope: 'view', nowUtcMs: 1 });
    issueToken(layout, { scope: 'view', nowUtcMs: 1 });
    const registry = await start();
    registry.bearerOf(used.token);
    await registry.stop();
    expect(JSON.parse(await readFile(layout.tokenUse, 'utf8'))).toEqual({
      formatVersion: 1,
      lastUsedUtcMs: { [used.id]: expect.any(Number) },
    });
  });

  it('stay valid while their directory cannot be read and nothing can be written, which is logged once', async () => {
    const { id, token } = issueToken(layout, { scope: 'view', nowUtcMs: 1 });
    // Nobody, not even root, puts a file in the place of a directory.
    await mkdir(layout.tokenUse);
    const log = new MemoryLog();
    const ticking = new ManualClock();
    const registry = await start(log, ticking);
    expect(await bearerOf(registry, token)).toEqual({ tokenId: id, scope: 'view' });
    await rename(layout.tokens, `${layout.tokens}-away`);
    for (let minute = 0; minute < 3; minute += 1) {
      ticking.advance(60_000);
      expect(await bearerOf(registry, token)).toEqual({ tokenId: id, scope: 'view' });
      expect(await bearerOf(registry, 'A'.repeat(43))).toBeUndefined();
    }
    await rename(`${layout.tokens}-away`, layout.tokens);
    await rmdir(layout.tokenUse);
    await registry.stop();
    expect(log.text.match(/cannot be looked up/g)).toHaveLength(1);
    expect(log.text.match(/could not be written down/g)).toHaveLength(1);
    expect(JSON.parse(await readFile(layout.tokenUse, 'utf8'))).toMatchObject({
      lastUsedUtcMs: { [id]: expect.any(Number) },
    });
  });

  it('stay valid while their disk hangs, which holds nobody up, and are followed again after it', async () => {
    const { id, token } = issueToken(layout, { scope: 'view', nowUtcMs: 1 });
    const log = new MemoryLog();
    const ticking = new ManualClock();
    const registry = await start(log, ticking);
    await registry.freshen();
    // Whoever opens a pipe waits for who opens its other end, as for a disk that hangs.
    const hanging = join(layout.tokens, `${'0'.repeat(16)}.json`);
    const hangingUse = join(dirname(layout.tokenUse), '.token-use.json.new');
    execFileSync('mkfifo', [hanging, hangingUse]);
    ticking.advance(1_001);
    const waiting = registry.freshen(token);
    ticking.advance(2_000);
    await waiting;
    expect(registry.bearerOf(token)).toEqual({ tokenId: id, scope: 'view' });
    const enrolled = issueToken(layout, { scope: 'view', nowUtcMs: 1 });
    // Nobody waits any more, and nothing more is asked of the disk.
    ticking.advance(180_000);
    await registry.freshen(enrolled.token);
    expect([registry.bearerOf(enrolled.token), registry.bearerOf(token)?.tokenId]).toEqual([undefined, id]);
    expect(log.text.match(/cannot be looked up/g)).toHaveLength(1);

    await writeFile(hanging, '{}');
    await readFile(hangingUse);
    await unlink(hanging);
    await expect.poll(() => bearerOf(registry, enrolled.token)).toBeDefined();
    await registry.stop();
  });

  it('take the name they are asked to have, when it is one and nobody has it', () => {
    const id = '0123456789abcdef';
    const order = { scope: 'view', nowUtcMs: 1 } as const;
    expect(issueToken(layout, { ...order, id }).id).toBe(id);
    for (const bad of [id, '', '../0123456789abcd', '0123456789ABCDEF', `${id}0`])
      expect(exitReason(() => issueToken(layout, { ...order, id: bad }))).toBe('usage');
    revokeToken(layout, id);
    expect(exitReason(() => revokeToken(layout, id))).toBe('unknown-token');
    expect(exitReason(() => revokeToken(layout, '../node'))).toBe('unknown-token');
  });

  it('are bounded in number', () => {
    const ids = Array.from({ length: 256 }, (_, index) => index.toString(16).padStart(16, '0'));
    for (const id of ids) makeFileOnce(join(layout.tokens, `${id}.json`), '{}');
    expect(exitReason(() => issueToken(layout, { scope: 'view', nowUtcMs: 1 }))).toBe('usage');
    revokeToken(layout, ids[0] ?? '');
    expect(exitReason(() => issueToken(layout, { scope: 'view', nowUtcMs: 1 }))).toBe('none');
  });
});

describe('certificate and key', () => {
  it('are made once, and the pin stays when only the certificate is made again', async () => {
    const first = readOrMakeCertificate(layout, Date.UTC(2026, 0, 1));
    expect(readOrMakeCertificate(layout, Date.UTC(2030, 0, 1))).toEqual(first);
    await unlink(layout.certificate);
    const renewed = readOrMakeCertificate(layout, Date.UTC(2030, 0, 1));
    expect({ ...renewed, certificatePem: '' }).toEqual({ ...first, certificatePem: '' });
    expect(renewed.certificatePem).not.toBe(first.certificatePem);
  });

  it('are refused when they do not belong together', async () => {
    readOrMakeCertificate(layout, Date.UTC(2026, 0, 1));
    await unlink(layout.certificateKey);
    expect(exitReason(() => readOrMakeCertificate(layout, Date.UTC(2026, 0, 1)))).toBe('damaged-state');
  });
});

describe('a file', () => {
  it('is replaced whole, readable by nobody else, without leftovers', async () => {
    const path = join(folder.path, 'file');
    writeFileAtomic(path, 'one');
    writeFileAtomic(path, 'two');
    expect([await readFile(path, 'utf8'), (await stat(path)).mode & 0o777]).toEqual(['two', 0o600]);
    expect((await readdir(folder.path)).sort()).toEqual(['engine', 'file']);
  });

  it('that must not change keeps its first content', () => {
    const path = join(folder.path, 'once');
    expect([makeFileOnce(path, 'first'), makeFileOnce(path, 'second')].map(String)).toEqual([
      'first',
      'first',
    ]);
  });

  it('leaves no temporary file behind when it cannot be placed', async () => {
    expect(() => writeFileAtomic(join(folder.path, 'engine'), 'in place of a directory')).toThrow('EISDIR');
    expect(await readdir(folder.path)).toEqual(['engine']);
  });
});
