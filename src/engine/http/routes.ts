import { coreRoutes } from './core-routes.ts';
import type { EngineApi } from './engine-api.ts';
import { liveRoutes, liveWebSocketRoutes } from './live-routes.ts';
import type { HttpMetrics } from './http-metrics.ts';
import { recordingRoutes } from './recording-routes.ts';
import type { Route } from './route.ts';
import type { WebSocketRoute } from './websocket-route.ts';

/** Every route of the engine but WebSockets. A part of the engine adds a list of its own. */
export function engineRoutes(engine: EngineApi, metrics: HttpMetrics): readonly Route[] {
  return [...coreRoutes(engine, metrics), ...recordingRoutes(engine), ...liveRoutes(engine)];
}

/** Every WebSocket of the engine. */
export function engineWebSocketRoutes(engine: EngineApi): readonly WebSocketRoute[] {
  return liveWebSocketRoutes(engine);
}
