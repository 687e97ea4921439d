import { CameraId } from '../../shared/engine-api/index.ts';
import type { SegmentContent } from './segment-index.ts';

/** The directory of all footage on a volume. */
export const footageDirectory = 'cameras';

/** More files than this cannot start in one millisecond of one camera, not even when the clock is set back. */
export const maximumNameAttempts = 100;

export interface SegmentName {
  readonly cameraId: CameraId;
  readonly content: SegmentContent;
  readonly startUtcMs: number;
}

/** `cameras/CAMERA/2026-11-21`: at most one day of a camera's files. */
export function dayDirectory(cameraId: CameraId, utcMs: number): string {
  return `${footageDirectory}/${cameraId}/${isoTime(utcMs).slice(0, 10)}`;
}

/**
 * `cameras/CAMERA/2026-11-21/20261121T081458123Z.mp4`, and `...Z.sound.mp4` beside it: readable without the index, in time
 * order. `attempt` above 0 adds `-ATTEMPT`, for a clock that was set back.
 */
export function segmentFilePath({ cameraId, content, startUtcMs }: SegmentName, attempt: number): string {
  const time = isoTime(startUtcMs).replace(/[-:.]/g, '');
  const number = attempt === 0 ? '' : `-${attempt}`;
  const kind = content === 'main' ? '' : `.${content}`;
  return `${dayDirectory(cameraId, startUtcMs)}/${time}${number}${kind}.mp4`;
}

const setAsideSuffix = '.damaged';

/** Where a file goes that recovery can make nothing of: beside where it was, and for a person to look at. */
export function setAsidePath(filePath: string): string {
  return `${filePath}${setAsideSuffix}`;
}

/** Whether a file is a segment that was set aside. */
export function isSetAside(filePath: string): boolean {
  return (
    filePath.endsWith(setAsideSuffix) &&
    readSegmentFilePath(filePath.slice(0, -setAsideSuffix.length)) !== undefined
  );
}

/** What a segment's path says, or nothing when it is not a segment's. */
export function readSegmentFilePath(filePath: string): SegmentName | undefined {
  const match =
    /^cameras\/([^/]+)\/\d{4}-\d\d-\d\d\/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z(?:-\d{1,2})?(?:\.(sound|metadata))?\.mp4$/.exec(
      filePath,
    );
  if (match === null) return undefined;
  const [, camera, year, month, day, hour, minute, second, millisecond, kind] = match;
  const cameraId = CameraId.safeParse(camera);
  const startUtcMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millisecond}Z`);
  if (!cameraId.success || Number.isNaN(startUtcMs)) return undefined;
  const content = kind === 'sound' || kind === 'metadata' ? kind : 'main';
  return { cameraId: cameraId.data, content, startUtcMs };
}

function isoTime(utcMs: number): string {
  return new Date(Math.round(utcMs)).toISOString();
}
