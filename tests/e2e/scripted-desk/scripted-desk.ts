import { join } from 'node:path';
import { systemClock } from '../../../src/main/platform/clock/index.ts';
import { bindContract } from '../../../src/main/server/bind.ts';
import { DeskServer } from '../../../src/main/server/index.ts';
import { OneTimeSecrets, SessionTokens } from '../../../src/main/server/one-time-secrets.ts';
import { LiveRelay, type LiveTarget, relayLimits } from '../../../src/main/server/relay.ts';
import { createRouter } from '../../../src/main/server/router.ts';
import { RpcServer } from '../../../src/main/server/rpc.ts';
import { contract, sessionCodeFragment } from '../../../src/shared/contract/index.ts';
import type { CameraId } from '../../../src/shared/engine-api/index.ts';
import type { Log } from '../../../src/shared/domain/log.ts';
import { ScriptedHandlers } from './handlers.ts';
import { LiveFeed } from './live-feed.ts';
import { scenarios } from './scenarios.ts';
import type { ScenarioName } from './scenarios.ts';
import { StateBox } from './state-box.ts';
import type { World } from './world.ts';

export interface ScriptedDeskOptions {
  readonly scenario: ScenarioName;
  /** The built page. */
  readonly pageDirectory: string;
  readonly port?: number;
}

const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

/** The desk's real server with a made-up world behind it, for any state a page can be in. */
export class ScriptedDesk {
  readonly world: StateBox<World>;
  readonly feed = new LiveFeed(join(import.meta.dirname, 'live.flv'));
  readonly #codes = new OneTimeSecrets<true>({ clock: systemClock, lifetimeMs: 60_000, maximum: 16 });
  readonly #script: ScriptedHandlers;
  readonly #server: DeskServer;
  #port = 0;
  /** How long a step of the outside world takes: slow to look at it, quick to have done with it. */
  stepMs = 30;
  /** Whose sound pages wanted converted, in the order they opened. */
  readonly converted: CameraId[] = [];

  constructor(options: ScriptedDeskOptions) {
    const clock = systemClock;
    this.world = new StateBox<World>(scenarios[options.scenario]());
    const tokens = new SessionTokens(16);
    const tickets = new OneTimeSecrets<LiveTarget>({ clock, lifetimeMs: 30_000, maximum: 256 });
    this.#script = new ScriptedHandlers({ world: this.world, tickets, stepMs: () => this.stepMs });
    const router = createRouter(bindContract(contract, this.#script.handlers()));
    this.#server = new DeskServer({
      port: options.port ?? 0,
      pageDirectory: options.pageDirectory,
      codes: this.#codes,
      tokens,
      rpc: new RpcServer({ router, tokens, clock, log: silent }),
      relay: new LiveRelay({
        tickets,
        engines: {
          forCamera: () => ({
            openLive: (cameraId, _stream, sound) => {
              if (sound !== undefined) this.converted.push(cameraId);
              return this.feed.open();
            },
          }),
          liveSound: () => ({ kind: 'none' }),
        },
        clock,
        log: silent,
        limits: relayLimits,
      }),
      log: silent,
    });
  }

  async start(): Promise<void> {
    this.#port = await this.#server.start();
  }

  /** A fresh way in, good once. `place` is a page's address, such as `/cameras`. */
  url(): string {
    return `http://127.0.0.1:${this.#port}/#${sessionCodeFragment}=${this.#codes.issue(true)}`;
  }

  get port(): number {
    return this.#port;
  }

  async stop(): Promise<void> {
    this.#script.stop();
    this.feed.stop();
    await this.#server.stop();
  }
}
