import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { liveRelayCloseCodes } from '../../shared/contract/index.ts';
import type { CameraId, StreamName } from '../../shared/engine-api/index.ts';
import { DeskError } from '../failure.ts';
import type { Clock, EngineDirectory, Log } from '../platform/ports.ts';
import type { OneTimeSecrets } from './one-time-secrets.ts';

export interface RelayLimits {
  readonly connections: number;
  /** Reading from one side stops while more than this waits to be sent to the other. */
  readonly highWaterBytes: number;
  /** How long a side may take nothing at all before the relay ends. */
  readonly stallMs: number;
  /** Until the engine must have answered. */
  readonly engineOpenMs: number;
  /** A page has nothing to say to a live picture yet, so its messages are small. */
  readonly pageMessageBytes: number;
  /** Between pings to the engine; two without an answer and it counts as gone. */
  readonly enginePingMs: number;
}

export const relayLimits: RelayLimits = {
  connections: 64,
  highWaterBytes: 1024 * 1024,
  stallMs: 10_000,
  engineOpenMs: 10_000,
  pageMessageBytes: 4096,
  enginePingMs: 5000,
};

/** What a ticket lets a page watch. */
export interface LiveTarget {
  readonly cameraId: CameraId;
  readonly stream: StreamName;
  readonly sound?: 'aac' | undefined;
}

export interface LiveRelayOptions {
  readonly tickets: OneTimeSecrets<LiveTarget>;
  readonly engines: EngineDirectory;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: RelayLimits;
}

/**
 * Passes live pictures from the engines to the page: WebSocket messages, whole and unread, with the slower side setting
 * the pace. What holds back on one side is held back on the other by TCP, up to the engine's own queue for each viewer.
 */
export class LiveRelay {
  readonly #options: LiveRelayOptions;
  readonly #server: WebSocketServer;
  readonly #engineSockets = new Set<WebSocket>();

  constructor(options: LiveRelayOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: options.limits.pageMessageBytes,
      perMessageDeflate: false,
    });
  }

  get connectionCount(): number {
    return this.#server.clients.size;
  }

  /** What the ticket stands for, the first time it is shown. */
  redeem(ticket: string): LiveTarget | undefined {
    return this.#options.tickets.redeem(ticket);
  }

  /** Takes over an upgrade that was admitted and whose ticket was good. */
  accept(
    upgrade: { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer },
    target: LiveTarget,
  ): void {
    this.#server.handleUpgrade(upgrade.request, upgrade.socket, upgrade.head, (page) =>
      this.#relay(page, target),
    );
  }

  stop(): void {
    for (const page of this.#server.clients) page.close(liveRelayCloseCodes.shuttingDown, 'The desk stops.');
    for (const engine of this.#engineSockets) engine.terminate();
    this.#server.close();
  }

  #relay(page: WebSocket, target: LiveTarget): void {
    const { limits, log } = this.#options;
    page.on('error', (error) => log.info({ ...target, error }, 'A live connection to the page failed.'));
    if (this.#server.clients.size > limits.connections) {
      page.close(
        liveRelayCloseCodes.tooManyViewers,
        `${limits.connections} live pictures are open on this desk already.`,
      );
      return;
    }
    const engine = this.#openEngine(page, target);
    if (engine === undefined) return;
    this.#engineSockets.add(engine);
    this.#join({ page, engine, target });
  }

  #openEngine(page: WebSocket, target: LiveTarget): WebSocket | undefined {
    try {
      const { cameraId, stream, sound } = target;
      return this.#options.engines.forCamera(cameraId).openLive(cameraId, stream, sound);
    } catch (error) {
      if (error instanceof DeskError) {
        const isOnNoNode = error.failure.code === 'not-assigned' || error.failure.code === 'not-found';
        page.close(
          isOnNoNode ? liveRelayCloseCodes.notAssigned : liveRelayCloseCodes.engineUnavailable,
          closeReason(error.failure.message),
        );
      } else {
        this.#options.log.error({ ...target, error }, 'A live picture could not be opened.');
        page.close(liveRelayCloseCodes.engineUnavailable, 'The engine cannot be reached.');
      }
      return undefined;
    }
  }

  #join(pair: { readonly page: WebSocket; readonly engine: WebSocket; readonly target: LiveTarget }): void {
    const { page, engine, target } = pair;
    const { limits, clock, log } = this.#options;
    const watches = new DisposableStack();

    const unavailable = (reason: string): void => {
      page.close(liveRelayCloseCodes.engineUnavailable, reason);
      engine.terminate();
    };
    const tooSlow = (): void => {
      log.warn({ ...target }, 'A live picture was closed because the page took nothing for too long.');
      // A page that reads again within 30 s learns why; after that the library drops the socket.
      page.close(liveRelayCloseCodes.tooSlow, 'The page read too slowly.');
      engine.terminate();
    };
    const stalls = { clock, highWaterBytes: limits.highWaterBytes, stallMs: limits.stallMs };
    watches.use(pump(engine, page, { ...stalls, onStall: tooSlow }));
    watches.use(pump(page, engine, { ...stalls, onStall: () => unavailable('The engine takes nothing.') }));
    watches.use(
      clock.after(limits.engineOpenMs, () => {
        if (engine.readyState === WebSocket.CONNECTING) unavailable('The engine does not answer.');
      }),
    );
    watches.use(
      keepAlive(engine, { clock, pingMs: limits.enginePingMs }, () => unavailable('The engine went silent.')),
    );

    engine.on('error', (error) => log.info({ ...target, error }, 'A live connection to an engine failed.'));
    engine.once('close', (code, reason) => {
      this.#engineSockets.delete(engine);
      watches[Symbol.dispose]();
      if (mayBeSent(code)) page.close(code, reason);
      else page.close(liveRelayCloseCodes.engineUnavailable, 'The engine went away.');
    });
    page.once('close', (code) => {
      watches[Symbol.dispose]();
      if (engine.readyState === WebSocket.OPEN) engine.close(mayBeSent(code) ? code : 1000);
      // A socket that is held back would never read the answer to its closing.
      if (engine.isPaused || engine.readyState === WebSocket.CONNECTING) engine.terminate();
    });
  }
}

interface PumpOptions {
  readonly clock: Clock;
  readonly highWaterBytes: number;
  readonly stallMs: number;
  readonly onStall: () => void;
}

/** Passes messages on; stops reading while `to` has too much unsent, and reads on once half of that is gone. */
function pump(from: WebSocket, to: WebSocket, options: PumpOptions): Disposable {
  let stall: Disposable | undefined;
  const settle = (): void => {
    stall?.[Symbol.dispose]();
    stall = undefined;
  };
  const watchForStall = (): void => {
    settle();
    stall = options.clock.after(options.stallMs, options.onStall);
  };
  const onSent = (): void => {
    if (!from.isPaused) return;
    if (to.bufferedAmount <= options.highWaterBytes / 2) {
      settle();
      from.resume();
    } else {
      watchForStall();
    }
  };
  const onMessage = (data: RawData, isBinary: boolean): void => {
    if (to.readyState !== WebSocket.OPEN) return;
    to.send(data, { binary: isBinary }, onSent);
    if (to.bufferedAmount > options.highWaterBytes && !from.isPaused) {
      from.pause();
      watchForStall();
    }
  };
  from.on('message', onMessage);
  return {
    [Symbol.dispose]: () => {
      from.off('message', onMessage);
      settle();
    },
  };
}

/** An engine whose machine lost power says nothing; only an unanswered ping tells (RFC 6455 §5.5.2). */
function keepAlive(
  engine: WebSocket,
  timing: { readonly clock: Clock; readonly pingMs: number },
  onSilence: () => void,
): Disposable {
  let unanswered = 0;
  const heard = (): void => {
    unanswered = 0;
  };
  engine.on('pong', heard);
  engine.on('message', heard);
  return timing.clock.every(timing.pingMs, () => {
    // While it is held back nothing of it is read; the stall watch is on duty then.
    if (engine.readyState !== WebSocket.OPEN || engine.isPaused) return;
    if (unanswered >= 2) return onSilence();
    unanswered += 1;
    engine.ping();
  });
}

/** Codes that only describe, and must not be sent: RFC 6455 §7.4.1. */
function mayBeSent(code: number): boolean {
  return (
    (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)
  );
}

/** At most 123 bytes of UTF-8: RFC 6455 §5.5. */
function closeReason(message: string): string {
  const { read } = new TextEncoder().encodeInto(message, new Uint8Array(123));
  return message.slice(0, read);
}
