import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { liveCloseCodes } from '../../shared/engine-api/index.ts';
import type { TokenRegistry } from '../platform/tokens.ts';
import { authorize } from './authorization.ts';
import { ApiFailure } from './failure.ts';
import type { LongConnections } from './long-connections.ts';
import type { HttpMetrics } from './http-metrics.ts';
import { PacedWriter } from './paced-writer.ts';
import { requestTarget } from './requests.ts';
import { compilePath } from './router.ts';
import type { WebSocketOpening, WebSocketConnection, WebSocketRoute } from './websocket-route.ts';

const limits = {
  /** Clients only ever send control frames. */
  messageBytes: 1_024,
  pingPeriodMs: 15_000,
  /** Later than what is sent ends a viewer that has stopped reading, which tells it why and counts it. */
  silentPings: 2,
  /** A client that does not take part in closing, such as one that reads nothing, costs its queue no longer than this. */
  closeTimeoutMs: 5_000,
} as const;

/** Serves WebSockets: the live streams and whatever else has a `WebSocketRoute`. */
export interface WebSocketEndpoint {
  /** Takes over a connection that asks for an upgrade (RFC 6455 §4.2). */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  start(): void;
  stop(): void;
}

interface WebSocketEndpointOptions {
  readonly routes: readonly WebSocketRoute[];
  readonly connections: LongConnections;
  readonly tokens: TokenRegistry;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: HttpMetrics;
}

interface Peer {
  readonly writer: PacedWriter;
  /** At the last ping. */
  writtenBytes: number;
  /** Since the last ping. */
  hasAnswered: boolean;
  /** Pings in a row without any sign of life. */
  silentPings: number;
}

export function createWebSocketEndpoint(options: WebSocketEndpointOptions): WebSocketEndpoint {
  const { connections, tokens, clock, log, metrics } = options;
  const routes = options.routes.map((route) => ({ route, match: compilePath(route.path) }));
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: limits.messageBytes,
    clientTracking: false,
  });
  const peers = new Map<WebSocket, Peer>();
  let pinging: Disposable | undefined;

  const find = (path: string) => {
    for (const { route, match } of routes) {
      const params = match(path);
      if (params !== undefined) return { route, params };
    }
    throw new ApiFailure('not-found', 'The engine has no WebSocket at this path.');
  };

  /** The session has ended, whether the other side takes part in closing or not. */
  const closeInTime = (webSocket: WebSocket, code: number, reason: string): void => {
    const patience = clock.after(limits.closeTimeoutMs, () => webSocket.terminate());
    webSocket.once('close', () => patience[Symbol.dispose]());
    webSocket.close(code, reason);
  };

  const accept = (
    webSocket: WebSocket,
    {
      open,
      isBinary,
      tokenId,
    }: {
      readonly open: (connection: WebSocketConnection) => WebSocketOpening;
      readonly isBinary: boolean;
      readonly tokenId: string;
    },
  ): void => {
    const session = new DisposableStack();
    webSocket.on('close', () => session.dispose());
    const writer = new PacedWriter((piece, { isLastOfMessage }, onWritten) =>
      webSocket.send(piece, { binary: isBinary, fin: isLastOfMessage }, onWritten),
    );
    const close = (code: number, reason: string): void => {
      // Who is too slow for the pictures would never get to the reason behind them.
      if (code === liveCloseCodes.tooSlow) writer.discard();
      else writer.flush();
      closeInTime(webSocket, code, reason);
      session.dispose();
    };
    const entry = connections.add({ tokenId, close });
    if (entry === undefined) {
      close(liveCloseCodes.tooManyViewers, `This engine serves ${connections.maximum} viewers at most.`);
      return;
    }
    session.use(entry);
    const opening = open({
      send: (message) => writer.send(typeof message === 'string' ? Buffer.from(message) : message),
      bufferedBytes: () => writer.bufferedBytes,
      close,
    });
    if (opening.kind === 'refused') {
      close(opening.code, opening.reason);
      return;
    }
    // It may have ended before it began.
    if (session.disposed) {
      opening.session[Symbol.dispose]();
      return;
    }
    session.use(opening.session);
    const peer: Peer = { writer, writtenBytes: 0, hasAnswered: true, silentPings: 0 };
    peers.set(webSocket, peer);
    session.defer(() => void peers.delete(webSocket));
    webSocket.on('pong', () => {
      peer.hasAnswered = true;
    });
  };

  const dropDeadPeers = (): void => {
    for (const [webSocket, peer] of peers) {
      const { writtenBytes } = peer.writer;
      // The ping waits behind what is unsent: whoever takes that is alive, though its answer is late.
      const isAlive = peer.hasAnswered || writtenBytes > peer.writtenBytes;
      peer.silentPings = isAlive ? 0 : peer.silentPings + 1;
      peer.hasAnswered = false;
      peer.writtenBytes = writtenBytes;
      if (peer.silentPings >= limits.silentPings) webSocket.terminate();
      else webSocket.ping();
    }
  };

  const refuse = (socket: Duplex, path: string, error: unknown): void => {
    const failure =
      error instanceof ApiFailure
        ? error
        : new ApiFailure('internal', 'The engine could not open the connection.');
    if (failure.code === 'internal') log.error({ error }, 'A WebSocket failed for a reason nobody foresaw.');
    if (failure.code === 'unauthorized') metrics.countUnauthorized();
    metrics.countRequest(path, failure.status);
    refuseUpgrade(socket, failure);
  };

  return {
    upgrade(request, socket, head) {
      socket.on('error', (error) => log.debug({ error }, 'A WebSocket connection failed.'));
      let path = 'unmatched';
      try {
        const target = requestTarget(request);
        const { route, params } = find(target.pathname);
        path = route.path;
        const { tokenId } = authorize(request.headers.authorization, route.scope, tokens);
        const open = route.prepare({ params, query: target.searchParams });
        server.handleUpgrade(request, socket, head, (webSocket) => {
          metrics.countRequest(path, 101);
          webSocket.on('error', (error) => log.debug({ path, error }, 'A WebSocket failed.'));
          try {
            accept(webSocket, { open, isBinary: route.messages.kind === 'binary', tokenId });
          } catch (error) {
            log.error({ path, error }, 'A WebSocket failed for a reason nobody foresaw.');
            webSocket.terminate();
          }
        });
      } catch (error) {
        refuse(socket, path, error);
      }
    },
    start() {
      pinging = clock.every(limits.pingPeriodMs, dropDeadPeers);
    },
    stop() {
      pinging?.[Symbol.dispose]();
    },
  };
}

function refuseUpgrade(socket: Duplex, failure: ApiFailure): void {
  const body = JSON.stringify(failure.body);
  const headers = {
    ...failure.headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(
    [`HTTP/1.1 ${failure.status} ${STATUS_CODES[failure.status] ?? ''}`, ...lines, '', body].join('\r\n'),
  );
}
