import { bulkhead } from 'cockatiel';
import type {
  DiscoveredCamera,
  DiscoveryScope,
  DiscoveryState,
  NetworkInterface,
  discoveryContract,
} from '../../../shared/contract/index.ts';
import type { Credentials } from '../../../shared/engine-api/index.ts';
import { DeskError, fail } from '../../failure.ts';
import { eachBounded } from '../../platform/network/each-bounded.ts';
import type { CameraInterviewer } from '../../platform/onvif/camera-client.ts';
import type { Sighting, WsDiscovery } from '../../platform/onvif/ws-discovery.ts';
import type { Clock, Database, Log } from '../../platform/ports.ts';
import type { Feature } from '../feature.ts';
import { watchState } from '../state-stream.ts';
import { CameraQuestions } from './camera-questions.ts';
import { FoundDevices, maximumCameras, type KnownDevices } from './found-devices.ts';
import { endpointsOf, sweepForNodes, type HostKeyReader } from './node-sweep.ts';
import { ScopeStore } from './scope-store.ts';
import { ThrottledAnnouncer } from './throttled-announcer.ts';

export type { KnownDevices } from './found-devices.ts';

/** A found camera with the credentials that fitted it; none when it asks for none. */
export interface Candidate {
  readonly camera: DiscoveredCamera;
  readonly serviceUrl: string;
  readonly credentials?: Credentials | undefined;
}

/** Where a camera was seen. */
export type CameraSighting = Pick<Sighting, 'endpointReference' | 'address' | 'serviceUrl'>;

/** What other features need of discovery. */
export interface Discovery {
  candidate(deviceId: string): Candidate | undefined;
  /** Whether a camera other than this one was seen at an address. */
  hasOtherCameraAt(address: string, endpointReference: string): boolean;
  /** Drops credentials that are in the vault now. */
  forgetCredentials(deviceIds: readonly string[]): void;
  /** Says which devices the site has already, from now on; call it again after each change of the answers. */
  recognise(known: KnownDevices): void;
  /** Calls back for each answer of a camera, also of known ones, and also at a new address. */
  onSighting(listener: (sighting: CameraSighting) => void): Disposable;
}

export interface DiscoveryDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly wsDiscovery: Pick<WsDiscovery, 'scan'>;
  readonly interviewer: CameraInterviewer;
  readonly hostKeys: HostKeyReader;
  readonly listInterfaces: () => readonly NetworkInterface[];
  /** Until the person chooses. */
  readonly defaultScope: DiscoveryScope;
}

const announcePeriodMs = 100;
/** Interviews at a time: each is a dozen small requests. */
const interviewConcurrency = 8;

export function createDiscoveryFeature(
  dependencies: DiscoveryDependencies,
): Feature<typeof discoveryContract> & Discovery & { stop(): Promise<void> } {
  const scanner = new Scanner(dependencies);
  const scopes = new ScopeStore(dependencies.database, dependencies.defaultScope);
  return {
    handlers: {
      interfaces: () => [...dependencies.listInterfaces()],
      scope: () => scopes.read(),
      setScope: (scope) => scopes.write(scope),
      watch: (_input, signal) => watchState(scanner, signal),
      start: () => scanner.start(scopes.read()),
      stop: () => scanner.stop(),
      tryCredentials: ({ deviceIds, username, password }, signal) =>
        scanner.tryCredentials(deviceIds, { username, password }, signal),
    },
    stop: () => scanner.close(),
    candidate: (deviceId) => scanner.candidate(deviceId),
    hasOtherCameraAt: (address, endpointReference) =>
      scanner.found.hasOtherCameraAt(address, endpointReference),
    forgetCredentials: (deviceIds) => scanner.found.forgetCredentials(deviceIds),
    recognise: (known) => scanner.recognise(known),
    onSighting: (listener) => scanner.onSighting(listener),
  };
}

class Scanner {
  readonly found = new FoundDevices();
  readonly #dependencies: DiscoveryDependencies;
  readonly #announcer: ThrottledAnnouncer;
  readonly #questions: CameraQuestions;
  readonly #sightingListeners = new Set<(sighting: CameraSighting) => void>();
  readonly #lifetime = new AbortController();
  #phase: DiscoveryState['phase'] = { kind: 'idle' };
  #running: { readonly controller: AbortController; readonly done: Promise<void> } | undefined;

  constructor(dependencies: DiscoveryDependencies) {
    this.#dependencies = dependencies;
    this.#announcer = new ThrottledAnnouncer(dependencies.clock, announcePeriodMs);
    this.#questions = new CameraQuestions({
      found: this.found,
      interviewer: dependencies.interviewer,
      log: dependencies.log,
      onChange: () => this.#announcer.announce(),
    });
  }

  read(): DiscoveryState {
    return { phase: this.#phase, cameras: [...this.found.cameras()], nodes: [...this.found.nodes()] };
  }

  onChange(listener: () => void): Disposable {
    return this.#announcer.onChange(listener);
  }

  onSighting(listener: (sighting: CameraSighting) => void): Disposable {
    const entry = (sighting: CameraSighting): void => listener(sighting);
    this.#sightingListeners.add(entry);
    return { [Symbol.dispose]: () => void this.#sightingListeners.delete(entry) };
  }

  recognise(known: KnownDevices): void {
    this.found.recognise(known);
    this.#announcer.announce();
  }

  candidate(deviceId: string): Candidate | undefined {
    const found = this.found.camera(deviceId);
    return found && { ...found, serviceUrl: found.camera.serviceUrl };
  }

  start(scope: DiscoveryScope): void {
    if (this.#running) return;
    if (scope.interfaces.length === 0 && scope.nodeRanges.length === 0) {
      throw fail(
        'invalid-input',
        'Neither a network card to find cameras on nor a range to find nodes in is chosen.',
        'Choose at least one, then search again.',
      );
    }
    const controller = new AbortController();
    this.#running = { controller, done: this.#run(scope, controller.signal) };
  }

  async stop(): Promise<void> {
    this.#running?.controller.abort();
    await this.#running?.done;
  }

  async close(): Promise<void> {
    this.#lifetime.abort();
    await this.stop();
  }

  async tryCredentials(ids: readonly string[], credentials: Credentials, signal: AbortSignal): Promise<void> {
    const unknown = ids.find((id) => !this.found.camera(id));
    if (unknown !== undefined) {
      throw fail('not-found', `No camera ${unknown} was found.`, 'Search again, then try the credentials.');
    }
    const either = AbortSignal.any([signal, this.#lifetime.signal]);
    await eachBounded(new Set(ids), { limit: interviewConcurrency, signal: either }, (id) =>
      this.#questions.ask(id, credentials, either),
    );
  }

  async #run(scope: DiscoveryScope, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#dependencies;
    const endpoints = endpointsOf(scope.nodeRanges);
    this.#phase = {
      kind: 'scanning',
      startedUtcMs: clock.utcMs(),
      addressesTried: 0,
      addressesTotal: endpoints.length,
    };
    this.#announcer.announce();
    const outcomes = await Promise.allSettled([
      this.#findCameras(scope.interfaces, signal),
      this.#findNodes(endpoints, signal),
    ]);
    this.#running = undefined;
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (!failed) {
      this.#phase = { kind: 'idle', lastFinishedUtcMs: clock.utcMs() };
    } else if (failed.reason instanceof DeskError) {
      this.#phase = { kind: 'failed', failure: failed.reason.failure };
    } else {
      log.error({ error: String(failed.reason) }, 'A discovery scan broke');
      this.#phase = {
        kind: 'failed',
        failure: { code: 'internal', message: 'The search broke off. The log has the details.' },
      };
    }
    this.#announcer.announce();
  }

  async #findCameras(interfaces: readonly string[], signal: AbortSignal): Promise<void> {
    if (interfaces.length === 0) return;
    const interviews = new Map<string, Promise<void>>();
    const lane = bulkhead(interviewConcurrency, maximumCameras);
    /** A camera with two network cards answers twice: for one scan the first answer counts. */
    const addresses = new Map<string, string>();
    const onSighting = (sighting: Sighting): void => {
      const address = addresses.get(sighting.endpointReference) ?? sighting.address;
      if (address !== sighting.address) return;
      addresses.set(sighting.endpointReference, address);
      const change = this.found.sawCamera(sighting, this.#dependencies.clock.utcMs());
      if (change === 'too-many') return;
      this.#announcer.announce();
      for (const listener of this.#sightingListeners) listener(sighting);
      const id = sighting.endpointReference;
      if (interviews.has(id) && change !== 'moved') return;
      const interview = lane.execute(async () => {
        const access = this.found.camera(id)?.camera.access.kind;
        // Without credentials: says whether any are needed, and whether the camera makes sense at all.
        if (access === 'unknown' || access === 'failed') await this.#questions.ask(id, undefined, signal);
      });
      interviews.set(id, interview);
    };
    const onBye = (id: string): void => {
      addresses.delete(id);
      this.found.lostCamera(id);
      this.#announcer.announce();
    };
    await this.#dependencies.wsDiscovery.scan({ interfaces, onSighting, onBye }, signal);
    await Promise.all(interviews.values());
  }

  async #findNodes(endpoints: ReturnType<typeof endpointsOf>, signal: AbortSignal): Promise<void> {
    await sweepForNodes(
      endpoints,
      {
        hostKeys: this.#dependencies.hostKeys,
        events: {
          onNode: (node) => {
            this.found.sawNode(node, this.#dependencies.clock.utcMs());
            this.#announcer.announce();
          },
          onTried: () => {
            if (this.#phase.kind !== 'scanning') return;
            this.#phase = { ...this.#phase, addressesTried: this.#phase.addressesTried + 1 };
            this.#announcer.announce();
          },
        },
      },
      signal,
    );
  }
}
