import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ScriptedCamera } from './onvif-camera-fixture.ts';
import { startNode } from './sim-node-fixture.ts';
import { createTestSite, failureCodeOf, firstOf, followInventory, type TestSite } from './site-fixture.ts';

const credentials = { username: 'admin', password: 'correct horse' };
const endpoint = 'urn:uuid:5c1e0f5a-0001-4000-8000-000000000001';

const cameras = new Set<ScriptedCamera>();
afterEach(async () => {
  await Promise.all(cameras.values().map(stopCamera));
});

async function stopCamera(camera: ScriptedCamera): Promise<void> {
  cameras.delete(camera);
  await camera[Symbol.asyncDispose]();
}

/** Runs until the test's end. */
async function startCamera(
  address: string,
  options: { readonly endpoint?: string; readonly name?: string; readonly password?: string } = {},
): Promise<ScriptedCamera> {
  const camera = await ScriptedCamera.start({
    address,
    authentication: 'digest-md5',
    credentials: { username: 'admin', password: options.password ?? credentials.password },
  });
  cameras.add(camera);
  await camera.answerProbes(
    options.endpoint ?? endpoint,
    `onvif://www.onvif.org/name/${options.name ?? 'Loading%20dock'}`,
  );
  return camera;
}

async function addNode(site: TestSite, name = 'Recorder Süd') {
  await using node = await startNode({ address: '127.0.0.1', port: 2222 });
  const { address, port, username, authentication, hostKeyFingerprint } = node.target;
  // Waited for here: the node goes when this function is left.
  return await site.inventory.handlers.addNode(
    { name, address, port, username, authentication, hostKeyFingerprint },
    site.signal,
  );
}

describe('cameras of the inventory', () => {
  it('joins a found camera to the site with its credentials in the vault, and tells the page', async () => {
    const camera = await startCamera('127.0.41.1');
    await using site = await createTestSite();
    using events = followInventory(site);
    expect(await events.next()).toEqual({ kind: 'snapshot', cameras: [], nodes: [] });

    expect(await site.addFoundCameras(credentials)).toEqual(['loading-dock']);
    const uri = 'rtsp://127.0.41.1:554/main?a=1&b=2';
    const stored = {
      id: 'loading-dock',
      name: 'Loading dock',
      address: '127.0.41.1',
      manufacturer: 'Norvik & Sons',
      model: 'NV-1',
      serialNumber: 'S-77',
      endpointReference: endpoint,
      username: 'admin',
      profiles: [expect.objectContaining({ token: 'main', streamUri: uri })],
      mainUri: uri,
      addedUtcMs: expect.any(Number),
    };
    expect(await events.next()).toEqual({ kind: 'cameras', cameras: [stored] });
    expect(site.vault.get('camera/loading-dock/password')).toBe(credentials.password);
    expect(site.discovery.candidate(endpoint)?.credentials).toBeUndefined();
    const found = await site.search();
    expect(found.cameras.map(({ cameraId }) => cameraId)).toEqual(['loading-dock']);

    await site.inventory.handlers.renameCamera({ cameraId: 'loading-dock', name: 'Dock 1' }, site.signal);
    expect(await events.next()).toEqual({ kind: 'cameras', cameras: [{ ...stored, name: 'Dock 1' }] });
    await site.inventory.handlers.removeCameras({ cameraIds: ['loading-dock'] }, site.signal);
    expect(await events.next()).toEqual({ kind: 'cameras-removed', ids: ['loading-dock'] });
    expect(site.vault.get('camera/loading-dock/password')).toBeUndefined();
    expect(site.log.text).not.toContain(credentials.password);
    expect(camera.requests.length).toBeGreaterThan(0);
  });

  it('adds all cameras or none', async () => {
    await startCamera('127.0.41.1');
    await startCamera('127.0.41.2', {
      endpoint: 'urn:uuid:gate',
      name: 'Gate',
      password: 'another one',
    });
    await using site = await createTestSite();
    const deviceIds = (await site.search()).cameras.map(({ id }) => id);
    expect(deviceIds).toHaveLength(2);
    await site.discovery.handlers.tryCredentials({ deviceIds, ...credentials }, site.signal);
    const { addCameras } = site.inventory.handlers;
    expect(await failureCodeOf(() => addCameras({ deviceIds }, site.signal))).toBe('credentials-refused');
    expect(await failureCodeOf(() => addCameras({ deviceIds: ['urn:uuid:none'] }, site.signal))).toBe(
      'not-found',
    );
    expect(site.inventory.listCameras()).toEqual([]);
    await addCameras({ deviceIds: [endpoint] }, site.signal);
    expect(await failureCodeOf(() => addCameras({ deviceIds: [endpoint] }, site.signal))).toBe('conflict');
    expect(site.inventory.listCameras()).toHaveLength(1);
  });

  it('stores nothing while the vault is locked', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'belvedere-test-'));
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(() => rm(directory, { recursive: true }));
    const path = join(directory, 'site.sqlite');
    const first = await createTestSite({ databasePath: path });
    await first[Symbol.asyncDispose]();
    await startCamera('127.0.41.1');
    await using site = await createTestSite({ databasePath: path, vaultIs: 'locked' });
    expect(await failureCodeOf(() => site.addFoundCameras(credentials))).toBe('vault-locked');
    expect(site.inventory.listCameras()).toEqual([]);
    // The credentials that fitted are still at hand once the vault is open.
    await site.unlock();
    await site.inventory.handlers.addCameras({ deviceIds: [endpoint] }, site.signal);
    expect(site.inventory.listCameras()).toHaveLength(1);
  });

  it('changes credentials only to ones that the camera accepts', async () => {
    await startCamera('127.0.41.1');
    await using site = await createTestSite();
    await site.addFoundCameras(credentials);
    const { changeCameraCredentials } = site.inventory.handlers;
    const cameraId = 'loading-dock';
    expect(
      await failureCodeOf(() =>
        changeCameraCredentials({ cameraId, username: 'admin', password: 'wrong' }, site.signal),
      ),
    ).toBe('credentials-refused');
    expect(site.vault.get('camera/loading-dock/password')).toBe(credentials.password);
    await changeCameraCredentials({ cameraId, ...credentials }, site.signal);
    expect(site.inventory.camera(cameraId).username).toBe('admin');
  });

  it('follows a camera to a new address, and everything is still there after a restart', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'belvedere-test-'));
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(() => rm(directory, { recursive: true }));
    const path = join(directory, 'site.sqlite');
    const atOldAddress = await startCamera('127.0.41.1');
    {
      await using site = await createTestSite({ databasePath: path });
      await site.addFoundCameras(credentials);
    }
    await stopCamera(atOldAddress);
    await startCamera('127.0.41.9');
    await using site = await createTestSite({ databasePath: path });
    const moved = firstOf(
      (signal) => site.inventory.handlers.watch(undefined, signal),
      (event) => event.kind === 'cameras',
    );
    await site.search();
    expect(await moved).toMatchObject({
      cameras: [
        {
          id: 'loading-dock',
          address: '127.0.41.9',
          mainUri: 'rtsp://127.0.41.9:554/main?a=1&b=2',
          profiles: [{ streamUri: 'rtsp://127.0.41.9:554/main?a=1&b=2' }],
          username: 'admin',
        },
      ],
    });
    expect(site.vault.get('camera/loading-dock/password')).toBe(credentials.password);
  });

  it('keeps the known address while the camera still answers there', async () => {
    await startCamera('127.0.41.1');
    await using site = await createTestSite();
    await site.addFoundCameras(credentials);
    await startCamera('127.0.41.66');
    await site.search();
    await site.search();
    expect(site.inventory.camera('loading-dock').address).toBe('127.0.41.1');
  });
});

function engineWith(version: string, letter: string) {
  return {
    version,
    host: 'supervised',
    port: 7443,
    certificatePin: `${letter.repeat(43)}=`,
    token: letter.repeat(43),
    tokenId: letter.repeat(16),
  } as const;
}

describe('nodes of the inventory', () => {
  it('adds a node after signing in, and removes it with its secrets', async () => {
    await using site = await createTestSite();
    using events = followInventory(site);
    await events.next();
    expect(await addNode(site)).toEqual({ nodeId: 'recorder-sud' });
    const node = {
      id: 'recorder-sud',
      name: 'Recorder Süd',
      address: '127.0.0.1',
      port: 2222,
      username: 'engineer',
      authentication: 'password',
      hostKeyFingerprint: expect.stringMatching(/^SHA256:/),
      engine: { kind: 'none' },
      addedUtcMs: expect.any(Number),
    };
    expect(await events.next()).toEqual({ kind: 'nodes', nodes: [node] });
    expect(site.inventory.sshTarget('recorder-sud')).toMatchObject({
      nodeName: 'Recorder Süd',
      authentication: { kind: 'password', password: expect.any(String) },
    });
    expect(await failureCodeOf(() => addNode(site, 'Again'))).toBe('conflict');
    await site.inventory.handlers.removeNode({ nodeId: 'recorder-sud' }, site.signal);
    expect(await events.next()).toEqual({ kind: 'nodes-removed', ids: ['recorder-sud'] });
    expect(site.vault.get('node/recorder-sud/ssh-password')).toBeUndefined();
  });

  it('shows a host key without trusting it, and refuses a node that shows another', async () => {
    await using node = await startNode({ address: '127.0.0.1', port: 2222 });
    await using site = await createTestSite();
    const { address, port, username, authentication, hostKeyFingerprint } = node.target;
    expect(await site.inventory.handlers.readHostKey({ address, port }, site.signal)).toEqual({
      fingerprint: hostKeyFingerprint,
      algorithm: expect.any(String),
      banner: expect.stringMatching(/^SSH-2\.0-/),
    });
    const newNode = { name: 'rec-1', address, port, username, authentication, hostKeyFingerprint };
    const { addNode: add } = site.inventory.handlers;
    const otherKey = `SHA256:${'A'.repeat(43)}`;
    expect(await failureCodeOf(() => add({ ...newNode, hostKeyFingerprint: otherKey }, site.signal))).toBe(
      'host-key-changed',
    );
    const wrong = { kind: 'password', password: 'wrong' } as const;
    expect(await failureCodeOf(() => add({ ...newNode, authentication: wrong }, site.signal))).toBe(
      'credentials-refused',
    );
    expect(await failureCodeOf(() => add({ ...newNode, port: 2223 }, site.signal))).toBe('unreachable');
    expect(site.inventory.listNodes()).toEqual([]);
    expect(site.log.text).not.toContain(node.password);
  });

  it('keeps a node that records cameras, and refuses to assign to one that is not there', async () => {
    await startCamera('127.0.41.1');
    await using site = await createTestSite();
    await addNode(site);
    await site.addFoundCameras(credentials);
    const { assign, removeNode } = site.inventory.handlers;
    const cameraIds = ['loading-dock'];
    expect(await failureCodeOf(() => assign({ cameraIds, nodeId: 'nowhere' }, site.signal))).toBe(
      'not-found',
    );
    expect(
      await failureCodeOf(() =>
        assign({ cameraIds: [...cameraIds, 'none'], nodeId: 'recorder-sud' }, site.signal),
      ),
    ).toBe('not-found');
    expect(site.inventory.camerasOfNode('recorder-sud')).toEqual([]);
    await assign({ cameraIds, nodeId: 'recorder-sud' }, site.signal);
    expect(await failureCodeOf(() => removeNode({ nodeId: 'recorder-sud' }, site.signal))).toBe('conflict');
    await assign({ cameraIds }, site.signal);
    await removeNode({ nodeId: 'recorder-sud' }, site.signal);
    expect(site.inventory.listNodes()).toEqual([]);
  });

  it('registers a deployment with its token in the vault, and replaces it', async () => {
    await using site = await createTestSite();
    const { nodeId } = await addNode(site);
    expect(site.inventory.deployedEngine(nodeId)).toBeUndefined();
    const engine = {
      version: '0.1.0',
      host: 'supervised',
      port: 7443,
      certificatePin: `${'p'.repeat(43)}=`,
      token: 't'.repeat(43),
    } as const;
    site.inventory.markDeployed(nodeId, engine);
    expect(site.inventory.deployedEngine(nodeId)).toEqual(engine);
    site.inventory.markDeployed(nodeId, { ...engine, version: '0.2.0', token: 'u'.repeat(43) });
    expect(site.inventory.deployedEngine(nodeId)).toEqual({
      ...engine,
      version: '0.2.0',
      token: 'u'.repeat(43),
    });
    expect(site.inventory.node(nodeId).engine).toEqual({
      kind: 'deployed',
      version: '0.2.0',
      host: 'supervised',
      port: 7443,
      deployedUtcMs: expect.any(Number),
    });
    expect(await failureCodeOf(() => site.inventory.markDeployed('nowhere', engine))).toBe('not-found');
  });

  it('takes a deployment back to what was registered before, or to nothing', async () => {
    await using site = await createTestSite();
    const { nodeId } = await addNode(site);
    const { inventory } = site;
    const [first, second] = [engineWith('0.1.0', 'a'), engineWith('0.2.0', 'b')];
    for (const { tokenId } of [first, second]) inventory.noteToken(nodeId, tokenId);

    inventory.markDeployed(nodeId, first);
    inventory.restoreDeployed(nodeId);
    expect([inventory.deployedEngine(nodeId), inventory.node(nodeId).engine]).toEqual([
      undefined,
      { kind: 'none' },
    ]);
    expect(inventory.supersededTokens(nodeId)).toEqual([first.tokenId, second.tokenId]);

    inventory.markDeployed(nodeId, first);
    inventory.settleDeployed(nodeId);
    inventory.restoreDeployed(nodeId);
    expect(inventory.deployedEngine(nodeId)).toEqual(first);

    inventory.markDeployed(nodeId, second);
    // Once more, as a resumed run does: what was before is still the first.
    inventory.markDeployed(nodeId, second);
    expect(inventory.supersededTokens(nodeId)).toEqual([first.tokenId]);
    inventory.restoreDeployed(nodeId);
    expect(inventory.deployedEngine(nodeId)).toEqual(first);

    // The older token may not work any more, so the newer one stays.
    inventory.markDeployed(nodeId, second);
    inventory.beginRevoking(nodeId, first.tokenId);
    inventory.restoreDeployed(nodeId);
    expect(inventory.deployedEngine(nodeId)).toEqual({ ...second, version: first.version });
    inventory.forgetToken(nodeId, first.tokenId);
    expect(inventory.supersededTokens(nodeId)).toEqual([]);
    const names = site.database.prepare("SELECT name FROM secret WHERE name LIKE 'node/%/engine-token%'");
    expect(names.pluck().all()).toEqual([`node/${nodeId}/engine-token`]);
  });
});
