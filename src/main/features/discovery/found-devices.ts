import type { CameraAccess, DiscoveredCamera, DiscoveredNode } from '../../../shared/contract/index.ts';
import type { Credentials } from '../../../shared/engine-api/index.ts';
import type { CameraDescription } from '../../platform/onvif/camera-client.ts';
import { portOf } from '../../platform/onvif/service-address.ts';
import type { Sighting } from '../../platform/onvif/ws-discovery.ts';

/** Which of the found devices the site has already. */
export interface KnownDevices {
  cameraIdOf(endpointReference: string): string | undefined;
  nodeIdAt(address: string, port: number): string | undefined;
}

/** Twice the largest site that Belvedere is made for; more is an attack or a mistake. */
export const maximumCameras = 2000;
const maximumNodes = 4096;

interface FoundCamera {
  readonly camera: Omit<DiscoveredCamera, 'cameraId'>;
  /** Those that fitted. In memory only. */
  readonly credentials?: Credentials | undefined;
}

export interface NodeSighting {
  readonly address: string;
  readonly port: number;
  readonly banner: string;
  readonly hostKeyFingerprint?: string;
}

/** What scans found since the desk started, and what the cameras let us see. */
export class FoundDevices {
  readonly #cameras = new Map<string, FoundCamera>();
  readonly #nodes = new Map<string, Omit<DiscoveredNode, 'nodeId'>>();
  #known: KnownDevices = { cameraIdOf: () => undefined, nodeIdAt: () => undefined };

  recognise(known: KnownDevices): void {
    this.#known = known;
  }

  cameras(): readonly DiscoveredCamera[] {
    return [...this.#cameras.values()].map(({ camera }) => {
      const cameraId = this.#known.cameraIdOf(camera.id);
      return cameraId === undefined ? camera : { ...camera, cameraId };
    });
  }

  nodes(): readonly DiscoveredNode[] {
    return [...this.#nodes.values()].map((node) => {
      const nodeId = this.#known.nodeIdAt(node.address, node.port);
      return nodeId === undefined ? node : { ...node, nodeId };
    });
  }

  camera(id: string): FoundCamera | undefined {
    return this.#cameras.get(id);
  }

  hasOtherCameraAt(address: string, id: string): boolean {
    return this.#cameras.values().some(({ camera }) => camera.address === address && camera.id !== id);
  }

  /** Notes that a camera is there. A camera at a new address is as good as a new one: its profiles are of the old address. */
  sawCamera(sighting: Sighting, atUtcMs: number): 'new' | 'moved' | 'same' | 'too-many' {
    const { endpointReference: id, address, serviceUrl, name, manufacturer, hardware, location } = sighting;
    const before = this.#cameras.get(id);
    if (!before && this.#cameras.size >= maximumCameras) return 'too-many';
    const hasMoved = before !== undefined && before.camera.serviceUrl !== serviceUrl;
    const model = before?.camera.model ?? hardware;
    const maker = before?.camera.manufacturer ?? manufacturer;
    this.#cameras.set(id, {
      camera: {
        ...before?.camera,
        kind: 'camera',
        id,
        name: name ?? before?.camera.name ?? hardware ?? address,
        address,
        port: portOf(new URL(serviceUrl)),
        serviceUrl,
        ...(maker !== undefined && { manufacturer: maker }),
        ...(model !== undefined && { model }),
        ...(location !== undefined && { location }),
        access: before && !hasMoved ? before.camera.access : { kind: 'unknown' },
        lastSeenUtcMs: atUtcMs,
      },
      credentials: hasMoved ? undefined : before?.credentials,
    });
    if (!before) return 'new';
    return hasMoved ? 'moved' : 'same';
  }

  lostCamera(id: string): void {
    this.#cameras.delete(id);
  }

  sawNode(node: NodeSighting, atUtcMs: number): void {
    const id = `${node.address}:${node.port}`;
    if (!this.#nodes.has(id) && this.#nodes.size >= maximumNodes) return;
    this.#nodes.set(id, { ...this.#nodes.get(id), kind: 'node', id, ...node, lastSeenUtcMs: atUtcMs });
  }

  setAccess(id: string, access: CameraAccess): void {
    const found = this.#cameras.get(id);
    if (found) this.#cameras.set(id, { ...found, camera: { ...found.camera, access } });
  }

  describe(id: string, description: CameraDescription, credentials: Credentials | undefined): void {
    const found = this.#cameras.get(id);
    if (!found) return;
    const { manufacturer, model, firmware, serialNumber, profiles, thumbnail } = description;
    this.#cameras.set(id, {
      camera: {
        ...found.camera,
        ...(manufacturer !== '' && { manufacturer }),
        ...(model !== '' && { model }),
        ...(firmware !== '' && { firmware }),
        ...(serialNumber !== '' && { serialNumber }),
        access: {
          kind: 'open',
          profiles: [...profiles],
          ...(thumbnail && { thumbnail: `data:image/jpeg;base64,${thumbnail.toString('base64')}` }),
        },
      },
      credentials,
    });
  }

  forgetCredentials(ids: readonly string[]): void {
    for (const id of ids) {
      const found = this.#cameras.get(id);
      if (found) this.#cameras.set(id, { ...found, credentials: undefined });
    }
  }
}
