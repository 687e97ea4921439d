import { CameraId, StreamName } from '../../shared/engine-api/index.ts';
import type { Sample } from '../media/sample.ts';

/** What a request is about. */
export interface Target {
  readonly cameraId: CameraId;
  readonly stream: StreamName;
  /** The stream's own URL with a slash at its end: what the tracks' controls are relative to. */
  readonly baseUrl: string;
  readonly track: Sample['track'] | undefined;
}

const URL_SYNTAX = /^(rtsps?:\/\/[^/?\s]+\/([^/?\s]+)\/([^/?\s]+))\/?(video|audio|metadata)?\/?(?:\?\S*)?$/i;
const tracks: readonly Sample['track'][] = ['video', 'audio', 'metadata'];

/** `rtsp://NODE:PORT/CAMERA/main`, with a track's control behind it or not; undefined for anything else. */
export function parseTarget(url: string): Target | undefined {
  const [, baseUrl = '', camera, name, control] = URL_SYNTAX.exec(url) ?? [];
  const cameraId = CameraId.safeParse(camera);
  const stream = StreamName.safeParse(name);
  if (!cameraId.success || !stream.success) return undefined;
  return {
    cameraId: cameraId.data,
    stream: stream.data,
    baseUrl: `${baseUrl}/`,
    track: tracks.find((track) => track === control?.toLowerCase()),
  };
}
