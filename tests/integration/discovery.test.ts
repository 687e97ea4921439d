import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  DiscoveryState as DiscoveryStateSchema,
  type DiscoveryScope,
  type DiscoveryState,
} from '../../src/shared/contract/index.ts';
import { createDiscoveryFeature } from '../../src/main/features/discovery/index.ts';
import { systemClock } from '../../src/main/platform/clock/index.ts';
import { migrations, openDatabase } from '../../src/main/platform/database/index.ts';
import { listNetworkInterfaces } from '../../src/main/platform/network/interfaces.ts';
import { createCameraInterviewer } from '../../src/main/platform/onvif/camera-client.ts';
import { WsDiscovery } from '../../src/main/platform/onvif/ws-discovery.ts';
import { createSsh } from '../../src/main/platform/ssh/index.ts';
import { MemoryLog } from './memory-log.ts';
import { ScriptedCamera } from './onvif-camera-fixture.ts';
import { startNode } from './sim-node-fixture.ts';

const credentials = { username: 'admin', password: 'correct horse' };
const loopbackOnly: DiscoveryScope = { interfaces: ['127.0.0.1'], nodeRanges: [] };
const quick = { probesAtMs: [0, 150], endsAtMs: 600 };

function createDesk(defaultScope: DiscoveryScope) {
  const database = openDatabase({ path: ':memory:', migrations });
  const log = new MemoryLog();
  const discovery = createDiscoveryFeature({
    database,
    clock: systemClock,
    log,
    wsDiscovery: new WsDiscovery({ clock: systemClock, log, timing: quick }),
    interviewer: createCameraInterviewer(systemClock),
    hostKeys: createSsh(),
    listInterfaces: () => listNetworkInterfaces(),
    defaultScope,
  });
  const signal = new AbortController().signal;
  /** Follows the states until one fits. */
  const waitFor = async (fits: (state: DiscoveryState) => boolean): Promise<DiscoveryState> => {
    const follow = new AbortController();
    for await (const state of discovery.handlers.watch(undefined, follow.signal)) {
      if (!fits(state)) continue;
      follow.abort();
      return DiscoveryStateSchema.parse(state);
    }
    throw new Error('the states ended');
  };
  return {
    discovery,
    log,
    waitFor,
    start: () => discovery.handlers.start(undefined, signal),
    tryCredentials: (deviceIds: string[], given = credentials) =>
      discovery.handlers.tryCredentials({ deviceIds, ...given }, signal),
    [Symbol.asyncDispose]: async () => {
      await discovery.stop();
      database.close();
    },
  };
}
const isOver = ({ phase }: DiscoveryState): boolean =>
  phase.kind === 'idle' && phase.lastFinishedUtcMs !== undefined;

describe('discovery', () => {
  it('finds a camera, says that it needs credentials, and reads it once they fit', async () => {
    await using camera = await ScriptedCamera.start({
      address: '127.0.32.1',
      authentication: 'digest-md5',
      credentials,
    });
    await camera.answerProbes(
      'uuid:5C1E0F5A-0001-4000-8000-000000000001',
      'onvif://www.onvif.org/name/Loading%20dock onvif://www.onvif.org/hardware/NV-1 onvif://www.onvif.org/location/North',
    );
    await using desk = createDesk(loopbackOnly);
    await desk.start();
    const id = 'urn:uuid:5c1e0f5a-0001-4000-8000-000000000001';
    const found = await desk.waitFor(isOver);
    expect(found).toEqual({
      phase: { kind: 'idle', lastFinishedUtcMs: expect.any(Number) },
      nodes: [],
      cameras: [
        {
          kind: 'camera',
          id,
          name: 'Loading dock',
          address: '127.0.32.1',
          port: Number(new URL(camera.serviceUrl).port),
          serviceUrl: camera.serviceUrl,
          model: 'NV-1',
          location: 'North',
          access: { kind: 'needs-credentials' },
          lastSeenUtcMs: expect.any(Number),
        },
      ],
    });

    await desk.tryCredentials([id], { username: 'admin', password: 'wrong' });
    expect(desk.discovery.candidate(id)).toMatchObject({
      camera: { access: { kind: 'refused', username: 'admin' } },
      credentials: undefined,
    });

    await desk.tryCredentials([id]);
    expect(desk.discovery.candidate(id)).toMatchObject({
      camera: {
        manufacturer: 'Norvik & Sons',
        serialNumber: 'S-77',
        access: { kind: 'open', thumbnail: expect.stringMatching(/^data:image\/jpeg;base64,/) },
      },
      credentials,
    });
    desk.discovery.forgetCredentials([id]);
    expect(desk.discovery.candidate(id)?.credentials).toBeUndefined();
    expect(desk.log.text).not.toContain(credentials.password);
  });

  it('sees through a camera that answers garbage, and through datagrams that are none of its business', async () => {
    await using camera = await ScriptedCamera.start({
      address: '127.0.32.2',
      authentication: 'none',
      rawAnswer: 'garbage\r\n\r\n',
    });
    await camera.answerProbes('urn:uuid:2', 'onvif://www.onvif.org/name/Gate');
    await using desk = createDesk(loopbackOnly);
    await desk.start();
    const noise = createSocket('udp4');
    noise.bind(0, '127.0.0.1');
    await once(noise, 'listening');
    noise.setMulticastInterface('127.0.0.1');
    for (const datagram of [
      '',
      'noise',
      '<a>',
      '<!DOCTYPE a [<!ENTITY x "y">]><a/>',
      Buffer.alloc(40_000, 60),
    ]) {
      noise.send(datagram, 3702, '239.255.255.250');
    }
    const { cameras } = await desk.waitFor(isOver);
    noise.close();
    expect(cameras.map(({ name, access }) => ({ name, access }))).toEqual([
      {
        name: 'Gate',
        access: {
          kind: 'failed',
          failure: {
            code: 'camera-garbage',
            message: 'Camera Gate does not answer as ONVIF demands: its answer is not HTTP.',
            remedy: expect.any(String),
          },
        },
      },
    ]);
  });

  it('finds nodes in a range and reads their host keys', async () => {
    await using node = await startNode({ address: '127.0.33.2' });
    await using desk = createDesk({ interfaces: [], nodeRanges: [{ cidr: '127.0.33.0/29', port: 2222 }] });
    await desk.start();
    const { nodes } = await desk.waitFor(isOver);
    expect(nodes).toEqual([
      {
        kind: 'node',
        id: '127.0.33.2:2222',
        address: '127.0.33.2',
        port: 2222,
        banner: expect.stringMatching(/^SSH-2\.0-/),
        hostKeyFingerprint: node.target.hostKeyFingerprint,
        lastSeenUtcMs: expect.any(Number),
      },
    ]);
    desk.discovery.recognise({ cameraIdOf: () => undefined, nodeIdAt: (address) => `node-at-${address}` });
    const recognised = await desk.waitFor(() => true);
    expect(recognised.nodes[0]?.nodeId).toBe('node-at-127.0.33.2');
  });

  it('can be stopped, and started again', async () => {
    await using desk = createDesk({ ...loopbackOnly, nodeRanges: [{ cidr: '127.0.34.0/24', port: 2222 }] });
    await desk.start();
    await desk.waitFor(({ phase }) => phase.kind === 'scanning');
    await desk.discovery.handlers.stop(undefined, new AbortController().signal);
    expect((await desk.waitFor(() => true)).phase.kind).toBe('idle');
    await desk.start();
    expect((await desk.waitFor(() => true)).phase.kind).toBe('scanning');
  });

  it('says that a network card is gone', async () => {
    await using desk = createDesk({ interfaces: ['192.0.2.7'], nodeRanges: [] });
    await desk.start();
    const { phase } = await desk.waitFor(({ phase: { kind } }) => kind === 'failed');
    expect(phase).toEqual({
      kind: 'failed',
      failure: {
        code: 'unreachable',
        message: 'Nothing can be sent from 192.0.2.7: this computer no longer has that address.',
        remedy: 'Choose the network cards to search on again.',
      },
    });
  });

  it('keeps the scope, refuses ranges that are none, and does not start without one', async () => {
    const signal = new AbortController().signal;
    await using desk = createDesk({ interfaces: [], nodeRanges: [] });
    const { handlers } = desk.discovery;
    expect(() => desk.start()).toThrow('Neither a network card');
    expect(() =>
      handlers.setScope({ interfaces: [], nodeRanges: [{ cidr: '300.1.1.0/24', port: 22 }] }, signal),
    ).toThrow('300.1.1.0/24 is no IPv4 network of at most 1024 addresses.');
    await handlers.setScope(loopbackOnly, signal);
    expect(await handlers.scope(undefined, signal)).toEqual(loopbackOnly);
  });

  it('refuses to try credentials on what was never found', async () => {
    await using desk = createDesk(loopbackOnly);
    await expect(desk.tryCredentials(['urn:uuid:none'])).rejects.toMatchObject({
      failure: { code: 'not-found' },
    });
  });
});
