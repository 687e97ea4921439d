import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type {
  Camera,
  CameraHealth,
  DiscoveredCamera,
  DiscoveredNode,
  DiscoveryState,
  NodeHealth,
  Run,
  Site,
  SiteNode,
  VaultState,
  WallLayout,
} from '../../../src/shared/contract/index.ts';
import type {
  InterruptionReason,
  RecordingState,
  StreamStatus,
} from '../../../src/shared/engine-api/status.ts';

/** Everything a desk can tell a page. */
export interface World {
  readonly site: Site;
  readonly vault: VaultState;
  readonly cameras: readonly Camera[];
  readonly nodes: readonly SiteNode[];
  readonly nodeHealth: readonly NodeHealth[];
  readonly cameraHealth: readonly CameraHealth[];
  readonly discovery: DiscoveryState;
  readonly runs: readonly Run[];
  readonly wall: WallLayout;
  /** Why a camera's sound cannot be heard, by camera. */
  readonly soundObstacles: Readonly<Record<string, string>>;
}

/** The pages count from now. */
export const worldTimeUtcMs = Date.now();

const places = [
  'Loading dock',
  'Gate north',
  'Gate south',
  'Plant room',
  'Corridor B2',
  'Server room',
  'Car park east',
  'Car park west',
  'Reception',
  'Stairwell east',
  'Stairwell west',
  'Roof',
] as const;

export const thumbnail = `data:image/jpeg;base64,${readFileSync(join(import.meta.dirname, 'thumbnail.jpg')).toString('base64')}`;

const profiles: Camera['profiles'] = [
  {
    token: 'main',
    name: 'Main',
    encoding: 'H264',
    width: 1280,
    height: 720,
    framesPerSecond: 25,
    bitrateKbps: 4000,
    streamUri: 'rtsp://127.0.0.31:554/main',
  },
  {
    token: 'sub',
    name: 'Sub',
    encoding: 'H264',
    width: 640,
    height: 360,
    framesPerSecond: 15,
    bitrateKbps: 600,
    streamUri: 'rtsp://127.0.0.31:554/sub',
  },
];

function placeName(index: number): string {
  const place = places[index % places.length] ?? 'Camera';
  return index < places.length ? place : `${place} ${Math.floor(index / places.length) + 1}`;
}

const hostOf = (network: number, index: number): string =>
  `10.${network}.${Math.floor(index / 200)}.${(index % 200) + 10}`;

export function makeCamera(index: number, nodeId?: string): Camera {
  const address = hostOf(20, index);
  return {
    id: `camera-${index + 1}`,
    name: placeName(index),
    address,
    manufacturer: index % 3 === 0 ? 'Hikvista' : 'Axelo',
    model: index % 3 === 0 ? 'HV-2143' : 'P3245-LV',
    serialNumber: `SN${String(480_113 + index * 7)}`,
    endpointReference: `urn:uuid:camera-${index + 1}`,
    username: 'operator',
    profiles,
    mainUri: `rtsp://${address}:554/main`,
    subUri: `rtsp://${address}:554/sub`,
    ...(nodeId === undefined ? {} : { nodeId }),
    addedUtcMs: worldTimeUtcMs - 86_400_000,
  };
}

export const fingerprintOf = (index: number): string =>
  `SHA256:${'q9vWfX2mTnLr0cZyJ4kHb7uPaE6dSgKiO1xVtNwYBeM'.slice(index % 20)}${'q9vWfX2mTnLr0cZyJ4kHb7uPaE6dSgKiO1xVtNwYBeM'.slice(0, index % 20)}`;

export function makeNode(index: number, engine: SiteNode['engine']): SiteNode {
  return {
    id: `node-${index + 1}`,
    name: `Recorder ${index + 1}`,
    address: hostOf(10, index),
    port: 22,
    username: 'engineer',
    authentication: index % 2 === 0 ? 'key' : 'password',
    hostKeyFingerprint: fingerprintOf(index),
    engine,
    addedUtcMs: worldTimeUtcMs - 172_800_000,
  };
}

export const deployed: SiteNode['engine'] = {
  kind: 'deployed',
  version: '0.1.0',
  host: 'systemd',
  port: 7443,
  deployedUtcMs: worldTimeUtcMs - 90_000_000,
};

/** Varied and the same at every run. */
function wave(index: number, low: number, high: number): number {
  return low + ((Math.sin(index * 12.9898) + 1) / 2) * (high - low);
}

export function streaming(index: number): StreamStatus {
  return {
    state: { kind: 'streaming', sinceUtcMs: worldTimeUtcMs - 5_400_000 },
    bitrateBps: Math.round(wave(index, 3_500_000, 4_600_000)),
    framesPerSecond: 25,
    lastFrameAgeMs: Math.round(wave(index, 8, 44)),
    width: 1280,
    height: 720,
    videoCodec: 'avc1.640028',
    viewers: 0,
    framesReceived: 135_000 + index,
    framesLost: index % 5 === 0 ? index : 0,
    reconnects: 0,
  };
}

export function waiting(reason: InterruptionReason, outageMs = 240_000): StreamStatus {
  return {
    state: {
      kind: 'waiting',
      reason,
      detail: 'The camera answered 401 to DESCRIBE.',
      sinceUtcMs: worldTimeUtcMs - 12_000,
      outageSinceUtcMs: worldTimeUtcMs - outageMs,
      retryAtUtcMs: worldTimeUtcMs + 8000,
    },
    bitrateBps: 0,
    framesPerSecond: 0,
    viewers: 0,
    framesReceived: 0,
    framesLost: 0,
    reconnects: 6,
  };
}

export function reported(camera: Camera, recording: RecordingState, main: StreamStatus): CameraHealth {
  return {
    cameraId: camera.id,
    ...(camera.nodeId === undefined ? {} : { nodeId: camera.nodeId }),
    state: { kind: 'reported', recording, main },
  };
}

export function recordingHealth(camera: Camera, index: number): CameraHealth {
  return reported(
    camera,
    { kind: 'recording', sinceUtcMs: worldTimeUtcMs - 5_400_000, segmentId: 1200 + index },
    streaming(index),
  );
}

export function upHealth(node: SiteNode, index: number, cameraCount: number): NodeHealth {
  return {
    nodeId: node.id,
    cameraCount,
    state: {
      kind: 'up',
      version: '0.1.0',
      startedUtcMs: worldTimeUtcMs - 90_000_000,
      cpuCores: wave(index, 0.03, 0.09),
      residentBytes: Math.round(wave(index, 61e6, 92e6)),
      volumes: [
        {
          name: 'recordings',
          path: '/var/lib/belvedere',
          totalBytes: 8e12,
          freeBytes: Math.round(wave(index, 2.1e12, 6.4e12)),
          reserveBytes: 40e9,
          storedBytes: 1.5e12,
          state: { kind: 'ok', sinceUtcMs: worldTimeUtcMs - 90_000_000 },
        },
      ],
      config: { kind: 'in-step' },
      clockOffsetMs: Math.round(wave(index, -9, 14)),
    },
  };
}

export function discoveredCamera(index: number, access: DiscoveredCamera['access']): DiscoveredCamera {
  const { name, address, manufacturer, model, serialNumber } = makeCamera(index);
  return {
    kind: 'camera',
    id: `urn:uuid:camera-${index + 1}`,
    name,
    address,
    port: 80,
    serviceUrl: `http://${address}/onvif/device_service`,
    ...(manufacturer === undefined ? {} : { manufacturer }),
    ...(model === undefined ? {} : { model }),
    ...(serialNumber === undefined ? {} : { serialNumber }),
    firmware: '5.7.12',
    location: `Level ${(index % 3) + 1}`,
    access,
    lastSeenUtcMs: worldTimeUtcMs,
  };
}

export const openAccess: DiscoveredCamera['access'] = { kind: 'open', profiles, thumbnail };

export function discoveredNode(index: number): DiscoveredNode {
  const address = hostOf(10, index);
  return {
    kind: 'node',
    id: `${address}:22`,
    address,
    port: 22,
    banner: 'SSH-2.0-OpenSSH_9.6p1 Debian-3',
    hostKeyFingerprint: fingerprintOf(index),
    lastSeenUtcMs: worldTimeUtcMs,
  };
}
