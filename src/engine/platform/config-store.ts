import type { Log } from '../../shared/domain/log.ts';
import type { ConfigUpdate, ConfigView } from '../../shared/engine-api/index.ts';
import { StoredConfig, applyUpdate, engineConfigOf, viewOf } from './config-content.ts';
import type { ConfigContent, EngineConfig } from './config-content.ts';
import { errorCode } from './layout.ts';
import type { EngineLayout } from './layout.ts';
import { secretCount, unionOfSecrets } from './sealed-store.ts';
import type { SealedStore, Secrets } from './sealed-store.ts';
import { stateFile } from './state-file.ts';
import type { StateFile } from './state-file.ts';

/** 2: sections beside the cameras. A file of format 1 is read as it stands: it has cameras only. */
const FORMAT_VERSION = 2;

export type ConfigChange =
  | { readonly kind: 'applied'; readonly config: EngineConfig }
  /** The caller had read another version than the current one; nothing was changed. */
  | { readonly kind: 'stale'; readonly currentVersion: number }
  /** What would result makes no sense; nothing was changed. The message is for the person. */
  | { readonly kind: 'invalid'; readonly message: string }
  /** The disk took it not; nothing was changed. `code` is the system's name for it, such as `ENOSPC`. */
  | { readonly kind: 'not-written'; readonly code: string };

/** What the engine was told to do, on disk: sections without secrets in one file, all secrets sealed in another. */
export interface ConfigStore {
  view(): ConfigView;
  /** With secrets. */
  current(): EngineConfig;
  update(update: ConfigUpdate): ConfigChange;
}

/** What an engine was told, without its secrets. Throws `EngineExit` when it is damaged or of a newer version. */
export function readStoredConfig(layout: EngineLayout): StoredConfig {
  return configFile(layout).read() ?? { version: 0, cameras: [] };
}

function configFile(layout: EngineLayout): StateFile<StoredConfig> {
  return stateFile({ path: layout.config, formatVersion: FORMAT_VERSION, schema: StoredConfig });
}

/** Reads both files. Throws `EngineExit` when one is damaged or of a newer version. */
export function openConfigStore(layout: EngineLayout, sealedStore: SealedStore, log: Log): ConfigStore {
  const file = configFile(layout);
  let content: ConfigContent = {
    stored: readStoredConfig(layout),
    secrets: sealedStore.read(),
  };

  /** The configuration holds already; secrets that nobody uses any more stay sealed until the next change. */
  const forgetOthers = (secrets: Secrets): void => {
    try {
      sealedStore.write(secrets);
    } catch (error) {
      log.warn({ error }, 'Secrets that are not used any more were not removed from the disk.');
    }
  };

  return {
    current: () => engineConfigOf(content),
    view: () => viewOf(content),
    update(update) {
      const { stored, secrets } = content;
      if (update.version !== stored.version) return { kind: 'stale', currentVersion: stored.version };
      const verdict = applyUpdate(content, update);
      if (verdict.kind === 'invalid') return verdict;
      // Old and new secrets first, so that whichever configuration survives a crash finds its own.
      const union = unionOfSecrets(secrets, verdict.secrets);
      try {
        sealedStore.write(union);
        file.write(verdict.stored);
      } catch (error) {
        return { kind: 'not-written', code: errorCode(error) };
      }
      content = { stored: verdict.stored, secrets: verdict.secrets };
      if (secretCount(verdict.secrets) < secretCount(union)) forgetOthers(verdict.secrets);
      return { kind: 'applied', config: engineConfigOf(content) };
    },
  };
}
