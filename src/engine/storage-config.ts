import { defaultVolumeName, type VolumeConfig } from '../shared/engine-api/index.ts';
import type { EngineConfig } from './platform/config-content.ts';
import type { StorageConfig } from './storage/index.ts';

/** What of an engine's configuration concerns storage. Without volumes there is one, beside the engine's state. */
export function storageConfig(
  { volumes, cameras }: Pick<EngineConfig, 'volumes' | 'cameras'>,
  defaults: Pick<VolumeConfig, 'path' | 'reserveBytes'>,
): StorageConfig {
  return {
    volumes: volumes.length > 0 ? volumes : [{ name: defaultVolumeName, ...defaults }],
    // Also of cameras that are not recorded any more: what was promised of their footage still holds.
    cameras: new Map(
      cameras.map(({ id, retention, volume }) => [id, { retention, preferredVolume: volume }]),
    ),
  };
}
