import type {
  DiscoveryState,
  FailureCode,
  InventoryEvent,
  fleetContract,
} from '../../src/shared/contract/index.ts';
import type { z } from 'zod';
import { DeskError } from '../../src/main/failure.ts';
import { createDiscoveryFeature } from '../../src/main/features/discovery/index.ts';
import { createFleetFeature } from '../../src/main/features/fleet/index.ts';
import { createInventoryFeature } from '../../src/main/features/inventory/index.ts';
import { systemClock } from '../../src/main/platform/clock/index.ts';
import { migrations, openDatabase } from '../../src/main/platform/database/index.ts';
import { connectEngine } from '../../src/main/platform/engine-client/index.ts';
import { listNetworkInterfaces } from '../../src/main/platform/network/interfaces.ts';
import { createCameraInterviewer } from '../../src/main/platform/onvif/camera-client.ts';
import { WsDiscovery, type DiscoveryTiming } from '../../src/main/platform/onvif/ws-discovery.ts';
import { createSsh } from '../../src/main/platform/ssh/index.ts';
import { openVault } from '../../src/main/platform/vault/index.ts';
import { MemoryLog } from './memory-log.ts';

export type FleetEvent = z.output<typeof fleetContract.watch.output>;

const passphrase = 'a passphrase for tests';
/** Far below what protects a real vault; scrypt's cost is not what these tests are about. */
const scryptCost = 1024;

export interface TestSiteOptions {
  readonly databasePath?: string;
  readonly vaultIs?: 'unlocked' | 'locked';
  readonly timing?: DiscoveryTiming;
}

/** Discovery, inventory and fleet over a real database, vault, SSH and sockets, searching on loopback only. */
export async function createTestSite(options: TestSiteOptions = {}) {
  const { databasePath = ':memory:', vaultIs = 'unlocked' } = options;
  const database = openDatabase({ path: databasePath, migrations });
  const log = new MemoryLog();
  const clock = systemClock;
  const vault = await openVault({ database, log, scryptCost });
  if (vault.state().kind === 'needs-passphrase') await vault.create(passphrase);
  else if (vaultIs === 'unlocked') await vault.unlock(passphrase);
  const ssh = createSsh();
  const interviewer = createCameraInterviewer(clock);
  const discovery = createDiscoveryFeature({
    database,
    clock,
    log,
    interviewer,
    wsDiscovery: new WsDiscovery({
      clock,
      log,
      timing: options.timing ?? { probesAtMs: [0, 150], endsAtMs: 600 },
    }),
    hostKeys: ssh,
    listInterfaces: () => listNetworkInterfaces(),
    defaultScope: { interfaces: ['127.0.0.1'], nodeRanges: [] },
  });
  const inventory = createInventoryFeature({ database, vault, clock, log, ssh, interviewer, discovery });
  const fleet = createFleetFeature({ database, vault, clock, log, inventory, connectEngine });
  await inventory.start?.();
  await fleet.start?.();
  const signal = new AbortController().signal;

  const search = async (): Promise<DiscoveryState> => {
    await discovery.handlers.start(undefined, signal);
    const startedUtcMs = Date.now();
    return firstOf(
      (follow) => discovery.handlers.watch(undefined, follow),
      ({ phase }) => phase.kind === 'idle' && (phase.lastFinishedUtcMs ?? 0) >= startedUtcMs,
    );
  };

  return {
    database,
    vault,
    log,
    discovery,
    inventory,
    fleet,
    signal,
    search,
    unlock: () => vault.unlock(passphrase),
    /** Searches, tries the credentials on everything found, and adds it all. */
    async addFoundCameras(credentials: { username: string; password: string }): Promise<readonly string[]> {
      const deviceIds = (await search()).cameras.map(({ id }) => id);
      await discovery.handlers.tryCredentials({ deviceIds, ...credentials }, signal);
      return (await inventory.handlers.addCameras({ deviceIds }, signal)).cameraIds;
    },
    /** Follows the fleet's health until it fits. */
    fleetState: (fits: (state: FleetState) => boolean | Promise<boolean>): Promise<FleetState> =>
      followFleet(fleet.handlers, fits),
    async [Symbol.asyncDispose](): Promise<void> {
      await fleet.stop();
      await inventory.stop?.();
      await discovery.stop();
      database.close();
    },
  };
}
export type TestSite = Awaited<ReturnType<typeof createTestSite>>;

/** The first event that fits. */
export async function firstOf<T>(
  watch: (signal: AbortSignal) => AsyncIterable<T>,
  fits: (event: T) => boolean | Promise<boolean>,
): Promise<T> {
  const follow = new AbortController();
  for await (const event of watch(follow.signal)) {
    if (!(await fits(event))) continue;
    follow.abort();
    return event;
  }
  throw new Error('The events ended.');
}

/** The fleet's events put together, by identifier. */
export interface FleetState {
  readonly nodes: ReadonlyMap<string, FleetEvent['nodes'][number]['state']>;
  readonly cameras: ReadonlyMap<string, FleetEvent['cameras'][number]['state']>;
}

async function followFleet(
  handlers: ReturnType<typeof createFleetFeature>['handlers'],
  fits: (state: FleetState) => boolean | Promise<boolean>,
): Promise<FleetState> {
  const nodes = new Map<string, FleetEvent['nodes'][number]['state']>();
  const cameras = new Map<string, FleetEvent['cameras'][number]['state']>();
  await firstOf(
    (signal) => handlers.watch(undefined, signal),
    (event) => {
      for (const node of event.nodes) nodes.set(node.nodeId, node.state);
      for (const camera of event.cameras) cameras.set(camera.cameraId, camera.state);
      return fits({ nodes, cameras });
    },
  );
  return { nodes, cameras };
}

/** Gathers the inventory's events from now on. */
export function followInventory(site: TestSite) {
  const follow = new AbortController();
  const iterator = site.inventory.handlers.watch(undefined, follow.signal)[Symbol.asyncIterator]();
  return {
    async next(): Promise<InventoryEvent> {
      const { value } = await iterator.next();
      return value;
    },
    [Symbol.dispose]: () => follow.abort(),
  };
}

/** The code with which something failed, at once or later. */
export async function failureCodeOf(action: () => unknown): Promise<FailureCode> {
  try {
    await action();
  } catch (error) {
    if (error instanceof DeskError) return error.failure.code;
    throw error;
  }
  throw new Error('It did not fail.');
}
