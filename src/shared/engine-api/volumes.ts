import { z } from 'zod';
import { CameraId } from './camera.ts';
import { defaultReserveBytes } from './recording.ts';

/** A volume in paths, metrics and sentences; the identity of its disk is another thing, kept in a file on the disk. */
export const VolumeName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'up to 32 lower-case letters, digits and dashes');
export type VolumeName = z.infer<typeof VolumeName>;

/** Where the service may write besides its own directory, so that disks for footage are mounted below. */
export const volumeRoots = ['/srv', '/mnt', '/media'] as const;

/** The one volume of an engine that was told of none: the directory `recordings` beside its state. */
export const defaultVolumeName = 'recordings';

/** So that volumes which hang, each with its few threads, leave some for everything else. */
export const maximumVolumes = 8;

const VolumePath = z
  .string()
  .max(1024)
  .regex(/^\/[^\0]*[^/\0]$/, 'an absolute path without a slash at its end')
  .refine((path) => !path.split('/').some((name) => name === '.' || name === '..'), 'a path without dots');

/** A place for footage: a directory, as a rule the mount point of a disk of its own, below one of the `volumeRoots`. */
export const VolumeConfig = z.object({
  name: VolumeName,
  path: VolumePath,
  /** Recording there halts below this much free space. */
  reserveBytes: z.int().nonnegative().default(defaultReserveBytes),
  /** The oldest footage there is deleted when all of it that nobody has locked is larger. */
  quotaBytes: z.int().positive().optional(),
  /** Footage there is deleted when it is older. */
  maximumDays: z.number().positive().max(36_500).optional(),
});
export type VolumeConfig = z.infer<typeof VolumeConfig>;

/** The section `volumes` of the configuration. Empty: the default volume alone. */
export const VolumesConfig = z
  .array(VolumeConfig)
  .max(maximumVolumes)
  .refine((volumes) => isUnique(volumes.map(({ name }) => name)), 'volume names must be unique')
  .refine(
    (volumes) =>
      volumes.every(({ path }) =>
        volumes.every((other) => other.path === path || !path.startsWith(`${other.path}/`)),
      ) && isUnique(volumes.map(({ path }) => path)),
    'volumes must not lie in one another',
  );
export type VolumesConfig = z.infer<typeof VolumesConfig>;

const trouble = {
  /** When it began. */
  sinceUtcMs: z.number(),
  /** One sentence for a person: what is the matter. */
  detail: z.string(),
  /** One sentence: what to do now. */
  remedy: z.string(),
};

/** How a volume fares. Footage goes only where it is `ok`; live pictures do not depend on it. */
export const VolumeState = z.discriminatedUnion('kind', [
  /** Being looked at for the first time, or again after it was away: its files are compared with the index. */
  z.object({ kind: z.literal('opening'), sinceUtcMs: z.number() }),
  z.object({ kind: z.literal('ok'), sinceUtcMs: z.number() }),
  /** Less free space than the reserve, and nothing that may be deleted. */
  z.object({ kind: z.literal('full'), ...trouble }),
  z.object({ kind: z.literal('read-only'), ...trouble }),
  /** An operation has not been answered for a while. */
  z.object({ kind: z.literal('hung'), ...trouble }),
  /** The directory, or in it the disk that belongs there, is not there. */
  z.object({ kind: z.literal('missing'), ...trouble }),
  /** The disk there belongs to another node or is another volume of this one. */
  z.object({ kind: z.literal('foreign'), ...trouble }),
  /** It answers with errors; `code` is the system's name for the newest, such as `EIO`. */
  z.object({ kind: z.literal('failing'), code: z.string(), ...trouble }),
]);
export type VolumeState = z.infer<typeof VolumeState>;

export const VolumeStatus = z.object({
  name: VolumeName,
  path: z.string(),
  /** 0 until it was looked at. */
  totalBytes: z.number().nonnegative(),
  freeBytes: z.number().nonnegative(),
  /** Recording halts below this much free space. */
  reserveBytes: z.number().nonnegative(),
  quotaBytes: z.number().positive().optional(),
  maximumDays: z.number().positive().optional(),
  /** Footage of this engine there, bytes. */
  storedBytes: z.number().nonnegative(),
  state: VolumeState,
});
export type VolumeStatus = z.infer<typeof VolumeStatus>;

/** What is stored of one camera, on all volumes. */
export const CameraFootage = z.object({
  cameraId: CameraId,
  storedBytes: z.int().nonnegative(),
  segments: z.int().nonnegative(),
  /** Start of its oldest footage; absent when there is none. */
  oldestUtcMs: z.number().optional(),
});
export type CameraFootage = z.infer<typeof CameraFootage>;

/** `GET /api/v1/volumes` (scope view). */
export const VolumeOverview = z.object({
  volumes: z.array(VolumeStatus).max(maximumVolumes),
  /** Every camera that has footage here, whether it is still configured or not. */
  cameras: z.array(CameraFootage),
});
export type VolumeOverview = z.infer<typeof VolumeOverview>;

function isUnique(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
