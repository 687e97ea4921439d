import { z } from 'zod';
import { CameraId, StreamName, liveCloseCodes } from '../../shared/engine-api/index.ts';
import type { Admission } from '../live/index.ts';
import { streamAnswer } from './answer.ts';
import type { EngineApi } from './engine-api.ts';
import { ApiFailure } from './failure.ts';
import { noInput, route } from './route.ts';
import type { Route } from './route.ts';
import { webSocketRoute } from './websocket-route.ts';
import type { WebSocketRoute } from './websocket-route.ts';

const LiveParams = z.object({ cameraId: CameraId, stream: StreamName });
const flv = 'video/x-flv';
/** `aac`: convert the camera's sound where that is needed and the node has ffmpeg. */
const LiveQuery = z.strictObject({ sound: z.enum(['as-is', 'aac']).default('as-is') });

/** Live streams over HTTP. */
export function liveRoutes(engine: EngineApi): readonly Route[] {
  return [
    route({
      ...noInput,
      method: 'GET',
      path: '/live/:cameraId/:stream.flv',
      scope: 'view',
      summary: 'Watch a stream of a camera as FLV without an end',
      params: LiveParams,
      query: LiveQuery,
      answer: streamAnswer(flv),
      handle:
        ({ params, query }) =>
        (outlet) =>
          viewerOf(engine.openLive({ ...params, ...query }, outlet)),
    }),
  ];
}

/** Live streams over WebSocket. */
export function liveWebSocketRoutes(engine: EngineApi): readonly WebSocketRoute[] {
  return [
    webSocketRoute({
      path: '/live/:cameraId/:stream',
      scope: 'view',
      summary: 'Watch a stream of a camera as one FLV file in binary messages',
      params: LiveParams,
      query: LiveQuery,
      messages: { kind: 'binary', contentType: flv },
      open({ params, query }, connection) {
        const admission = engine.openLive({ ...params, ...query }, connection);
        return admission.kind === 'opened' ? { kind: 'opened', session: admission.viewer } : admission;
      },
    }),
  ];
}

function viewerOf(admission: Admission): Disposable {
  if (admission.kind === 'opened') return admission.viewer;
  const code = admission.code === liveCloseCodes.cameraUnknown ? 'not-found' : 'too-many';
  throw new ApiFailure(code, admission.reason);
}
