import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { VolumeName } from '../../shared/engine-api/index.ts';

/** What a disk says of itself. */
export const VolumeIdentity = z.object({
  formatVersion: z.literal(1),
  /** Made once for this disk; the index knows footage by it, wherever the disk is mounted. */
  volumeId: z.uuid(),
  /** The engine that the footage belongs to. */
  nodeId: z.uuid(),
  createdUtcMs: z.number(),
});
export type VolumeIdentity = z.infer<typeof VolumeIdentity>;

/** The small file by which a disk is recognised, in the root of the volume. */
export interface VolumeMarker {
  read(): Promise<MarkerReading>;
  /** Survives a power cut once it resolves. Rejects where there is one already. */
  write(identity: VolumeIdentity): Promise<void>;
}

export type MarkerReading =
  | { readonly kind: 'present'; readonly identity: VolumeIdentity }
  /** There is a file, and it is not one of ours. */
  | { readonly kind: 'damaged' }
  | { readonly kind: 'absent' }
  /** Not even the directory is there. */
  | { readonly kind: 'no-directory' };

/** Which disk each volume of the configuration is, across restarts. */
export interface KnownVolumes {
  find(name: VolumeName): string | undefined;
  /** Survives a power cut when it returns. */
  remember(name: VolumeName, volumeId: string): void;
  /** Forgets all others: a name that comes back later may be another disk. */
  retain(names: readonly VolumeName[]): void;
}

export type Recognition =
  | { readonly kind: 'recognised'; readonly volumeId: string }
  /** A disk that nobody has used yet, for a name that nobody has used yet. */
  | { readonly kind: 'new' }
  | { readonly kind: 'missing' | 'foreign'; readonly detail: string; readonly remedy: string };

/** What is at a volume's path is not its disk. */
export type Misplacement = Extract<Recognition, { kind: 'missing' | 'foreign' }>;

export interface VolumePlace {
  readonly name: VolumeName;
  readonly path: string;
  readonly nodeId: string;
  /** The disk that was there before. */
  readonly knownVolumeId: string | undefined;
}

/** Whether what is mounted at a volume's path is the volume: neither an empty mount point nor somebody else's disk is filled. */
export function recogniseVolume(reading: MarkerReading, place: VolumePlace): Recognition {
  const { name, path, nodeId, knownVolumeId } = place;
  switch (reading.kind) {
    case 'no-directory':
      return {
        kind: 'missing',
        detail: `The volume ${name} is missing: there is no directory ${path}.`,
        remedy: 'Mount its disk there, or take the volume out of the configuration.',
      };
    case 'absent':
      if (knownVolumeId === undefined) return { kind: 'new' };
      return {
        kind: 'missing',
        detail: `The volume ${name} is missing: what is at ${path} is not its disk, perhaps the empty mount point.`,
        remedy: 'Mount its disk; if that was replaced by a new one, give the new one a new name.',
      };
    case 'damaged':
      return {
        kind: 'foreign',
        detail: `Nobody can tell which disk is at ${path}: ${markerFileName} in it is damaged.`,
        remedy: `Restore ${markerFileName} from a backup, or remove it and give the volume ${name} a new name.`,
      };
    case 'present': {
      const { identity } = reading;
      if (identity.nodeId !== nodeId) {
        return {
          kind: 'foreign',
          detail: `The disk at ${path} belongs to another engine (node ${identity.nodeId}).`,
          remedy: `Mount the disk of the volume ${name} there, or remove ${markerFileName} to give this one to this node.`,
        };
      }
      if (knownVolumeId !== undefined && identity.volumeId !== knownVolumeId) {
        return {
          kind: 'foreign',
          detail: `The disk at ${path} is another volume of this node, not ${name}.`,
          remedy: 'Mount each disk where it was, or give the volume a new name.',
        };
      }
      return { kind: 'recognised', volumeId: identity.volumeId };
    }
  }
}

/** In the root of a volume. */
export const markerFileName = 'belvedere-volume.json';

export function newIdentity(
  nodeId: string,
  nowUtcMs: number,
  volumeId: string = randomUUID(),
): VolumeIdentity {
  return { formatVersion: 1, volumeId, nodeId, createdUtcMs: nowUtcMs };
}
