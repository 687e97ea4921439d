import { CameraId } from '../../shared/engine-api/index.ts';

/** The directory of all footage on a volume. */
export const footageDirectory = 'cameras';

/** More files than this cannot start in one millisecond of one camera, not even when the clock is set back. */
export const maximumNameAttempts = 100;

/**
 * `cameras/CAMERA/2026-11-21/20261121T081458123Z.mp4`: readable without the index, in time order, at most one day of files a
 * directory. `attempt` above 0 adds `-ATTEMPT`, for a clock that was set back.
 */
export function segmentFilePath(cameraId: CameraId, startUtcMs: number, attempt: number): string {
  const time = new Date(Math.round(startUtcMs)).toISOString();
  const suffix = attempt === 0 ? '' : `-${attempt}`;
  return `${footageDirectory}/${cameraId}/${time.slice(0, 10)}/${time.replace(/[-:.]/g, '')}${suffix}.mp4`;
}

/** What a segment's path says, or nothing when it is not a segment's. */
export function readSegmentFilePath(
  filePath: string,
): { cameraId: CameraId; startUtcMs: number } | undefined {
  const match =
    /^cameras\/([^/]+)\/\d{4}-\d\d-\d\d\/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z(?:-\d{1,2})?\.mp4$/.exec(
      filePath,
    );
  if (match === null) return undefined;
  const [, camera, year, month, day, hour, minute, second, millisecond] = match;
  const cameraId = CameraId.safeParse(camera);
  const startUtcMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millisecond}Z`);
  return cameraId.success && !Number.isNaN(startUtcMs) ? { cameraId: cameraId.data, startUtcMs } : undefined;
}
