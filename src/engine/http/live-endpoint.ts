import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { CameraId, StreamName, liveCloseCodes } from '../../shared/engine-api/index.ts';
import type { TokenRegistry } from '../platform/tokens.ts';
import { authorize } from './authorization.ts';
import type { EngineApi } from './engine-api.ts';
import { ApiFailure } from './failure.ts';
import type { HttpMetrics } from './metrics.ts';
import { compilePath } from './router.ts';

const limits = {
  viewers: 512,
  /** Viewers only ever send control frames. */
  messageBytes: 1_024,
  pingPeriodMs: 15_000,
} as const;

const matchPath = compilePath('/live/:cameraId/:stream');
const LiveParams = z.object({ cameraId: CameraId, stream: StreamName });

/** Serves live streams over WebSocket: `enginePaths.live`. */
export interface LiveEndpoint {
  /** Takes over a connection that asks for an upgrade (RFC 6455 §4.2). */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  start(): void;
  /** Ends every viewer with 1001. */
  stop(): void;
}

interface LiveEndpointOptions {
  readonly engine: EngineApi;
  readonly tokens: TokenRegistry;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: HttpMetrics;
}

export function createLiveEndpoint(options: LiveEndpointOptions): LiveEndpoint {
  const { engine, tokens, clock, log, metrics } = options;
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: limits.messageBytes,
    clientTracking: false,
  });
  /** Whether each viewer has answered since the last ping. */
  const viewers = new Map<WebSocket, boolean>();
  let pinging: Disposable | undefined;

  const view = (webSocket: WebSocket, params: z.infer<typeof LiveParams>): void => {
    webSocket.on('error', (error) => log.debug({ camera: params.cameraId, error }, 'A live viewer failed.'));
    if (viewers.size >= limits.viewers) {
      webSocket.close(liveCloseCodes.tooManyViewers, `This engine serves ${limits.viewers} viewers at most.`);
      return;
    }
    const opening = engine.openLive(params.cameraId, params.stream, {
      send: (bytes) => webSocket.send(bytes, { binary: true }),
      bufferedBytes: () => webSocket.bufferedAmount,
      close: (code, reason) => webSocket.close(code, reason),
    });
    if (opening.kind === 'refused') {
      webSocket.close(opening.code, opening.reason);
      return;
    }
    viewers.set(webSocket, true);
    webSocket.on('pong', () => viewers.set(webSocket, true));
    webSocket.on('close', () => {
      viewers.delete(webSocket);
      opening.viewer[Symbol.dispose]();
    });
  };

  const dropDeadPeers = (): void => {
    for (const [webSocket, answered] of viewers) {
      if (answered) {
        viewers.set(webSocket, false);
        webSocket.ping();
      } else {
        webSocket.terminate();
      }
    }
  };

  return {
    upgrade(request, socket, head) {
      socket.on('error', (error) => log.debug({ error }, 'A live connection failed.'));
      try {
        const path = URL.parse(request.url ?? '', 'https://engine')?.pathname ?? '';
        authorize(request.headers.authorization, 'view', tokens);
        const params = LiveParams.safeParse(matchPath(path));
        if (!params.success) throw new ApiFailure('not-found', 'The engine has no live stream at this path.');
        server.handleUpgrade(request, socket, head, (webSocket) => view(webSocket, params.data));
      } catch (error) {
        const failure =
          error instanceof ApiFailure
            ? error
            : new ApiFailure('internal', 'The engine could not open the stream.');
        if (failure.code === 'internal')
          log.error({ error }, 'A live connection failed for a reason nobody foresaw.');
        if (failure.code === 'unauthorized') metrics.countUnauthorized();
        refuseUpgrade(socket, failure);
      }
    },
    start() {
      pinging = clock.every(limits.pingPeriodMs, dropDeadPeers);
    },
    stop() {
      pinging?.[Symbol.dispose]();
      for (const webSocket of viewers.keys()) {
        webSocket.close(liveCloseCodes.shuttingDown, 'The engine is stopping.');
      }
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
