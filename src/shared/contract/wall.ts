import { z } from 'zod';
import { CameraId, StreamName } from '../engine-api/camera.ts';
import { Nothing, mutation, query } from './procedure.ts';

export const WallLayout = z.object({
  tileCount: z.union([z.literal(1), z.literal(4), z.literal(9), z.literal(16)]),
  /** By position; null is an empty tile. Positions beyond `tileCount` are remembered, not shown. */
  cameraIds: z.array(CameraId.nullable()).max(16),
});
export type WallLayout = z.infer<typeof WallLayout>;

export const wallContract = {
  layout: query(Nothing, WallLayout),
  setLayout: mutation(WallLayout, Nothing),
  /**
   * A ticket for one live WebSocket, `deskPaths.liveMedia?ticket=...`; good for one use within 30 s.
   * Fails with `not-assigned`, `engine-unavailable` or `not-found`.
   */
  openLive: mutation(
    z.object({ cameraId: CameraId, stream: StreamName }),
    z.object({ path: z.string(), hasAudio: z.boolean() }),
  ),
} as const;
