import { contract } from '../../../shared/contract/index.ts';
import type { CameraId } from '../../../shared/engine-api/camera.ts';
import type { Answer, Desk } from '../../api/index.ts';

/** For cameras that were replaced or reset: their nodes trust the keys that they show next. */
export async function trustNewKeys(desk: Desk, cameraIds: readonly CameraId[]): Promise<Answer<undefined>> {
  return desk.ask(contract.fleet.trustNewKeys, { cameraIds: [...cameraIds] });
}
