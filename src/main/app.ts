import { type RunId, contract } from '../shared/contract/index.ts';
import { defaultReserveBytes } from '../shared/engine-api/index.ts';
import type { DeskOptions } from './desk-protocol.ts';
import { ChangedKeys } from './features/delta-stream.ts';
import { createDeployFeature, defineDeploy } from './features/deploy/index.ts';
import { createDiscoveryFeature } from './features/discovery/index.ts';
import type { FeatureLife } from './features/feature.ts';
import { createFleetFeature } from './features/fleet/index.ts';
import { createInventoryFeature } from './features/inventory/index.ts';
import { createRunsFeature } from './features/runs/index.ts';
import { createSiteFeature } from './features/site/index.ts';
import { createVaultFeature } from './features/vault/index.ts';
import { createWallFeature } from './features/wall/index.ts';
import { BundleStore } from './platform/bundle/index.ts';
import { connectEngine } from './platform/engine-client/index.ts';
import { readEngineVersion } from './platform/engine-client/version-probe.ts';
import { listNetworkInterfaces } from './platform/network/interfaces.ts';
import type { NodeHostFiles } from './platform/node-host/index.ts';
import { createCameraInterviewer } from './platform/onvif/camera-client.ts';
import { WsDiscovery } from './platform/onvif/ws-discovery.ts';
import type { Clock, Database, Log, Vault } from './platform/ports.ts';
import { createSsh } from './platform/ssh/index.ts';
import { RunEngine, createSqliteJournal } from './runs/index.ts';
import { bindContract } from './server/bind.ts';
import { DeskServer } from './server/index.ts';
import { OneTimeSecrets, SessionTokens } from './server/one-time-secrets.ts';
import { LiveRelay, type LiveTarget, relayLimits } from './server/relay.ts';
import { createRouter } from './server/router.ts';
import { RpcServer } from './server/rpc.ts';

/** Everything the desk's inside needs from the outside. */
export interface AppPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly database: Database;
  readonly vault: Vault;
  readonly nodeFiles: NodeHostFiles;
  /** The key that signs engine bundles, as a line of `authorized_keys`. */
  readonly trustedKeyLine: string;
  readonly options: DeskOptions;
}

export interface App {
  /** Starts the features, then serves. Answers the port; throws a `DeskError` and stops what it had started. */
  start(): Promise<number>;
  /** A word that signs one window in, once, within 60 s. */
  issueCode(): string;
  /** In the reverse order of `start`. */
  stop(): Promise<void>;
}

const codeLifetimeMs = 60_000;
const ticketLifetimeMs = 30_000;
/** Where engines listen on their nodes. */
const enginePort = 8443;
/** Until a newly started engine must be well: it reconciles what is recorded first. */
const healthTimeoutMs = 60_000;

/** The desk: all its parts, who needs whom, and the order in which they live. */
export function createApp(ports: AppPorts): App {
  const { clock, database, vault, options } = ports;
  const log = (part: string): Log => ports.log.child({ part });

  const codes = new OneTimeSecrets<true>({ clock, lifetimeMs: codeLifetimeMs, maximum: 16 });
  const tokens = new SessionTokens(64);
  const tickets = new OneTimeSecrets<LiveTarget>({ clock, lifetimeMs: ticketLifetimeMs, maximum: 256 });

  const ssh = createSsh();
  const interviewer = createCameraInterviewer(clock);

  const { shell, version, demo } = options;
  const site = createSiteFeature({ database, about: { shell, version, ...(demo && { demo }) } });
  const vaultFeature = createVaultFeature({ vault });
  const discovery = createDiscoveryFeature({
    database,
    clock,
    log: log('discovery'),
    wsDiscovery: new WsDiscovery({ clock, log: log('ws-discovery') }),
    interviewer,
    hostKeys: ssh,
    listInterfaces: listNetworkInterfaces,
    defaultScope: options.discoveryScope ?? { interfaces: [], nodeRanges: [] },
  });
  const inventory = createInventoryFeature({
    database,
    vault,
    clock,
    log: log('inventory'),
    ssh,
    interviewer,
    discovery,
  });
  const bundles = new BundleStore({
    directory: options.bundlesDirectory,
    trustedKeyLine: ports.trustedKeyLine,
  });
  const deployRun = defineDeploy({
    inventory,
    bundles,
    ssh,
    engineProbe: {
      readVersion: (endpoint, signal) => readEngineVersion(connectEngine, endpoint, signal),
    },
    nodeFiles: ports.nodeFiles,
    clock,
    enginePort,
    reserveBytes: defaultReserveBytes,
    healthTimeoutMs,
  });
  const changedRuns = new ChangedKeys<RunId>();
  const runEngine = new RunEngine({
    journal: createSqliteJournal(database),
    clock,
    log: log('runs'),
    definitions: [deployRun],
    onChange: (runId) => changedRuns.mark([runId]),
  });
  const runs = createRunsFeature({ engine: runEngine, changed: changedRuns, clock });
  const deploy = createDeployFeature({ inventory, bundles }, runEngine);
  const fleet = createFleetFeature({ database, vault, clock, log: log('fleet'), inventory, connectEngine });
  const wall = createWallFeature({
    database,
    engines: fleet,
    issueTicket: (target) => tickets.issue(target),
  });

  const bound = bindContract(contract, {
    site: site.handlers,
    vault: vaultFeature.handlers,
    discovery: discovery.handlers,
    inventory: inventory.handlers,
    runs: runs.handlers,
    deploy: deploy.handlers,
    fleet: fleet.handlers,
    wall: wall.handlers,
  });
  const rpc = new RpcServer({ router: createRouter(bound), tokens, clock, log: log('rpc') });
  const relay = new LiveRelay({ tickets, engines: fleet, clock, log: log('relay'), limits: relayLimits });
  const { port, pageDirectory } = options;
  const server = new DeskServer({ port, pageDirectory, codes, tokens, rpc, relay, log: log('server') });

  /** Whoever needs another comes after it. */
  const lives: readonly FeatureLife[] = [site, vaultFeature, discovery, inventory, runs, deploy, fleet, wall];
  const running = new AsyncDisposableStack();
  return {
    start: async () => {
      try {
        for (const life of lives) {
          await life.start?.();
          running.defer(() => life.stop?.());
        }
        const listeningPort = await server.start();
        running.defer(() => server.stop());
        return listeningPort;
      } catch (error) {
        await running.disposeAsync();
        throw error;
      }
    },
    issueCode: () => codes.issue(true),
    stop: () => running.disposeAsync(),
  };
}
