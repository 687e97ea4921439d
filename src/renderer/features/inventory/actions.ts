import { contract } from '../../../shared/contract/index.ts';
import type { Camera, NodeAuthentication, NodeId } from '../../../shared/contract/index.ts';
import type { CameraId } from '../../../shared/engine-api/camera.ts';
import type { Answer, Desk } from '../../api/index.ts';

export async function renameCamera(desk: Desk, cameraId: string, name: string): Promise<Answer<undefined>> {
  return desk.ask(contract.inventory.renameCamera, { cameraId, name });
}

export interface CameraCredentials {
  readonly cameraId: CameraId;
  readonly username: string;
  readonly password: string;
}

export async function changeCameraCredentials(
  desk: Desk,
  credentials: CameraCredentials,
): Promise<Answer<undefined>> {
  return desk.ask(contract.inventory.changeCameraCredentials, credentials);
}

export async function removeCameras(desk: Desk, cameraIds: readonly CameraId[]): Promise<Answer<undefined>> {
  return desk.ask(contract.inventory.removeCameras, { cameraIds: [...cameraIds] });
}

/** No `nodeId` takes the cameras off their nodes. */
export async function assignCameras(
  desk: Desk,
  cameraIds: readonly CameraId[],
  nodeId: NodeId | undefined,
): Promise<Answer<undefined>> {
  return desk.ask(contract.inventory.assign, {
    cameraIds: [...cameraIds],
    ...(nodeId === undefined ? {} : { nodeId }),
  });
}

/**
 * Which node takes which of `cameras` so that every node ends up with about as many: each goes to the node that has
 * the fewest by then. Cameras outside the selection stay where they are and count.
 */
export function spreadEvenly(
  cameras: readonly Camera[],
  all: readonly Camera[],
  nodeIds: readonly NodeId[],
): ReadonlyMap<NodeId, readonly CameraId[]> {
  const moving = new Set(cameras.map(({ id }) => id));
  const load = new Map(nodeIds.map((id) => [id, 0]));
  for (const camera of all) {
    if (camera.nodeId === undefined || moving.has(camera.id)) continue;
    const count = load.get(camera.nodeId);
    if (count !== undefined) load.set(camera.nodeId, count + 1);
  }
  const plan = new Map<NodeId, CameraId[]>();
  for (const camera of cameras) {
    let target: NodeId | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    for (const [nodeId, count] of load) {
      if (count < fewest) [target, fewest] = [nodeId, count];
    }
    if (target === undefined) return plan;
    load.set(target, fewest + 1);
    plan.set(target, [...(plan.get(target) ?? []), camera.id]);
  }
  return plan;
}

/** Assigns by `plan`, node by node; stops at the first failure. */
export async function assignByPlan(
  desk: Desk,
  plan: ReadonlyMap<NodeId, readonly CameraId[]>,
): Promise<Answer<undefined>> {
  for (const [nodeId, cameraIds] of plan) {
    const answer = await assignCameras(desk, cameraIds, nodeId);
    if (answer.kind === 'failed') return answer;
  }
  return { kind: 'ok', value: undefined };
}

export interface HostKey {
  readonly fingerprint: string;
  readonly algorithm: string;
  readonly banner: string;
}

export async function readHostKey(desk: Desk, address: string, port: number): Promise<Answer<HostKey>> {
  return desk.ask(contract.inventory.readHostKey, { address, port });
}

export interface NewNode {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly username: string;
  readonly authentication: NodeAuthentication;
  readonly hostKeyFingerprint: string;
}

export async function addNode(desk: Desk, node: NewNode): Promise<Answer<{ readonly nodeId: NodeId }>> {
  return desk.ask(contract.inventory.addNode, node);
}

export async function removeNode(desk: Desk, nodeId: NodeId): Promise<Answer<undefined>> {
  return desk.ask(contract.inventory.removeNode, { nodeId });
}
