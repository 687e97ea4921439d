import { z } from 'zod';
import { CameraId, Credentials, RtspUrl, StreamKey } from './camera.ts';
import { MasterUpdate, MasterView } from './master.ts';
import { StreamOverrides } from './overrides.ts';
import { PushAddress } from './push.ts';
import { CameraRetention } from './retention.ts';
import { ServeUpdate, ServeView } from './serve.ts';
import { VolumeName, VolumesConfig } from './volumes.ts';

/** Where a stream comes from: fetched from the camera, or pushed by it. */
export const StreamAddress = z.union([RtspUrl, PushAddress]);
export type StreamAddress = z.infer<typeof StreamAddress>;

/** One camera as an engine is told to record it. */
export const CameraConfig = z.object({
  id: CameraId,
  name: z.string().min(1).max(200),
  main: StreamAddress,
  sub: StreamAddress.optional(),
  /** Kept in the node's sealed store; never returned. */
  credentials: Credentials.optional(),
  /** Kept in the node's sealed store; never returned. For cameras that push. */
  streamKey: StreamKey.optional(),
  record: z.boolean(),
  /** Where what the engine would do by itself does not suit the camera. */
  overrides: StreamOverrides.optional(),
  retention: CameraRetention.optional(),
  /** The volume that its footage goes to while that is well; another one otherwise, or when there is none of that name. */
  volume: VolumeName.optional(),
});
export type CameraConfig = z.infer<typeof CameraConfig>;

/** A camera without its secrets. */
export const PublicCameraConfig = CameraConfig.omit({ credentials: true, streamKey: true });
export type PublicCameraConfig = z.infer<typeof PublicCameraConfig>;

/** A camera in an update. A secret that is absent stays what the node has for the camera's id; null removes it. */
export const CameraUpdate = PublicCameraConfig.extend({
  credentials: Credentials.nullable().optional(),
  streamKey: StreamKey.nullable().optional(),
});
export type CameraUpdate = z.infer<typeof CameraUpdate>;

function hasUniquePushNames(cameras: readonly Pick<PublicCameraConfig, 'main' | 'sub'>[]): boolean {
  const names = cameras
    .flatMap(({ main, sub }) => [main, sub])
    .flatMap((address) => (typeof address === 'object' ? [address.push] : []));
  return new Set(names).size === names.length;
}

/**
 * `PUT /api/v1/config` (scope admin). A section that is absent stays as it is; one that is given replaces the former whole.
 * `version` is the one the caller read, a stale one is refused with `version-conflict`. Answers `ConfigView`.
 */
export const ConfigUpdate = z.strictObject({
  version: z.int().nonnegative(),
  cameras: z
    .array(CameraUpdate)
    .max(1000)
    .refine(
      (cameras) => new Set(cameras.map(({ id }) => id)).size === cameras.length,
      'camera ids must be unique',
    )
    .refine(hasUniquePushNames, 'every stream that is pushed needs a name of its own')
    .optional(),
  serve: ServeUpdate.optional(),
  master: MasterUpdate.optional(),
  volumes: VolumesConfig.optional(),
});
export type ConfigUpdate = z.infer<typeof ConfigUpdate>;

/** `GET /api/v1/config` (scope view): what is configured, without secrets. */
export const ConfigView = z.object({
  version: z.int().nonnegative(),
  cameras: z.array(
    PublicCameraConfig.extend({
      hasCredentials: z.boolean(),
      /** Present where it has one. */
      hasStreamKey: z.literal(true).optional(),
    }),
  ),
  /** Absent until it was configured: the defaults hold. */
  serve: ServeView.optional(),
  /** Absent until it was configured: the engine is no master. */
  master: MasterView.optional(),
  /** Absent until it was configured: footage goes to the directory `recordings` of the engine. */
  volumes: VolumesConfig.optional(),
});
export type ConfigView = z.infer<typeof ConfigView>;
