import { z } from 'zod';
import type { Log } from '../../shared/domain/log.ts';
import type { EngineLayout } from './layout.ts';
import { stateFile } from './state-file.ts';

const FORMAT_VERSION = 1;
/** A SHA-256 in base64. */
const PublicKeyPin = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);
const StoredKeys = z.object({ keys: z.record(z.string().max(300), PublicKeyPin) });

/** The public keys that cameras have shown over TLS, by `host:port`. */
export interface KnownCameraKeys {
  find(place: string): string | undefined;
  /** Never throws: a key that cannot be written down is known until the engine ends. */
  learn(place: string, publicKeyPin: string): void;
  /** Forgets the keys of all other places: a camera that is removed and added again is trusted anew. */
  retain(places: ReadonlySet<string>): void;
}

/** Throws `EngineExit` when the file is damaged or of a newer version. */
export function openKnownCameraKeys(layout: EngineLayout, log: Log): KnownCameraKeys {
  const file = stateFile({ path: layout.cameraKeys, formatVersion: FORMAT_VERSION, schema: StoredKeys });
  const keys = new Map(Object.entries(file.read()?.keys ?? {}));
  const write = (): void => {
    try {
      file.write({ keys: Object.fromEntries(keys) });
    } catch (error) {
      log.warn({ error, path: layout.cameraKeys }, 'The keys of cameras could not be written down.');
    }
  };
  return {
    find: (place) => keys.get(place),
    learn(place, publicKeyPin) {
      keys.set(place, publicKeyPin);
      log.info(
        { place, publicKeyPin },
        'A camera was reached over TLS for the first time; its key is trusted.',
      );
      write();
    },
    retain(places) {
      const forgotten = [...keys.keys()].filter((place) => !places.has(place));
      for (const place of forgotten) keys.delete(place);
      if (forgotten.length > 0) write();
    },
  };
}
