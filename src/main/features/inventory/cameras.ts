import type { Camera } from '../../../shared/contract/index.ts';
import type { Credentials } from '../../../shared/engine-api/index.ts';
import { DeskError, fail } from '../../failure.ts';
import type { CameraInterviewer } from '../../platform/onvif/camera-client.ts';
import { moveToHost } from '../../platform/onvif/service-address.ts';
import type { Clock, Database, Log } from '../../platform/ports.ts';
import type { CameraSighting, Candidate, Discovery } from '../discovery/index.ts';
import type { CameraStore, StoredCamera } from './camera-store.ts';
import type { SiteSecrets } from './site-secrets.ts';
import { SlugAllocator } from './slug.ts';
import { chooseStreams } from './stream-choice.ts';

export interface CameraDependencies {
  readonly database: Database;
  readonly store: CameraStore;
  readonly secrets: SiteSecrets;
  readonly discovery: Discovery;
  readonly interviewer: CameraInterviewer;
  readonly clock: Clock;
  readonly log: Log;
  /** Told after each change was stored. */
  readonly onChange: (cameraIds: readonly string[]) => void;
}

/** The rules by which cameras join, change and leave the site. */
export class Cameras {
  readonly #dependencies: CameraDependencies;
  /** Cameras whose old address is being asked. */
  readonly #moving = new Set<string>();
  readonly #lifetime = new AbortController();

  constructor(dependencies: CameraDependencies) {
    this.#dependencies = dependencies;
  }

  /** Ends questions that are under way. */
  close(): void {
    this.#lifetime.abort();
  }

  get(cameraId: string): StoredCamera {
    const found = this.#dependencies.store.get(cameraId);
    if (!found) throw fail('not-found', `The site has no camera ${cameraId}.`);
    return found;
  }

  /** All or none. */
  add(deviceIds: readonly string[]): readonly string[] {
    const { database, store, secrets, discovery } = this.#dependencies;
    const candidates = [...new Set(deviceIds)].map((id) => this.#readyCandidate(id));
    const slugs = new SlugAllocator(store.list().map(({ camera }) => camera.id));
    const cameraIds = database.transaction(() =>
      candidates.map((candidate) => {
        const stored = this.#newCamera(candidate, slugs);
        store.put(stored);
        if (candidate.credentials) secrets.putCamera(stored.camera.id, candidate.credentials.password);
        return stored.camera.id;
      }),
    )();
    discovery.forgetCredentials(deviceIds);
    this.#dependencies.onChange(cameraIds);
    return cameraIds;
  }

  rename(cameraId: string, name: string): void {
    const stored = this.get(cameraId);
    this.#put({ ...stored, camera: { ...stored.camera, name } });
  }

  /** Asks the camera first. */
  async changeCredentials(cameraId: string, credentials: Credentials, signal: AbortSignal): Promise<void> {
    const { database, secrets, interviewer, store } = this.#dependencies;
    const { camera, serviceUrl } = this.get(cameraId);
    await interviewer.describe({ label: camera.name, serviceUrl, credentials }, signal);
    database.transaction(() => {
      const now = this.get(cameraId);
      secrets.putCamera(cameraId, credentials.password);
      store.put({
        ...now,
        camera: { ...now.camera, username: credentials.username },
        credentialRevision: now.credentialRevision + 1,
      });
    })();
    this.#dependencies.onChange([cameraId]);
  }

  remove(cameraIds: readonly string[]): void {
    const { database, store, secrets } = this.#dependencies;
    database.transaction(() => {
      for (const cameraId of cameraIds) {
        this.get(cameraId);
        store.remove(cameraId);
        secrets.removeCamera(cameraId);
      }
    })();
    this.#dependencies.onChange(cameraIds);
  }

  /** All or none. The caller knows that the node is there. */
  assign(cameraIds: readonly string[], nodeId: string | undefined): void {
    const { database, store } = this.#dependencies;
    database.transaction(() => {
      for (const cameraId of cameraIds) {
        const stored = this.get(cameraId);
        const { nodeId: _before, ...camera } = stored.camera;
        store.put({ ...stored, camera: nodeId === undefined ? camera : { ...camera, nodeId } });
      }
    })();
    this.#dependencies.onChange(cameraIds);
  }

  /** Follows a camera of the site to a new address, once it is gone from the old one. */
  async follow(sighting: CameraSighting): Promise<void> {
    const { store, log } = this.#dependencies;
    const stored = store.byEndpoint(sighting.endpointReference);
    if (!stored || stored.serviceUrl === sighting.serviceUrl || this.#moving.has(stored.camera.id)) return;
    const { id, name, address } = stored.camera;
    this.#moving.add(id);
    try {
      if (address !== sighting.address && (await this.#isStillAtOldAddress(stored))) {
        log.warn(
          { camera: id, address, alsoAt: sighting.address },
          'A camera answers at two addresses; the known one stays',
        );
        return;
      }
      const now = store.get(id);
      if (!now || this.#lifetime.signal.aborted) return;
      log.info({ camera: id, from: address, to: sighting.address }, 'A camera has a new address');
      this.#put(movedTo(now, sighting));
    } catch (error) {
      log.error(
        { camera: id, error: String(error) },
        `Camera ${name} could not be followed to its new address`,
      );
    } finally {
      this.#moving.delete(id);
    }
  }

  /**
   * A camera with two network cards would otherwise move to and fro, and anybody could take its place by announcing its
   * name. The old address may meanwhile be another camera's, which then has shown itself to discovery.
   */
  async #isStillAtOldAddress({ camera, serviceUrl }: StoredCamera): Promise<boolean> {
    const { discovery, interviewer } = this.#dependencies;
    if (discovery.hasOtherCameraAt(camera.address, camera.endpointReference ?? '')) return false;
    try {
      await interviewer.describe({ label: camera.name, serviceUrl }, this.#lifetime.signal);
      return true;
    } catch (error) {
      if (!(error instanceof DeskError)) throw error;
      return error.failure.code !== 'unreachable' && error.failure.code !== 'timed-out';
    }
  }

  #readyCandidate(deviceId: string): Candidate {
    const { discovery, store } = this.#dependencies;
    const candidate = discovery.candidate(deviceId);
    if (!candidate) throw fail('not-found', `No camera ${deviceId} was found.`, 'Search again, then add it.');
    const { name, access } = candidate.camera;
    const known = store.byEndpoint(deviceId);
    if (known) {
      throw fail(
        'conflict',
        `Camera ${name} is part of the site already, as ${known.camera.name}.`,
        'Leave it out.',
      );
    }
    if (access.kind !== 'open') {
      throw fail(
        'credentials-refused',
        `Camera ${name} has not accepted any credentials yet.`,
        'Enter the user name and password of its ONVIF user first.',
      );
    }
    return candidate;
  }

  #newCamera({ camera: found, serviceUrl, credentials }: Candidate, slugs: SlugAllocator): StoredCamera {
    const profiles = found.access.kind === 'open' ? found.access.profiles : [];
    const streams = chooseStreams(profiles);
    if (!streams) throw fail('camera-garbage', `Camera ${found.name} lists no video profile.`);
    const camera: Camera = {
      id: slugs.allocate(found.name, 'camera'),
      name: found.name,
      address: found.address,
      ...(found.manufacturer !== undefined && { manufacturer: found.manufacturer }),
      ...(found.model !== undefined && { model: found.model }),
      ...(found.serialNumber !== undefined && { serialNumber: found.serialNumber }),
      endpointReference: found.id,
      ...(credentials && { username: credentials.username }),
      profiles,
      mainUri: streams.main.streamUri,
      ...(streams.sub && { subUri: streams.sub.streamUri }),
      addedUtcMs: this.#dependencies.clock.utcMs(),
    };
    return { camera, serviceUrl, credentialRevision: 0 };
  }

  #put(stored: StoredCamera): void {
    this.#dependencies.store.put(stored);
    this.#dependencies.onChange([stored.camera.id]);
  }
}

function movedTo(stored: StoredCamera, { address, serviceUrl }: CameraSighting): StoredCamera {
  const { camera } = stored;
  return {
    ...stored,
    serviceUrl,
    camera: {
      ...camera,
      address,
      profiles: camera.profiles.map((profile) => ({
        ...profile,
        streamUri: moveToHost(profile.streamUri, address),
      })),
      mainUri: moveToHost(camera.mainUri, address),
      ...(camera.subUri !== undefined && { subUri: moveToHost(camera.subUri, address) }),
    },
  };
}
