import { describe, expect, it } from 'vitest';
import { FoundDevices, maximumCameras } from '../../../../../src/main/features/discovery/found-devices.ts';
import type { CameraDescription } from '../../../../../src/main/platform/onvif/camera-client.ts';
import type { Sighting } from '../../../../../src/main/platform/onvif/ws-discovery.ts';

const gate: Sighting = {
  endpointReference: 'urn:uuid:gate',
  address: '10.0.0.5',
  serviceUrl: 'http://10.0.0.5/onvif/device_service',
  name: 'Gate',
  hardware: 'NV-1',
};
const description: CameraDescription = {
  manufacturer: 'Norvik',
  model: 'NV-1 Rev 2',
  firmware: '',
  serialNumber: 'S-1',
  profiles: [],
};
const credentials = { username: 'admin', password: 'secret' };

describe('FoundDevices', () => {
  it('keeps what a camera told when it is seen again, and who it is to the site', () => {
    const found = new FoundDevices();
    expect(found.sawCamera(gate, 1)).toBe('new');
    found.describe('urn:uuid:gate', description, credentials);
    expect(found.sawCamera(gate, 2)).toBe('same');
    found.recognise({ cameraIdOf: () => 'gate', nodeIdAt: () => undefined });
    expect(found.cameras()).toEqual([
      {
        kind: 'camera',
        id: 'urn:uuid:gate',
        name: 'Gate',
        address: '10.0.0.5',
        port: 80,
        serviceUrl: 'http://10.0.0.5/onvif/device_service',
        manufacturer: 'Norvik',
        model: 'NV-1 Rev 2',
        serialNumber: 'S-1',
        access: { kind: 'open', profiles: [] },
        cameraId: 'gate',
        lastSeenUtcMs: 2,
      },
    ]);
    expect(found.camera('urn:uuid:gate')?.credentials).toEqual(credentials);
  });

  it('asks anew after a move, since profiles name the old address', () => {
    const found = new FoundDevices();
    found.sawCamera(gate, 1);
    found.describe('urn:uuid:gate', description, credentials);
    const serviceUrl = 'http://10.0.0.9:8080/onvif/device_service';
    expect(found.sawCamera({ ...gate, address: '10.0.0.9', serviceUrl }, 2)).toBe('moved');
    expect(found.cameras()).toMatchObject([{ address: '10.0.0.9', port: 8080, access: { kind: 'unknown' } }]);
    expect(found.camera('urn:uuid:gate')?.credentials).toBeUndefined();
    expect(found.hasOtherCameraAt('10.0.0.9', 'urn:uuid:gate')).toBe(false);
    expect(found.hasOtherCameraAt('10.0.0.9', 'urn:uuid:yard')).toBe(true);
    expect(found.hasOtherCameraAt('10.0.0.5', 'urn:uuid:yard')).toBe(false);
  });

  it('stops taking cameras at its limit, and still hears of those it has', () => {
    const found = new FoundDevices();
    for (let index = 0; index < maximumCameras; index += 1) {
      found.sawCamera({ ...gate, endpointReference: `urn:uuid:${index}` }, 1);
    }
    expect(found.sawCamera(gate, 2)).toBe('too-many');
    expect(found.sawCamera({ ...gate, endpointReference: 'urn:uuid:0' }, 2)).toBe('same');
    found.lostCamera('urn:uuid:0');
    expect(found.sawCamera(gate, 2)).toBe('new');
  });

  it('keeps a host key that is known while a later scan reads it again', () => {
    const found = new FoundDevices();
    const node = { address: '10.0.0.7', port: 22, banner: 'SSH-2.0-x' };
    found.sawNode({ ...node, hostKeyFingerprint: 'SHA256:a' }, 1);
    found.sawNode(node, 2);
    expect(found.nodes()).toEqual([
      { kind: 'node', id: '10.0.0.7:22', ...node, hostKeyFingerprint: 'SHA256:a', lastSeenUtcMs: 2 },
    ]);
  });
});
