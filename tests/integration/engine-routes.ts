import { createHttpMetrics } from '../../src/engine/http/http-metrics.ts';
import { engineRoutes, engineWebSocketRoutes } from '../../src/engine/http/routes.ts';
import { HlsTickets } from '../../src/engine/hls/index.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { playedEngine } from './engine-http-fixture.ts';

/** Every route and WebSocket that an engine has, to be read and not to be asked. */
const played = playedEngine({});

export const routes = engineRoutes({
  engine: played,
  metrics: createHttpMetrics(),
  tokens: {
    start: async () => undefined,
    stop: async () => undefined,
    freshen: async () => undefined,
    bearerOf: () => undefined,
    isValid: () => false,
  },
  tickets: new HlsTickets(createSystemClock()),
});

export const webSocketRoutes = engineWebSocketRoutes(played);
