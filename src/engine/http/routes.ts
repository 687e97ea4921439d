import { z } from 'zod';
import { CameraId, ConfigUpdate, SegmentQuery, enginePaths } from '../../shared/engine-api/index.ts';
import type { EngineApi } from './engine-api.ts';
import { ApiFailure } from './failure.ts';
import type { HttpMetrics } from './metrics.ts';
import { renderMetrics } from './metrics.ts';
import { nothing, route } from './router.ts';
import type { Answer, Route } from './router.ts';

const SegmentParams = z.object({
  cameraId: CameraId,
  segmentId: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, 'a segment number')
    .transform(Number),
});

/** Every route of the engine but the live WebSocket. */
export function engineRoutes(engine: EngineApi, metrics: HttpMetrics): readonly Route[] {
  const none = { params: nothing, query: nothing, body: nothing } as const;
  return [
    route({
      ...none,
      method: 'GET',
      path: enginePaths.health,
      scope: 'none',
      handle() {
        const health = engine.health();
        return json(health, health.status === 'ok' ? 200 : 503);
      },
    }),
    route({
      ...none,
      method: 'GET',
      path: enginePaths.metrics,
      scope: 'metrics',
      handle: async () => ({
        kind: 'text',
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
        text: await renderMetrics(engine.status(), engine.process(), metrics),
      }),
    }),
    route({
      ...none,
      method: 'GET',
      path: enginePaths.status,
      scope: 'view',
      handle: () => json(engine.status()),
    }),
    route({
      ...none,
      method: 'GET',
      path: enginePaths.config,
      scope: 'view',
      handle: () => json(engine.config()),
    }),
    route({
      ...none,
      method: 'PUT',
      path: enginePaths.config,
      scope: 'admin',
      body: ConfigUpdate,
      handle({ body }) {
        const outcome = engine.updateConfig(body);
        if (outcome.kind === 'stale') {
          throw new ApiFailure(
            'version-conflict',
            `The configuration is at version ${outcome.currentVersion} and not ${body.version} any more. Read it again and repeat the change.`,
          );
        }
        return json(outcome.config);
      },
    }),
    route({
      ...none,
      method: 'GET',
      path: enginePaths.segments(':cameraId'),
      scope: 'view',
      params: z.object({ cameraId: CameraId }),
      query: SegmentQuery,
      handle: async ({ params, query }) => json(await engine.segments(params.cameraId, query)),
    }),
    route({
      ...none,
      method: 'GET',
      path: '/api/v1/cameras/:cameraId/segments/:segmentId.mp4',
      scope: 'view',
      params: SegmentParams,
      async handle({ params }) {
        const file = await engine.segmentFile(params.cameraId, params.segmentId);
        if (file === undefined) {
          throw new ApiFailure(
            'not-found',
            `Camera ${params.cameraId} has no segment ${params.segmentId} here; it may have been deleted to make room.`,
          );
        }
        return { kind: 'file', ...file, contentType: 'video/mp4' };
      },
    }),
  ];
}

function json(body: object, status = 200): Answer {
  return { kind: 'json', status, body };
}
