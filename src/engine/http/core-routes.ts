import {
  ConfigUpdate,
  ConfigView,
  EngineStatus,
  Health,
  enginePaths,
} from '../../shared/engine-api/index.ts';
import { jsonAnswer, textAnswer } from './answer.ts';
import type { EngineApi } from './engine-api.ts';
import { ApiFailure, notWritten } from './failure.ts';
import type { HttpMetrics } from './http-metrics.ts';
import { renderMetrics } from './metric.ts';
import { engineMetrics } from './metrics.ts';
import { noInput, route } from './route.ts';
import type { Route } from './route.ts';

/** The engine itself: health, metrics, status and configuration. */
export function coreRoutes(engine: EngineApi, metrics: HttpMetrics): readonly Route[] {
  return [
    route({
      ...noInput,
      method: 'GET',
      path: enginePaths.health,
      scope: 'none',
      summary: 'Tell whether the engine records, and finds what it recorded',
      answer: jsonAnswer(Health, {
        statuses: [200, 503],
        statusOf: ({ status }) => (status === 'ok' ? 200 : 503),
      }),
      handle: () => engine.health(),
    }),
    route({
      ...noInput,
      method: 'GET',
      path: enginePaths.metrics,
      scope: 'metrics',
      summary: 'Read the metrics in the text format of Prometheus',
      answer: textAnswer('text/plain; version=0.0.4; charset=utf-8'),
      handle: () => renderMetrics(engineMetrics(engine, metrics)),
    }),
    route({
      ...noInput,
      method: 'GET',
      path: enginePaths.status,
      scope: 'view',
      summary: 'Read the state of the engine, its volumes and its cameras',
      answer: jsonAnswer(EngineStatus),
      handle: () => engine.status(),
    }),
    route({
      ...noInput,
      method: 'GET',
      path: enginePaths.config,
      scope: 'view',
      summary: 'Read the configuration, without secrets',
      answer: jsonAnswer(ConfigView),
      handle: () => engine.config(),
    }),
    route({
      ...noInput,
      method: 'PUT',
      path: enginePaths.config,
      scope: 'admin',
      summary: 'Replace the configuration that was read with the same version',
      body: ConfigUpdate,
      answer: jsonAnswer(ConfigView),
      handle({ body }) {
        const outcome = engine.updateConfig(body);
        if (outcome.kind === 'stale') {
          throw new ApiFailure(
            'version-conflict',
            `The configuration is at version ${outcome.currentVersion} and not ${body.version} any more. Read it again and repeat the change.`,
          );
        }
        if (outcome.kind === 'invalid') throw new ApiFailure('invalid-request', outcome.message);
        if (outcome.kind === 'not-written') throw notWritten('its configuration', outcome.code);
        return outcome.config;
      },
    }),
  ];
}
