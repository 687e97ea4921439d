import { z } from 'zod';
import { CameraId, SegmentList, SegmentQuery, enginePaths } from '../../shared/engine-api/index.ts';
import { fileAnswer, jsonAnswer } from './answer.ts';
import type { EngineApi } from './engine-api.ts';
import { ApiFailure } from './failure.ts';
import { noInput, route } from './route.ts';
import type { Route } from './route.ts';

const SegmentParams = z.object({
  cameraId: CameraId,
  segmentId: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, 'a segment number')
    .transform(Number),
});

/** Recorded footage. */
export function recordingRoutes(engine: EngineApi): readonly Route[] {
  return [
    route({
      ...noInput,
      method: 'GET',
      path: enginePaths.segments(':cameraId'),
      scope: 'view',
      summary: 'List the segments of a camera that touch a stretch of time',
      params: z.object({ cameraId: CameraId }),
      query: SegmentQuery,
      answer: jsonAnswer(SegmentList),
      handle: ({ params, query }) => engine.segments(params.cameraId, query),
    }),
    route({
      ...noInput,
      method: 'GET',
      path: '/api/v1/cameras/:cameraId/segments/:segmentId.mp4',
      scope: 'view',
      summary: 'Read the file of a segment, whole or in byte ranges',
      params: SegmentParams,
      answer: fileAnswer('video/mp4'),
      async handle({ params }) {
        const file = await engine.segmentFile(params.cameraId, params.segmentId);
        if (file === undefined) {
          throw new ApiFailure(
            'not-found',
            `Camera ${params.cameraId} has no segment ${params.segmentId} here; it may have been deleted to make room.`,
          );
        }
        return file;
      },
    }),
  ];
}
