import { z } from 'zod';
import {
  MasterSection,
  PublicCameraConfig,
  ServeSection,
  ServeUpdate,
  VolumesConfig,
} from '../../shared/engine-api/index.ts';
import type {
  CameraConfig,
  ConfigUpdate,
  ConfigView,
  MasterConfig,
  ServeConfig,
} from '../../shared/engine-api/index.ts';
import type { Secrets } from './sealed-store.ts';

/**
 * What an engine was told, without secrets, as it stands on disk. Optional sections were never configured. A section of an
 * update, its stored form, its view and what the engine makes of it belong together: a new one needs a line in each of the
 * four functions below.
 */
export const StoredConfig = z.object({
  version: z.int().nonnegative(),
  cameras: z.array(PublicCameraConfig),
  serve: ServeSection.optional(),
  master: MasterSection.optional(),
  volumes: VolumesConfig.optional(),
});
export type StoredConfig = z.infer<typeof StoredConfig>;

/** What the engine works with: every section, its secrets in place. */
export interface EngineConfig {
  readonly cameras: readonly CameraConfig[];
  readonly serve: ServeConfig;
  readonly master: MasterConfig;
  /** Empty: the default volume. */
  readonly volumes: VolumesConfig;
}

export interface ConfigContent {
  readonly stored: StoredConfig;
  readonly secrets: Secrets;
}

export type UpdateVerdict =
  | ({ readonly kind: 'accepted' } & ConfigContent)
  /** The sections do not go together; `message` says which and what to do. */
  | { readonly kind: 'invalid'; readonly message: string };

/** What an update makes of what was there. Sections that it leaves out stay, and so do the secrets that it leaves out. */
export function applyUpdate({ stored, secrets }: ConfigContent, update: ConfigUpdate): UpdateVerdict {
  const serve = update.serve === undefined ? stored.serve : ServeSection.parse(update.serve);
  const master = update.master === undefined ? stored.master : MasterSection.parse(update.master);
  const next: StoredConfig = {
    version: stored.version + 1,
    cameras: update.cameras?.map((camera) => PublicCameraConfig.parse(camera)) ?? stored.cameras,
    ...(serve === undefined ? {} : { serve }),
    ...(master === undefined ? {} : { master }),
    ...present('volumes', update.volumes ?? stored.volumes),
  };
  const conflict = conflictIn(next);
  return conflict === undefined
    ? { kind: 'accepted', stored: next, secrets: nextSecrets(secrets, update) }
    : { kind: 'invalid', message: conflict };
}

export function viewOf({ stored, secrets }: ConfigContent): ConfigView {
  const { version, cameras, serve, master, volumes } = stored;
  return {
    version,
    cameras: cameras.map((camera) => ({
      ...camera,
      hasCredentials: secrets.cameraCredentials.has(camera.id),
      ...(secrets.streamKeys.has(camera.id) ? { hasStreamKey: true } : {}),
    })),
    ...(serve === undefined
      ? {}
      : {
          serve: {
            ...serve,
            accounts: serve.accounts.map(({ username }) => ({
              username,
              hasPassword: secrets.accountPasswords.has(username),
            })),
          },
        }),
    ...(master === undefined
      ? {}
      : {
          master: {
            ...master,
            slaves: master.slaves.map((slave) => ({ ...slave, hasToken: secrets.slaveTokens.has(slave.id) })),
          },
        }),
    ...present('volumes', volumes),
  };
}

export function engineConfigOf({ stored, secrets }: ConfigContent): EngineConfig {
  const { cameras, serve = ServeUpdate.parse({}), master = { slaves: [], cameras: [] } } = stored;
  return {
    cameras: cameras.map((camera) => ({
      ...camera,
      ...present('credentials', secrets.cameraCredentials.get(camera.id)),
      ...present('streamKey', secrets.streamKeys.get(camera.id)),
    })),
    serve: {
      ...serve,
      accounts: serve.accounts.flatMap(({ username }) => {
        const password = secrets.accountPasswords.get(username);
        return password === undefined ? [] : [{ username, password }];
      }),
    },
    master: {
      ...master,
      slaves: master.slaves.map((slave) => ({
        ...slave,
        ...present('token', secrets.slaveTokens.get(slave.id)),
      })),
    },
    volumes: stored.volumes ?? [],
  };
}

function nextSecrets(former: Secrets, { cameras, serve, master }: ConfigUpdate): Secrets {
  return {
    cameraCredentials:
      cameras === undefined
        ? former.cameraCredentials
        : keep(
            former.cameraCredentials,
            cameras.map(({ id, credentials }) => [id, credentials]),
          ),
    streamKeys:
      cameras === undefined
        ? former.streamKeys
        : keep(
            former.streamKeys,
            cameras.map(({ id, streamKey }) => [id, streamKey]),
          ),
    accountPasswords:
      serve === undefined
        ? former.accountPasswords
        : keep(
            former.accountPasswords,
            serve.accounts.map(({ username, password }) => [username, password]),
          ),
    slaveTokens:
      master === undefined
        ? former.slaveTokens
        : keep(
            former.slaveTokens,
            master.slaves.map(({ id, token }) => [id, token]),
          ),
  };
}

/** The secrets of who is named now: the one given, the former where none is given, none where it is null. */
function keep<Secret>(
  former: ReadonlyMap<string, Secret>,
  named: readonly (readonly [owner: string, given: Secret | null | undefined])[],
): ReadonlyMap<string, Secret> {
  const kept = new Map<string, Secret>();
  for (const [owner, given] of named) {
    const secret = given === undefined ? former.get(owner) : given;
    if (secret !== undefined && secret !== null) kept.set(owner, secret);
  }
  return kept;
}

function present<Key extends string, Value>(key: Key, value: Value | undefined): { [Name in Key]?: Value } {
  const property: { [Name in Key]?: Value } = {};
  if (value !== undefined) property[key] = value;
  return property;
}

/** What sections cannot say about each other in a schema of their own. */
function conflictIn({ cameras, master }: StoredConfig): string | undefined {
  const own = new Set<string>(cameras.map(({ id }) => id));
  const twice = master?.cameras.find(({ id }) => own.has(id));
  if (twice === undefined) return undefined;
  return `Camera ${twice.id} cannot be ingested here and relayed from ${twice.slaveId} at once. Take it out of cameras or out of master.cameras.`;
}
