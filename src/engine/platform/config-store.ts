import { z } from 'zod';
import { CameraConfig } from '../../shared/engine-api/index.ts';
import type { ConfigUpdate, ConfigView } from '../../shared/engine-api/index.ts';
import type { EngineLayout } from './layout.ts';
import type { SealedStore } from './sealed-store.ts';
import { stateFile } from './state-file.ts';

const FORMAT_VERSION = 1;

const PublicCameraConfig = CameraConfig.omit({ credentials: true });
const StoredConfig = z.object({ version: z.int().nonnegative(), cameras: z.array(PublicCameraConfig) });

export type ConfigChange =
  | { readonly kind: 'applied'; readonly cameras: readonly CameraConfig[] }
  /** The caller had read another version than the current one; nothing was changed. */
  | { readonly kind: 'stale'; readonly currentVersion: number };

/** What the engine was told to do, on disk: cameras in one file, their credentials sealed in another. */
export interface ConfigStore {
  view(): ConfigView;
  /** With credentials. */
  cameras(): readonly CameraConfig[];
  /** Stores the whole list. A camera given without credentials keeps those the node already has for its id. */
  update(update: ConfigUpdate): ConfigChange;
}

/** Reads both files. Throws `EngineExit` when one is damaged or of a newer version. */
export function openConfigStore(layout: EngineLayout, sealedStore: SealedStore): ConfigStore {
  const file = stateFile({ path: layout.config, formatVersion: FORMAT_VERSION, schema: StoredConfig });
  let stored = file.read() ?? { version: 0, cameras: [] };
  let sealed = sealedStore.read();

  const cameras = (): readonly CameraConfig[] =>
    stored.cameras.map((camera) => {
      const credentials = sealed[camera.id];
      return credentials === undefined ? camera : { ...camera, credentials };
    });

  return {
    cameras,
    view: () => ({
      version: stored.version,
      cameras: stored.cameras.map((camera) => ({
        ...camera,
        hasCredentials: sealed[camera.id] !== undefined,
      })),
    }),
    update(update) {
      if (update.version !== stored.version) return { kind: 'stale', currentVersion: stored.version };
      const next = {
        version: stored.version + 1,
        cameras: update.cameras.map((camera) => PublicCameraConfig.parse(camera)),
      };
      const given = Object.fromEntries(
        update.cameras.flatMap(({ id, credentials }) =>
          credentials === undefined ? [] : [[id, credentials]],
        ),
      );
      const union = { ...sealed, ...given };
      const kept = Object.fromEntries(
        update.cameras.flatMap(({ id }) => {
          const credentials = union[id];
          return credentials === undefined ? [] : [[id, credentials]];
        }),
      );
      // Old and new credentials first, so that whichever list of cameras survives a crash finds its own.
      sealedStore.write(union);
      file.write(next);
      stored = next;
      if (Object.keys(kept).length < Object.keys(union).length) sealedStore.write(kept);
      sealed = kept;
      return { kind: 'applied', cameras: cameras() };
    },
  };
}
