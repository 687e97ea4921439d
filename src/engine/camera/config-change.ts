import type { CameraConfig, Credentials } from '../../shared/engine-api/index.ts';

/** What a stream is made from; a stream is replaced only when this changes. */
export interface StreamSource {
  readonly url: string;
  readonly credentials: Credentials | undefined;
}

export function mainSource(config: CameraConfig): StreamSource {
  return { url: config.main, credentials: config.credentials };
}

/** `undefined` when the camera has no second stream. */
export function subSource(config: CameraConfig): StreamSource | undefined {
  return config.sub === undefined ? undefined : { url: config.sub, credentials: config.credentials };
}

export function isSameSource(one: StreamSource | undefined, other: StreamSource | undefined): boolean {
  return (
    one?.url === other?.url &&
    one?.credentials?.username === other?.credentials?.username &&
    one?.credentials?.password === other?.credentials?.password
  );
}

export interface CameraSetChange {
  readonly removed: readonly string[];
  readonly added: readonly CameraConfig[];
  /** Cameras of which something is different that the engine acts on; a new name alone is not. */
  readonly changed: readonly CameraConfig[];
}

/** What is to be done to get from one list of cameras to another without touching those that stay as they are. */
export function cameraSetChange(
  before: readonly CameraConfig[],
  after: readonly CameraConfig[],
): CameraSetChange {
  const former = new Map(before.map((camera) => [camera.id, camera]));
  const wanted = new Set(after.map(({ id }) => id));
  return {
    removed: before.flatMap(({ id }) => (wanted.has(id) ? [] : [id])),
    added: after.filter(({ id }) => !former.has(id)),
    changed: after.filter((camera) => {
      const known = former.get(camera.id);
      return known !== undefined && !isSameTask(known, camera);
    }),
  };
}

function isSameTask(one: CameraConfig, other: CameraConfig): boolean {
  return (
    one.record === other.record &&
    isSameSource(mainSource(one), mainSource(other)) &&
    isSameSource(subSource(one), subSource(other))
  );
}
