import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigView, enginePaths, type Enrolment } from '../../src/shared/engine-api/index.ts';
import { EngineProcess, temporaryFolder } from './engine-process.ts';
import { ScriptedCamera } from './onvif-camera-fixture.ts';
import { startNode } from './sim-node-fixture.ts';
import { createTestSite, failureCodeOf, type FleetState, type TestSite } from './site-fixture.ts';

const credentials = { username: 'admin', password: 'correct horse' };
const nodeId = 'rec-1';
const cameraId = 'gate';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

/** A site with one node and one camera. Neither needs to go on answering after this. */
async function createSmallSite(databasePath = ':memory:'): Promise<TestSite> {
  await using node = await startNode({ address: '127.0.0.1', port: 2222 });
  await using camera = await ScriptedCamera.start({
    address: '127.0.51.1',
    authentication: 'digest-md5',
    credentials,
  });
  await camera.answerProbes('urn:uuid:gate', 'onvif://www.onvif.org/name/Gate');
  const site = await createTestSite({ databasePath });
  const { address, port, username, authentication, hostKeyFingerprint } = node.target;
  await site.inventory.handlers.addNode(
    { name: nodeId, address, port, username, authentication, hostKeyFingerprint },
    site.signal,
  );
  await site.addFoundCameras(credentials);
  return site;
}

function deploy(site: TestSite, engine: EngineProcess, enrolment = engine.enrol('admin')): Enrolment {
  const { version, certificatePin, token } = enrolment;
  site.inventory.markDeployed(nodeId, {
    version,
    host: 'supervised',
    port: engine.port,
    certificatePin,
    token,
  });
  return enrolment;
}

async function configOf(engine: EngineProcess, token: string): Promise<ConfigView> {
  return ConfigView.parse((await engine.ask(enginePaths.config, { token })).json());
}

const stateOf = ({ nodes }: FleetState) => nodes.get(nodeId);
const isUp = (state: FleetState): boolean => stateOf(state)?.kind === 'up';
const isDown = (state: FleetState): boolean => stateOf(state)?.kind === 'down';
function isInStep(state: FleetState): boolean {
  const node = stateOf(state);
  return node?.kind === 'up' && node.config.kind === 'in-step';
}
const assign = (site: TestSite) =>
  site.inventory.handlers.assign({ cameraIds: [cameraId], nodeId }, site.signal);
const takeOff = (site: TestSite) => site.inventory.handlers.assign({ cameraIds: [cameraId] }, site.signal);

describe('the fleet', () => {
  it('brings assigned cameras to a real engine and reports on them', async () => {
    await using site = await createSmallSite();
    const before = await site.fleetState(() => true);
    expect(stateOf(before)).toEqual({ kind: 'not-deployed' });
    expect(before.cameras.get(cameraId)).toEqual({ kind: 'not-assigned' });
    expect(await failureCodeOf(() => site.fleet.forCamera(cameraId))).toBe('not-assigned');
    expect(await failureCodeOf(() => site.fleet.forCamera('none'))).toBe('not-found');

    await assign(site);
    const waiting = await site.fleetState(({ cameras }) => cameras.get(cameraId)?.kind === 'unknown');
    expect(waiting.cameras.get(cameraId)).toEqual({ kind: 'unknown', reason: 'node-not-deployed' });
    expect(await failureCodeOf(() => site.fleet.forCamera(cameraId))).toBe('engine-unavailable');

    await using engine = await EngineProcess.start(join(folder.path, 'engine'));
    const { token } = deploy(site, engine);
    const up = await site.fleetState(({ cameras }) => cameras.get(cameraId)?.kind === 'reported');
    expect(stateOf(up)).toEqual({
      kind: 'up',
      version: expect.any(String),
      startedUtcMs: expect.any(Number),
      cpuCores: expect.any(Number),
      residentBytes: expect.any(Number),
      volumes: [expect.objectContaining({ state: { kind: 'ok', sinceUtcMs: expect.any(Number) } })],
      config: { kind: 'in-step' },
      index: { kind: 'ok', sinceUtcMs: expect.any(Number) },
      clockOffsetMs: expect.closeTo(0, -3),
    });
    expect(up.cameras.get(cameraId)).toMatchObject({ kind: 'reported', main: { framesReceived: 0 } });
    expect(await configOf(engine, token)).toEqual({
      version: 1,
      cameras: [
        {
          id: cameraId,
          name: 'Gate',
          main: 'rtsp://127.0.51.1:554/main?a=1&b=2',
          record: true,
          hasCredentials: true,
        },
      ],
    });
    expect(site.fleet.liveSound(cameraId, 'main')).toEqual({ kind: 'none' });
    expect(await failureCodeOf(() => site.fleet.liveSound(cameraId, 'sub'))).toBe('not-found');
    const live = site.fleet.forCamera(cameraId).openLive(cameraId, 'main');
    await new Promise((resolve) => live.once('open', resolve));
    live.terminate();

    await site.inventory.handlers.renameCamera({ cameraId, name: 'Main gate' }, site.signal);
    await site.fleetState(async () => (await configOf(engine, token)).version === 2);
    expect((await configOf(engine, token)).cameras.map(({ name }) => name)).toEqual(['Main gate']);
    await takeOff(site);
    await site.fleetState(async () => (await configOf(engine, token)).version === 3);
    const after = await site.fleetState(isInStep);
    expect(after.cameras.get(cameraId)).toEqual({ kind: 'not-assigned' });
    expect((await configOf(engine, token)).cameras).toEqual([]);
    for (const secret of [credentials.password, token]) expect(site.log.text).not.toContain(secret);
  });

  it('leaves what was set for a camera at its node', async () => {
    await using site = await createSmallSite();
    await assign(site);
    await using engine = await EngineProcess.start(join(folder.path, 'engine'));
    const { token } = deploy(site, engine);
    await site.fleetState(isInStep);
    const { version, cameras } = await configOf(engine, token);
    const settings = { overrides: { transport: 'udp' }, retention: { maximumDays: 7 } };
    const { status } = await engine.ask(enginePaths.config, {
      token,
      method: 'PUT',
      body: Buffer.from(
        JSON.stringify({
          version,
          cameras: cameras.map(({ id, name, main, record }) => ({ id, name, main, record, ...settings })),
        }),
      ),
    });
    expect(status).toBe(200);
    // The desk sees another version than it left, and brings its own cameras again.
    await site.fleetState(async () => (await configOf(engine, token)).version === version + 2);
    expect((await configOf(engine, token)).cameras).toMatchObject([{ id: cameraId, ...settings }]);

    await site.inventory.handlers.renameCamera({ cameraId, name: 'Main gate' }, site.signal);
    await site.fleetState(async () => (await configOf(engine, token)).version === version + 3);
    expect((await configOf(engine, token)).cameras).toMatchObject([
      { id: cameraId, name: 'Main gate', hasCredentials: true, ...settings },
    ]);
    // The camera leaves its node for a moment.
    await site.fleet.handlers.trustNewKeys({ cameraIds: [cameraId] }, site.signal);
    await site.fleetState(async () => (await configOf(engine, token)).version === version + 5);
    expect((await configOf(engine, token)).cameras).toMatchObject([{ id: cameraId, ...settings }]);
  });

  it('says when a node goes down, and finds it again after it was deployed anew', async () => {
    await using site = await createSmallSite();
    await assign(site);
    const first = await EngineProcess.start(join(folder.path, 'first'));
    deploy(site, first);
    await site.fleetState(isInStep);
    await first.end('SIGKILL');
    const down = await site.fleetState(isDown);
    expect(stateOf(down)).toEqual({
      kind: 'down',
      sinceUtcMs: expect.any(Number),
      failure: {
        code: 'unreachable',
        message: 'The engine on node rec-1 cannot be reached: nothing accepts connections there.',
        remedy: 'Check that the node is on and that its engine runs.',
      },
    });
    expect(down.cameras.get(cameraId)).toEqual({ kind: 'unknown', reason: 'node-down' });
    expect(await failureCodeOf(() => site.fleet.forCamera(cameraId))).toBe('engine-unavailable');

    // An engine that knows nothing yet: the cameras are brought again.
    await using second = await EngineProcess.start(join(folder.path, 'second'));
    const { token } = deploy(site, second);
    await site.fleetState(isInStep);
    expect((await configOf(second, token)).cameras.map(({ id }) => id)).toEqual([cameraId]);
  });

  it('keeps away from an engine with another key, and says that a token is refused', async () => {
    await using site = await createSmallSite();
    await using engine = await EngineProcess.start(join(folder.path, 'engine'));
    const enrolment = engine.enrol('admin');
    deploy(site, engine, { ...enrolment, certificatePin: `${'A'.repeat(43)}=` });
    expect(stateOf(await site.fleetState(isDown))).toMatchObject({
      failure: { code: 'engine-certificate-changed' },
    });
    deploy(site, engine, { ...enrolment, token: 'x'.repeat(43) });
    const isRefused = (state: FleetState): boolean => {
      const node = stateOf(state);
      return node?.kind === 'down' && node.failure.code === 'unauthorized';
    };
    await site.fleetState(isRefused);
    deploy(site, engine, enrolment);
    await site.fleetState(isInStep);
  });

  it('overrules whoever changed an engine’s cameras', async () => {
    await using site = await createSmallSite();
    await assign(site);
    await using engine = await EngineProcess.start(join(folder.path, 'engine'));
    const { token } = deploy(site, engine);
    await site.fleetState(isInStep);
    const update = JSON.stringify({ version: 1, cameras: [] });
    expect((await engine.ask(enginePaths.config, { method: 'PUT', token, body: update })).status).toBe(200);
    await site.fleetState(async () => (await configOf(engine, token)).version === 3);
    expect((await configOf(engine, token)).cameras.map(({ id }) => id)).toEqual([cameraId]);
    await site.fleetState(isInStep);
  });

  it('lets a camera’s key be trusted anew: the camera leaves the engine for a moment, and comes back', async () => {
    await using site = await createSmallSite();
    const trust = () => site.fleet.handlers.trustNewKeys({ cameraIds: [cameraId] }, site.signal);
    expect(await failureCodeOf(trust)).toBe('not-assigned');
    await assign(site);
    expect(await failureCodeOf(trust)).toBe('engine-unavailable');
    await using engine = await EngineProcess.start(join(folder.path, 'engine'));
    const { token } = deploy(site, engine);
    await site.fleetState(isInStep);
    await trust();
    await site.fleetState(async () => (await configOf(engine, token)).version === 3);
    expect((await configOf(engine, token)).cameras).toEqual([
      expect.objectContaining({ id: cameraId, hasCredentials: true }),
    ]);
    await site.fleetState(isInStep);
    expect(site.log.text).toContain('trusts the next keys');
  });

  it('waits for the vault after a restart, and then sends an engine nothing that it has already', async () => {
    const path = join(folder.path, 'site.sqlite');
    await using engine = await EngineProcess.start(join(folder.path, 'engine'));
    let token = '';
    {
      await using site = await createSmallSite(path);
      await assign(site);
      ({ token } = deploy(site, engine));
      await site.fleetState(isInStep);
    }
    await using site = await createTestSite({ databasePath: path, vaultIs: 'locked' });
    expect(stateOf(await site.fleetState(isDown))).toMatchObject({ failure: { code: 'vault-locked' } });
    await site.unlock();
    await site.fleetState(isUp);
    await site.fleetState(isInStep);
    expect((await configOf(engine, token)).version).toBe(1);
  });
});
