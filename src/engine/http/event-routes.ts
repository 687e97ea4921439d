import { EventMessage, EventsQuery, enginePaths } from '../../shared/engine-api/index.ts';
import type { EngineApi } from './engine-api.ts';
import { nothing } from './route.ts';
import { webSocketRoute } from './websocket-route.ts';
import type { WebSocketRoute } from './websocket-route.ts';

/** What changes in the engine. */
export function eventWebSocketRoutes(engine: EngineApi): readonly WebSocketRoute[] {
  return [
    webSocketRoute({
      path: enginePaths.events,
      scope: 'view',
      summary: 'Hear what changes: a snapshot first, or what was missed, and then events',
      params: nothing,
      query: EventsQuery,
      messages: { kind: 'json', schema: EventMessage },
      open({ query: { epoch, after } }, connection) {
        const resume = epoch === undefined || after === undefined ? undefined : { epoch, after };
        return engine.events.listen(resume, connection);
      },
    }),
  ];
}
