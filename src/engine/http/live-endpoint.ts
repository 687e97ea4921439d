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
  /** A viewer whose token was revoked is let go at the latest after this time and the registry's own delay. */
  tokenCheckPeriodMs: 5_000,
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

interface Viewer {
  readonly tokenId: string;
  readonly viewing: Disposable;
  /** Since the last ping. */
  hasAnswered: boolean;
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
  const viewers = new Map<WebSocket, Viewer>();
  let watches: readonly Disposable[] = [];

  const view = (webSocket: WebSocket, params: z.infer<typeof LiveParams>, tokenId: string): void => {
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
    const viewer: Viewer = { tokenId, viewing: opening.viewer, hasAnswered: true };
    viewers.set(webSocket, viewer);
    webSocket.on('pong', () => {
      viewer.hasAnswered = true;
    });
    webSocket.on('close', () => end(webSocket));
  };

  const end = (webSocket: WebSocket): void => {
    const viewer = viewers.get(webSocket);
    viewers.delete(webSocket);
    viewer?.viewing[Symbol.dispose]();
  };

  const dropDeadPeers = (): void => {
    for (const [webSocket, viewer] of viewers) {
      if (viewer.hasAnswered) {
        viewer.hasAnswered = false;
        webSocket.ping();
      } else {
        webSocket.terminate();
      }
    }
  };

  const dropRevoked = (): void => {
    for (const [webSocket, { tokenId }] of viewers) {
      if (tokens.isValid(tokenId)) continue;
      webSocket.close(liveCloseCodes.unauthorized, 'The token was revoked.');
      // Whether the other side takes part in closing or not.
      end(webSocket);
    }
  };

  return {
    upgrade(request, socket, head) {
      socket.on('error', (error) => log.debug({ error }, 'A live connection failed.'));
      try {
        const path = URL.parse(request.url ?? '', 'https://engine')?.pathname ?? '';
        const { tokenId } = authorize(request.headers.authorization, 'view', tokens);
        const params = LiveParams.safeParse(matchPath(path));
        if (!params.success) throw new ApiFailure('not-found', 'The engine has no live stream at this path.');
        server.handleUpgrade(request, socket, head, (webSocket) => view(webSocket, params.data, tokenId));
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
      watches = [
        clock.every(limits.pingPeriodMs, dropDeadPeers),
        clock.every(limits.tokenCheckPeriodMs, dropRevoked),
      ];
    },
    stop() {
      for (const watch of watches) watch[Symbol.dispose]();
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
