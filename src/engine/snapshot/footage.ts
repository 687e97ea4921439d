import type { CameraId } from '../../shared/engine-api/index.ts';
import type { SegmentStore } from '../storage/index.ts';
import type { RecordedMoment } from './snapshot-service.ts';

/** Where a moment lies in a camera's footage. */
export async function findFootage(
  store: Pick<SegmentStore, 'segments'> & {
    segmentFile(cameraId: CameraId, segmentId: number): Promise<{ readonly path: string } | undefined>;
  },
  cameraId: CameraId,
  atUtcMs: number,
): Promise<RecordedMoment | undefined> {
  const { segments } = await store.segments(cameraId, { from: atUtcMs, to: atUtcMs, limit: 2 });
  const segment = segments.find(
    ({ startUtcMs, durationMs }) => startUtcMs <= atUtcMs && atUtcMs <= startUtcMs + durationMs,
  );
  if (segment === undefined) return undefined;
  const file = await store.segmentFile(cameraId, segment.id);
  return file === undefined ? undefined : { path: file.path, offsetMs: atUtcMs - segment.startUtcMs };
}
