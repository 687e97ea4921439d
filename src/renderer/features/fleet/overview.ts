import type { Camera, CameraHealth, NodeHealth, SiteNode } from '../../../shared/contract/index.ts';
import { cameraCondition, mainStream } from './camera-condition.ts';
import type { CameraCondition } from './camera-condition.ts';

/** One camera with everything a row shows. */
export interface CameraRow {
  readonly camera: Camera;
  readonly health: CameraHealth | undefined;
  readonly condition: CameraCondition;
  readonly nodeName: string | undefined;
}

export interface SiteFacts {
  readonly cameras: ReadonlyMap<string, Camera>;
  readonly nodes: ReadonlyMap<string, SiteNode>;
  readonly cameraHealth: ReadonlyMap<string, CameraHealth>;
}

/** `made`: rows of earlier calls. A camera of which nothing changed keeps its row, and what was drawn from it. */
export function cameraRows(
  { cameras, nodes, cameraHealth }: SiteFacts,
  made: WeakMap<Camera, CameraRow> = new WeakMap(),
): readonly CameraRow[] {
  return [...cameras.values()].map((camera) => {
    const health = cameraHealth.get(camera.id);
    const nodeName = camera.nodeId === undefined ? undefined : nodes.get(camera.nodeId)?.name;
    const old = made.get(camera);
    if (old !== undefined && old.health === health && old.nodeName === nodeName) return old;
    const row = { camera, health, condition: cameraCondition(camera, health), nodeName };
    made.set(camera, row);
    return row;
  });
}

/** What the cameras of each node send now, bits per second, and how many there are. */
export interface NodeLoad {
  readonly cameraCount: number;
  readonly recordingCount: number;
  readonly bitrateBps: number;
}

export const noLoad: NodeLoad = { cameraCount: 0, recordingCount: 0, bitrateBps: 0 };

export function nodeLoads(rows: readonly CameraRow[]): ReadonlyMap<string, NodeLoad> {
  const loads = new Map<string, NodeLoad>();
  for (const { camera, health, condition } of rows) {
    if (camera.nodeId === undefined) continue;
    const load = loads.get(camera.nodeId) ?? noLoad;
    const isRecording = condition.kind === 'recording' || condition.kind === 'frozen';
    loads.set(camera.nodeId, {
      cameraCount: load.cameraCount + 1,
      recordingCount: load.recordingCount + (isRecording ? 1 : 0),
      bitrateBps: load.bitrateBps + (isRecording ? (mainStream(health)?.bitrateBps ?? 0) : 0),
    });
  }
  return loads;
}

export function upVolumes(health: NodeHealth | undefined) {
  return health?.state.kind === 'up' ? health.state.volumes : [];
}
