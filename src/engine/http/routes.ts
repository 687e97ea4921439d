import type { HlsTickets } from '../hls/index.ts';
import type { TokenRegistry } from '../platform/tokens.ts';
import { cameraRoutes } from './camera-routes.ts';
import { coreRoutes } from './core-routes.ts';
import type { EngineApi } from './engine-api.ts';
import { hlsRoutes } from './hls-routes.ts';
import { liveRoutes, liveWebSocketRoutes } from './live-routes.ts';
import { docsRoutes } from './docs-routes.ts';
import { eventWebSocketRoutes } from './event-routes.ts';
import type { HttpMetrics } from './http-metrics.ts';
import { recordingRoutes } from './recording-routes.ts';
import type { Route } from './route.ts';
import { snapshotRoutes } from './snapshot-routes.ts';
import { timelineRoutes } from './timeline-routes.ts';
import { volumeRoutes } from './volume-routes.ts';
import type { WebSocketRoute } from './websocket-route.ts';

/** As in the paths. */
const API_VERSION = 'v1';

/** What routes are made from. */
export interface RouteContext {
  readonly engine: EngineApi;
  readonly metrics: HttpMetrics;
  readonly tokens: TokenRegistry;
  readonly tickets: HlsTickets;
}

/** Every route of the engine but WebSockets. A part of the engine adds a list of its own. */
export function engineRoutes(context: RouteContext): readonly Route[] {
  const { engine, metrics } = context;
  const routes: readonly Route[] = [
    ...coreRoutes(engine, metrics),
    ...cameraRoutes(engine),
    ...recordingRoutes(engine),
    ...timelineRoutes(engine),
    ...volumeRoutes(engine),
    ...liveRoutes(engine),
    ...hlsRoutes(context),
    ...snapshotRoutes(engine),
    ...docsRoutes(() => ({ version: API_VERSION, routes, webSocketRoutes: engineWebSocketRoutes(engine) })),
  ];
  return routes;
}

/** Every WebSocket of the engine. */
export function engineWebSocketRoutes(engine: EngineApi): readonly WebSocketRoute[] {
  return [...liveWebSocketRoutes(engine), ...eventWebSocketRoutes(engine)];
}
