import { z } from 'zod';
import { CameraId } from './camera.ts';

export const SegmentInfo = z.object({
  id: z.int().positive(),
  cameraId: CameraId,
  startUtcMs: z.number(),
  durationMs: z.number().nonnegative(),
  byteLength: z.int().nonnegative(),
  /** Video samples. */
  frameCount: z.int().nonnegative(),
  state: z.enum(['writing', 'finished', 'recovered']),
  hasAudio: z.boolean(),
});
export type SegmentInfo = z.infer<typeof SegmentInfo>;

export const SegmentList = z.object({ segments: z.array(SegmentInfo).max(10_000), truncated: z.boolean() });
export type SegmentList = z.infer<typeof SegmentList>;
