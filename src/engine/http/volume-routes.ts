import { VolumeOverview, enginePaths } from '../../shared/engine-api/index.ts';
import { jsonAnswer } from './answer.ts';
import type { EngineApi } from './engine-api.ts';
import { noInput, route } from './route.ts';
import type { Route } from './route.ts';

/** Where footage is kept. */
export function volumeRoutes(engine: Pick<EngineApi, 'volumes'>): readonly Route[] {
  return [
    route({
      ...noInput,
      method: 'GET',
      path: enginePaths.volumes,
      scope: 'view',
      summary: 'Read how the volumes fare, and what is stored of each camera',
      answer: jsonAnswer(VolumeOverview),
      handle: () => engine.volumes(),
    }),
  ];
}
