import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiscoveredCamera } from '../../src/shared/contract/index.ts';
import type { SimCamera } from '../../src/sim/camera/camera.ts';
import { createSimCameras } from '../../src/sim/site/cameras.ts';
import { createTestSite, firstOf, type TestSite } from './site-fixture.ts';

const credentials = { username: 'admin', password: 'demo-camera' };
/** The simulated cameras answer up to half a second after a probe. */
const timing = { probesAtMs: [0, 300], endsAtMs: 1500 };

let cameras: readonly SimCamera[] = [];
let site: TestSite;

beforeEach(async () => {
  cameras = await createSimCameras({ count: 12, seed: 7, firstAddress: '127.0.61.1', ...credentials });
  await Promise.all(cameras.map((camera) => camera.start()));
  site = await createTestSite({ timing });
});
afterEach(async () => {
  await site[Symbol.asyncDispose]();
  await Promise.all(cameras.map((camera) => camera.stop()));
});

function cameraAt(index: number): SimCamera {
  const camera = cameras[index];
  if (!camera) throw new Error(`There is no camera ${index}.`);
  return camera;
}
const idOf = (camera: SimCamera): string => `urn:uuid:${camera.info.identity.endpointUuid}`;
const byId = (found: readonly DiscoveredCamera[], camera: SimCamera) =>
  found.find(({ id }) => id === idOf(camera));

describe('the simulated cameras', () => {
  it('are all found, opened and added with main and sub stream', async () => {
    const { cameras: found } = await site.search();
    expect(
      found.map(({ id, access }) => ({ id, access: access.kind })).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    ).toEqual(
      cameras
        .map((camera) => ({ id: idOf(camera), access: 'needs-credentials' }))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    );
    const deviceIds = found.map(({ id }) => id);
    await site.discovery.handlers.tryCredentials({ deviceIds, ...credentials }, site.signal);
    const opened = site.discovery.candidate(idOf(cameraAt(0)))?.camera;
    const { identity, address, deviceUrl, mainUrl, subUrl } = cameraAt(0).info;
    expect(opened).toMatchObject({
      name: identity.name,
      address,
      serviceUrl: deviceUrl,
      manufacturer: identity.manufacturer,
      model: identity.model,
      firmware: identity.firmwareVersion,
      serialNumber: identity.serialNumber,
      location: identity.location,
      access: {
        kind: 'open',
        profiles: [
          { encoding: 'H264', width: 1280, height: 720, streamUri: mainUrl },
          { encoding: 'H264', width: 640, height: 360, streamUri: subUrl },
        ],
        thumbnail: expect.stringMatching(/^data:image\/jpeg;base64,\/9j\//),
      },
    });
    await site.inventory.handlers.addCameras({ deviceIds }, site.signal);
    const streams = new Map(site.inventory.listCameras().map((camera) => [camera.address, camera]));
    expect(
      cameras.map(({ info }) => streams.get(info.address)).map((camera) => [camera?.mainUri, camera?.subUri]),
    ).toEqual(cameras.map(({ info }) => [info.mainUrl, info.subUrl]));
  });

  it('show each its own fault and leave the others alone', async () => {
    const [refusing, nonsense, dropped] = [cameraAt(0), cameraAt(1), cameraAt(2)];
    const deviceIds = (await site.search()).cameras.map(({ id }) => id);
    await Promise.all([
      refusing.faults.rejectCredentials(),
      nonsense.faults.garbage(),
      dropped.faults.drop(),
    ]);
    await site.discovery.handlers.tryCredentials({ deviceIds, ...credentials }, site.signal);
    const { cameras: found } = await firstOf(
      (signal) => site.discovery.handlers.watch(undefined, signal),
      () => true,
    );
    expect(byId(found, refusing)?.access).toEqual({ kind: 'refused', username: 'admin' });
    expect(byId(found, nonsense)?.access).toMatchObject({
      kind: 'failed',
      failure: { code: 'camera-garbage' },
    });
    expect(byId(found, dropped)?.access).toMatchObject({ kind: 'failed', failure: { code: 'unreachable' } });
    expect(found.filter(({ access }) => access.kind === 'open')).toHaveLength(9);
    expect(site.log.text).not.toContain(credentials.password);
  });

  it('are followed to a new address', async () => {
    await site.addFoundCameras(credentials);
    const moving = cameraAt(3);
    const { id } =
      site.inventory.listCameras().find(({ endpointReference }) => endpointReference === idOf(moving)) ?? {};
    const change = firstOf(
      (signal) => site.inventory.handlers.watch(undefined, signal),
      (event) => event.kind === 'cameras',
    );
    await moving.faults.changeAddress('127.0.61.99');
    await site.search();
    expect(await change).toMatchObject({
      cameras: [{ id, address: '127.0.61.99', mainUri: moving.info.mainUrl, subUri: moving.info.subUrl }],
    });
  });
});
