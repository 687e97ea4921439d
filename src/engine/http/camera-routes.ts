import { z } from 'zod';
import {
  CameraId,
  EngineCameraList,
  EngineCameraStatus,
  enginePaths,
} from '../../shared/engine-api/index.ts';
import { jsonAnswer } from './answer.ts';
import type { EngineApi } from './engine-api.ts';
import { ApiFailure } from './failure.ts';
import { noInput, route } from './route.ts';
import type { Route } from './route.ts';

/** How cameras fare. */
export function cameraRoutes(engine: EngineApi): readonly Route[] {
  return [
    route({
      ...noInput,
      method: 'GET',
      path: enginePaths.cameras,
      scope: 'view',
      summary: 'Read how every camera fares',
      answer: jsonAnswer(EngineCameraList),
      handle: () => ({ cameras: engine.status().cameras }),
    }),
    route({
      ...noInput,
      method: 'GET',
      path: enginePaths.camera(':cameraId'),
      scope: 'view',
      summary: 'Read how a camera fares',
      params: z.object({ cameraId: CameraId }),
      answer: jsonAnswer(EngineCameraStatus),
      handle({ params: { cameraId } }) {
        const camera = engine.status().cameras.find(({ id }) => id === cameraId);
        if (camera === undefined) throw new ApiFailure('not-found', `This engine has no camera ${cameraId}.`);
        return camera;
      },
    }),
  ];
}
