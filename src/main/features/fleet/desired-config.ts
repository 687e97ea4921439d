import { createHash } from 'node:crypto';
import type { CameraConfig, ConfigView } from '../../../shared/engine-api/index.ts';
import type { StoredCamera } from '../inventory/index.ts';

/** What an engine should be told to record. */
export interface DesiredConfig {
  /** In the order of their identifiers, without credentials. */
  readonly cameras: readonly Omit<CameraConfig, 'credentials'>[];
  /** SHA-256 in hex; changes with everything that is sent, credentials included, of which it knows only the revision. */
  readonly fingerprint: string;
}

export function desiredConfig(assigned: readonly StoredCamera[]): DesiredConfig {
  const sorted = assigned.toSorted((a, b) => (a.camera.id < b.camera.id ? -1 : 1));
  const cameras = sorted.map(({ camera: { id, name, mainUri, subUri } }) => ({
    id,
    name,
    main: mainUri,
    ...(subUri !== undefined && { sub: subUri }),
    record: true,
  }));
  const credentials = sorted.map(({ camera, credentialRevision }) => [camera.username, credentialRevision]);
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([cameras, credentials]))
    .digest('hex');
  return { cameras, fingerprint };
}

/** What the desk does not decide about a camera: it was set at the node's own API, and stays. */
export type NodeSettings = Pick<CameraConfig, 'overrides' | 'retention' | 'volume'>;

export function nodeSettings({ overrides, retention, volume }: ConfigView['cameras'][number]): NodeSettings {
  return {
    ...(overrides !== undefined && { overrides }),
    ...(retention !== undefined && { retention }),
    ...(volume !== undefined && { volume }),
  };
}

/** These cameras and all others that are at the same `host:port`, where an engine knows one key for all of them. */
export function withNeighbours(
  cameras: DesiredConfig['cameras'],
  cameraIds: readonly string[],
): ReadonlySet<string> {
  const chosen = cameras.filter(({ id }) => cameraIds.includes(id));
  const places = new Set(chosen.flatMap(placesOf));
  return new Set(
    cameras.filter((camera) => placesOf(camera).some((place) => places.has(place))).map(({ id }) => id),
  );
}

/** RFC 7826 §4.2: 322 is RTSP over TLS. */
const defaultPorts: Readonly<Record<string, string>> = { 'rtsp:': '554', 'rtsps:': '322' };

function placesOf({ main, sub }: DesiredConfig['cameras'][number]): readonly string[] {
  return [main, sub]
    .filter((address) => typeof address === 'string')
    .map((address) => {
      const { protocol, hostname, port } = new URL(address);
      return `${hostname.toLowerCase()}:${port || defaultPorts[protocol]}`;
    });
}

/** What an engine acknowledged last. */
export interface AppliedConfig {
  /** The engine's configuration version after it. */
  readonly engineVersion: number;
  readonly fingerprint: string;
}

/**
 * Whether an engine has what it should: it acknowledged just that, and nothing changed its configuration since. A node that
 * was set up anew, or that another desk told something else, is at another version.
 */
export function isInStep(
  applied: AppliedConfig | undefined,
  engineVersion: number,
  desired: DesiredConfig,
): boolean {
  if (!applied) return engineVersion === 0 && desired.cameras.length === 0;
  return applied.engineVersion === engineVersion && applied.fingerprint === desired.fingerprint;
}
