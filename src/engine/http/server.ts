import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import type { TokenScope } from '../../shared/engine-api/index.ts';
import { HlsTickets } from '../hls/index.ts';
import type { EngineCertificate } from '../platform/certificate.ts';
import { EngineExit } from '../platform/exit.ts';
import { errorCode } from '../platform/layout.ts';
import { KEEP_ALIVE_DELAY_MS } from '../platform/listener.ts';
import type { TokenBearer, TokenRegistry } from '../platform/tokens.ts';
import { sendAnswer, sendJson } from './send-answer.ts';
import { authorize, presentedToken } from './authorization.ts';
import type { EngineApi } from './engine-api.ts';
import { ApiFailure } from './failure.ts';
import { createLongConnections } from './long-connections.ts';
import { createHttpMetrics } from './http-metrics.ts';
import { discardBody, readJsonBody, requestTarget } from './requests.ts';
import { createRouter } from './router.ts';
import type { RouteMatch } from './router.ts';
import { engineRoutes, engineWebSocketRoutes } from './routes.ts';
import { sendStream } from './send-stream.ts';
import { indexObstacle } from '../storage/index.ts';
import { createWebSocketEndpoint } from './websocket-endpoint.ts';

/** Bounds of the server. Clients are a desk, its relay, a peer and a Prometheus or two: all of this is generous. */
const limits = {
  headerBytes: 16_384,
  connections: 1_024,
  handshakeTimeoutMs: 10_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 15_000,
  /** A client that takes nothing of a download for this long is gone. */
  idleSocketTimeoutMs: 60_000,
} as const;

export interface EngineHttpServer {
  /** Listens; port 0 lets the system choose. Throws `EngineExit` when it cannot. */
  start(address: { readonly host: string; readonly port: number }): Promise<{ readonly port: number }>;
  /** Ends live viewers with 1001 and gives running requests `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

interface EngineHttpServerOptions {
  readonly engine: EngineApi;
  readonly certificate: EngineCertificate;
  readonly tokens: TokenRegistry;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The engine's HTTPS API (TLS 1.2 or newer). Plain `node:https` with a small router: a framework costs an idle engine
 * 10 MB of resident memory, a seventh of its whole budget.
 */
export function createEngineHttpServer(options: EngineHttpServerOptions): EngineHttpServer {
  const { engine, certificate, tokens, clock, log } = options;
  const metrics = createHttpMetrics();
  const router = createRouter(engineRoutes({ engine, metrics, tokens, tickets: new HlsTickets(clock) }));
  const connections = createLongConnections(tokens, clock);
  const webSockets = createWebSocketEndpoint({
    routes: engineWebSocketRoutes(engine),
    connections,
    tokens,
    clock,
    log,
    metrics,
  });

  const find = (method: string, path: string): Extract<RouteMatch, { kind: 'found' }> => {
    const match = router.match(method, path);
    if (match.kind === 'found') return match;
    if (match.kind === 'not-found') throw new ApiFailure('not-found', 'The engine has nothing at this path.');
    throw new ApiFailure('invalid-request', `This path takes ${match.allowed.join(', ')} only.`, {
      status: 405,
      headers: { allow: match.allowed.join(', ') },
    });
  };

  const bearerOf = async ({ headers }: IncomingMessage, scope: TokenScope): Promise<TokenBearer> => {
    await tokens.freshen(presentedToken(headers.authorization));
    return authorize(headers.authorization, scope, tokens);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let path = 'unmatched';
    try {
      const target = requestTarget(request);
      const { route, params } = find(request.method ?? '', target.pathname);
      path = route.path;
      const bearer = route.scope === 'none' ? undefined : await bearerOf(request, route.scope);
      const readBody = (): Promise<unknown> => readJsonBody(request);
      const answer = await route.answer({ params, query: target.searchParams, bearer, readBody });
      if (answer.kind !== 'stream') await sendAnswer({ request, response }, answer, metrics.answerMemory);
      else await sendStream(response, { ...answer, connections, tokenId: bearer?.tokenId });
    } catch (error) {
      if (response.headersSent || response.destroyed) {
        // The client went away, or the file did, or the engine stops: only the connection can say so now.
        log.debug({ path, error }, 'An answer was cut short.');
        response.destroy();
      } else {
        const failure = error instanceof ApiFailure ? error : failureOf(error, log);
        if (failure.code === 'unauthorized') metrics.countUnauthorized();
        await discardBody(request, clock);
        // What remains of a refused body even then is not read, so the connection cannot be used again.
        const headers = request.complete ? failure.headers : { ...failure.headers, connection: 'close' };
        sendJson(response, failure.status, { body: failure.body, headers });
      }
    } finally {
      metrics.countRequest(path, response.statusCode);
    }
  };

  const server = createServer(
    {
      key: certificate.privateKeyPem,
      cert: certificate.certificatePem,
      minVersion: 'TLSv1.2',
      handshakeTimeout: limits.handshakeTimeoutMs,
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: 5_000,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    },
    (request, response) => void handle(request, response),
  );
  server.maxConnections = limits.connections;
  server.timeout = limits.idleSocketTimeoutMs;
  server.on('upgrade', (request, socket, head) => {
    // Until the endpoint listens.
    socket.on('error', () => undefined);
    const known = tokens.freshen(presentedToken(request.headers.authorization));
    void known.then(() => webSockets.upgrade(request, socket, head));
  });
  server.on('clientError', (error, socket) => {
    if (!socket.writable) return;
    const status = clientErrorStatus(errorCode(error));
    const body = JSON.stringify(new ApiFailure('invalid-request', 'The request was not understood.').body);
    socket.end(
      `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  });

  return {
    async start(address) {
      const port = await listen(server, address);
      server.on('error', (error) => log.error({ error }, 'The HTTPS server reported an error.'));
      connections.start();
      webSockets.start();
      return { port };
    },
    async stop(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      webSockets.stop();
      connections.stop();
      server.closeIdleConnections();
      const deadline = clock.after(graceMs, () => server.closeAllConnections());
      // The deadline's timer does not hold the process, the open connections do.
      await closed;
      deadline[Symbol.dispose]();
    },
  };
}

function listen(server: Server, address: { readonly host: string; readonly port: number }): Promise<number> {
  const { host, port } = address;
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const code = errorCode(error);
      reject(
        code === 'EADDRINUSE'
          ? new EngineExit(
              'port-in-use',
              `Port ${port} at ${host} is in use by another program. Stop that program or choose another port with --port.`,
            )
          : new EngineExit(
              'address-unusable',
              `The engine cannot listen at ${host} port ${port} (${code}). Choose an address of this machine with --host and a port with --port.`,
            ),
      );
    });
    server.listen({ host, port }, () => {
      server.removeAllListeners('error');
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}

function failureOf(error: unknown, log: Log): ApiFailure {
  const obstacle = indexObstacle(error);
  if (obstacle !== undefined) return new ApiFailure('unavailable', obstacle);
  log.error({ error }, 'A request failed for a reason nobody foresaw.');
  return new ApiFailure(
    'internal',
    'The engine could not answer because of a fault of its own; its log has the details.',
  );
}

function clientErrorStatus(code: string): string {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return '431 Request Header Fields Too Large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return '408 Request Timeout';
    default:
      return '400 Bad Request';
  }
}
