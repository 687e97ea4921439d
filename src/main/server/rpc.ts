import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { rpcCloseCodes } from '../../shared/contract/index.ts';
import { DeskError, fail } from '../failure.ts';
import type { Clock, Log } from '../platform/ports.ts';
import type { SessionTokens } from './one-time-secrets.ts';
import { type CallContext, type DeskRouter, unauthorized } from './router.ts';

/** Bounds of what one desk takes from its windows. */
export const rpcLimits = {
  connections: 32,
  /** The largest call is the adding of 1000 cameras. */
  messageBytes: 1024 * 1024,
  callsPerMessage: 64,
  openCallsPerConnection: 256,
  /** Until the token must have come. */
  authenticationMs: 5000,
  /** A subscription waits while more than this is still on its way to the page. */
  unsentBytes: 1024 * 1024,
  pingMs: 20_000,
  pongWaitMs: 10_000,
} as const;

export interface RpcServerOptions {
  readonly router: DeskRouter;
  readonly tokens: SessionTokens;
  readonly clock: Clock;
  readonly log: Log;
}

/** tRPC over WebSocket for windows that hold a token. */
export class RpcServer {
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: rpcLimits.messageBytes,
    perMessageDeflate: false,
  });
  readonly #stopping = new AbortController();

  constructor(options: RpcServerOptions) {
    const { router, tokens, clock, log } = options;
    const authenticated = new WeakSet<WebSocket>();
    this.#server.on('connection', (socket) => {
      const deadline = clock.after(rpcLimits.authenticationMs, () => {
        if (!authenticated.has(socket)) socket.close(rpcCloseCodes.unauthorized, 'No token came.');
      });
      socket.once('close', () => deadline[Symbol.dispose]());
    });
    applyWSSHandler({
      wss: this.#server,
      router,
      maxBatchSize: rpcLimits.callsPerMessage,
      keepAlive: { enabled: true, pingMs: rpcLimits.pingMs, pongWaitMs: rpcLimits.pongWaitMs },
      createContext: ({ req, res, info }): CallContext => {
        const token = info.connectionParams?.['token'];
        if (token === undefined || !tokens.verify(token)) {
          // The close code reaches the page before any call's answer would, and tells it not to try again.
          res.close(rpcCloseCodes.unauthorized, 'This window is not signed in to the desk.');
          throw unauthorized();
        }
        authenticated.add(res);
        return connectionContext(req.socket, AbortSignal.any([info.signal, this.#stopping.signal]));
      },
      onError: ({ error, path, type }) => {
        if (error.cause instanceof DeskError)
          log.info({ path, type, failure: error.cause.failure }, 'A call was refused.');
        else log.error({ path, type, error }, 'A call met a bug.');
      },
    });
  }

  get connectionCount(): number {
    return this.#server.clients.size;
  }

  /** Takes over an upgrade that was admitted. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) =>
      this.#server.emit('connection', webSocket, request),
    );
  }

  /** Ends every call and connection. */
  stop(): void {
    this.#stopping.abort();
    for (const socket of this.#server.clients) socket.close(rpcCloseCodes.shuttingDown, 'The desk stops.');
    this.#server.close();
  }
}

function connectionContext(socket: IncomingMessage['socket'], signal: AbortSignal): CallContext {
  let openCalls = 0;
  return {
    signal,
    admitCall: () => {
      if (openCalls >= rpcLimits.openCallsPerConnection)
        throw fail(
          'conflict',
          `This window has ${rpcLimits.openCallsPerConnection} calls open already.`,
          'Wait for some to finish, or reload the window.',
        );
      openCalls += 1;
      return { [Symbol.dispose]: () => void (openCalls -= 1) };
    },
    drained: async (waitSignal) => {
      while (socket.writableLength > rpcLimits.unsentBytes && !waitSignal.aborted)
        await nextDrain(socket, waitSignal);
    },
  };
}

function nextDrain(socket: IncomingMessage['socket'], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
    signal.addEventListener('abort', done);
  });
}
