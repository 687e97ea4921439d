import { z } from 'zod';
import { CameraId, StreamName } from '../engine-api/camera.ts';
import { Nothing, mutation, query } from './procedure.ts';

export const WallLayout = z.object({
  tileCount: z.union([z.literal(1), z.literal(4), z.literal(9), z.literal(16)]),
  /** By position; null is an empty tile. Positions beyond `tileCount` are remembered, not shown. */
  cameraIds: z.array(CameraId.nullable()).max(16),
});
export type WallLayout = z.infer<typeof WallLayout>;

/**
 * Why the desk closed a live WebSocket (RFC 6455 §7.4.2, private range); the engine's own `liveCloseCodes` are passed on
 * unchanged. The close reason is one sentence in English.
 */
export const liveRelayCloseCodes = {
  /** The camera is on no node. */
  notAssigned: 4405,
  /** The page read too slowly for too long. The same number as the engine's. */
  tooSlow: 4408,
  /** Too many live pictures are open on this desk. The same number as the engine's. */
  tooManyViewers: 4429,
  /** The engine cannot be reached, or went away in the middle. */
  engineUnavailable: 4503,
  shuttingDown: 1001,
} as const;

export const wallContract = {
  layout: query(Nothing, WallLayout),
  setLayout: mutation(WallLayout, Nothing),
  /**
   * A ticket for one live WebSocket, `deskPaths.liveMedia?ticket=...`; good for one use within 30 s.
   * Fails with `not-assigned`, `engine-unavailable` or `not-found`.
   */
  openLive: mutation(
    z.object({
      cameraId: CameraId,
      stream: StreamName,
      /** To hear sound that pages cannot play: the node converts it where it can. */
      sound: z.literal('aac').optional(),
    }),
    z.object({
      path: z.string(),
      /** Left out where only the stream itself can tell: sound that is to be converted. */
      hasAudio: z.boolean().optional(),
      /** Why there is no sound although the camera sends some: a sentence for people, with the remedy. */
      soundObstacle: z.string().optional(),
    }),
  ),
} as const;
