import { contract } from '../shared/contract/index.ts';
import type { DeskOptions } from './desk-protocol.ts';
import type { FeatureLife } from './features/feature.ts';
import { createSiteFeature } from './features/site/index.ts';
import { createVaultFeature } from './features/vault/index.ts';
import { createWallFeature } from './features/wall/index.ts';
import { fail } from './failure.ts';
import type { Clock, Database, EngineDirectory, Log, Vault } from './platform/ports.ts';
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

/** The desk: all its parts, who needs whom, and the order in which they live. */
export function createApp(ports: AppPorts): App {
  const { clock, log, database, vault, options } = ports;

  const codes = new OneTimeSecrets<true>({ clock, lifetimeMs: codeLifetimeMs, maximum: 16 });
  const tokens = new SessionTokens(64);
  const tickets = new OneTimeSecrets<LiveTarget>({ clock, lifetimeMs: ticketLifetimeMs, maximum: 256 });

  const engines: EngineDirectory = {
    forCamera: () => {
      throw fail('not-assigned', 'This camera is on no node.', 'Assign it to a node.');
    },
    hasAudio: () => false,
  };
  const { shell, version, demo } = options;
  const about = demo === undefined ? { shell, version } : { shell, version, demo };
  const site = createSiteFeature({ database, about });
  const vaultFeature = createVaultFeature({ vault });
  const wall = createWallFeature({ database, engines, issueTicket: (target) => tickets.issue(target) });

  const handlers = { site: site.handlers, vault: vaultFeature.handlers, wall: wall.handlers };
  const { site: siteContract, vault: vaultContract, wall: wallContract } = contract;
  const bound = bindContract({ site: siteContract, vault: vaultContract, wall: wallContract }, handlers);
  const rpc = new RpcServer({ router: createRouter(bound), tokens, clock, log: log.child({ part: 'rpc' }) });
  const relay = new LiveRelay({
    tickets,
    engines,
    clock,
    log: log.child({ part: 'relay' }),
    limits: relayLimits,
  });
  const { port, pageDirectory } = options;
  const server = new DeskServer({
    port,
    pageDirectory,
    codes,
    tokens,
    rpc,
    relay,
    log: log.child({ part: 'server' }),
  });

  /** Those that need others come after them. */
  const lives: readonly FeatureLife[] = [site, vaultFeature, wall];
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
