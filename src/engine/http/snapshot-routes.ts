import { z } from 'zod';
import { CameraId, SnapshotQuery, enginePaths } from '../../shared/engine-api/index.ts';
import type { SnapshotOutcome } from '../snapshot/index.ts';
import { bytesAnswer } from './answer.ts';
import type { EngineApi } from './engine-api.ts';
import { ApiFailure } from './failure.ts';
import { noInput, route } from './route.ts';
import type { Route } from './route.ts';

/** Single pictures. */
export function snapshotRoutes(engine: EngineApi): readonly Route[] {
  return [
    route({
      ...noInput,
      method: 'GET',
      path: enginePaths.snapshot(':cameraId'),
      scope: 'view',
      summary: 'Read a picture of a camera as JPEG: the newest one, or that of a recorded moment',
      params: z.object({ cameraId: CameraId }),
      query: SnapshotQuery,
      answer: bytesAnswer('image/jpeg'),
      async handle({ params: { cameraId }, query: { stream, at } }) {
        const outcome = await (at === undefined
          ? engine.snapshots.live(cameraId, stream)
          : engine.snapshots.recorded(cameraId, at));
        return [pictureOf(outcome, cameraId)];
      },
    }),
  ];
}

function pictureOf(outcome: SnapshotOutcome, cameraId: CameraId): Uint8Array {
  switch (outcome.kind) {
    case 'jpeg':
      return outcome.bytes;
    case 'no-ffmpeg':
      throw new ApiFailure(
        'unavailable',
        'This node has no ffmpeg, which makes the pictures. Install ffmpeg there and start the engine again.',
        { status: 501 },
      );
    case 'unknown-stream':
      throw new ApiFailure('not-found', `This engine has no such stream of ${cameraId}.`);
    case 'no-picture':
      throw new ApiFailure('unavailable', `There is no picture of ${cameraId} of that moment.`);
    case 'too-many':
      throw new ApiFailure('too-many', 'Too many pictures were asked for at once. Ask again in a second.', {
        headers: { 'retry-after': '1' },
      });
    case 'failed':
      throw new ApiFailure('unavailable', `The picture of ${cameraId} cannot be made: ${outcome.detail}`);
  }
}
