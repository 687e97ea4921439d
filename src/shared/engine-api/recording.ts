import { z } from 'zod';
import { CameraId } from './camera.ts';

/** Free space that an engine leaves on the volume of its recordings unless told; below it it reports failing. */
export const defaultReserveBytes = 1024 ** 3;

export const SegmentInfo = z.object({
  id: z.int().positive(),
  cameraId: CameraId,
  startUtcMs: z.number(),
  durationMs: z.number().nonnegative(),
  byteLength: z.int().nonnegative(),
  /** Video samples, or those of the one track that a file beside the video has. */
  frameCount: z.int().nonnegative(),
  state: z.enum(['writing', 'finished', 'recovered']),
  hasAudio: z.boolean(),
});
export type SegmentInfo = z.infer<typeof SegmentInfo>;

/** A whole number as it stands in the query of an address. */
export const QueryInteger = z
  .string()
  .regex(/^\d{1,15}$/, 'a whole number')
  .transform(Number);

/** The query of `enginePaths.segments`, as it stands in the address. Segments that touch `from` to `to`, oldest first. */
export const SegmentQuery = z.strictObject({
  /** UTC, ms since 1970. */
  from: QueryInteger.optional(),
  to: QueryInteger.optional(),
  /** The files with the video unless told: G.711 sound and ONVIF metadata have files of their own beside it. */
  content: z.enum(['main', 'sound', 'metadata']).optional(),
  /** At most this many; the list is marked as truncated when there are more. */
  limit: QueryInteger.pipe(z.int().min(1).max(10_000)).default(1_000),
});
export type SegmentQuery = z.infer<typeof SegmentQuery>;

export const SegmentList = z.object({ segments: z.array(SegmentInfo).max(10_000), truncated: z.boolean() });
export type SegmentList = z.infer<typeof SegmentList>;
