import { z } from 'zod';
import { CameraId, Credentials, RtspUrl } from './camera.ts';

/** One camera as an engine is told to record it. */
export const CameraConfig = z.object({
  id: CameraId,
  name: z.string().min(1).max(200),
  main: RtspUrl,
  sub: RtspUrl.optional(),
  /** Kept in the node's sealed store; never returned. Absent in an update: the camera keeps those the node has for its id. */
  credentials: Credentials.optional(),
  record: z.boolean(),
});
export type CameraConfig = z.infer<typeof CameraConfig>;

/**
 * `PUT /api/v1/config` (scope admin). The whole list at once; `version` is the one the caller read, a stale one is refused
 * with `version-conflict`. Answers `ConfigView`.
 */
export const ConfigUpdate = z.object({
  version: z.int().nonnegative(),
  cameras: z
    .array(CameraConfig)
    .max(1000)
    .refine(
      (cameras) => new Set(cameras.map(({ id }) => id)).size === cameras.length,
      'camera ids must be unique',
    ),
});
export type ConfigUpdate = z.infer<typeof ConfigUpdate>;

/** `GET /api/v1/config` (scope view): what is configured, without secrets. */
export const ConfigView = z.object({
  version: z.int().nonnegative(),
  cameras: z.array(CameraConfig.omit({ credentials: true }).extend({ hasCredentials: z.boolean() })),
});
export type ConfigView = z.infer<typeof ConfigView>;
