import { z } from 'zod';
import { VolumeName } from '../../shared/engine-api/index.ts';
import type { EngineLayout } from './layout.ts';
import { stateFile } from './state-file.ts';

const FORMAT_VERSION = 1;

const StoredVolumes = z.object({ volumes: z.record(VolumeName, z.uuid()) });

/** Which disk each volume is, so that an empty mount point is not taken for a new one. */
export interface KnownVolumesFile {
  find(name: VolumeName): string | undefined;
  remember(name: VolumeName, volumeId: string): void;
  retain(names: readonly VolumeName[]): void;
}

/** Throws `EngineExit` when the file is damaged or of a newer version. */
export function openKnownVolumes(layout: EngineLayout): KnownVolumesFile {
  const file = stateFile({ path: layout.volumes, formatVersion: FORMAT_VERSION, schema: StoredVolumes });
  let volumes = new Map(Object.entries(file.read()?.volumes ?? {}));
  const write = (next: ReadonlyMap<string, string>): void => {
    file.write({ volumes: Object.fromEntries(next) });
    volumes = new Map(next);
  };
  return {
    find: (name) => volumes.get(name),
    remember: (name, volumeId) => write(new Map([...volumes, [name, volumeId]])),
    retain(names) {
      const kept = new Map([...volumes].filter(([name]) => names.includes(name)));
      if (kept.size < volumes.size) write(kept);
    },
  };
}
