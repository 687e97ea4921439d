import type { CameraId, StreamName } from '../../shared/engine-api/index.ts';
import type { JoinableStream } from '../live/index.ts';

/** Where protocol servers and other outputs find streams. */
export interface StreamDirectory {
  /** The stream as it is configured now; `undefined` when there is no such camera or it has no such stream. */
  find(cameraId: CameraId, stream: StreamName): JoinableStream | undefined;
}
