import { isDeepStrictEqual } from 'node:util';
import type {
  CameraId,
  Credentials,
  Slave,
  StreamName,
  StreamOverrides,
} from '../../shared/engine-api/index.ts';

/** Where a stream comes from. */
export type StreamSource =
  | {
      readonly kind: 'rtsp';
      readonly url: string;
      readonly credentials: Credentials | undefined;
      readonly overrides: StreamOverrides;
    }
  /** The camera pushes it under this name. */
  | {
      readonly kind: 'push';
      readonly name: string;
      readonly overrides: Pick<StreamOverrides, 'audio' | 'clock'>;
    }
  /** Another engine has it; this one is a master. */
  | {
      readonly kind: 'relay';
      readonly slave: Slave;
      readonly cameraId: CameraId;
      readonly stream: StreamName;
    };

/** A stream is left alone as long as this holds. */
export function isSameSource(one: StreamSource | undefined, other: StreamSource | undefined): boolean {
  return isDeepStrictEqual(one, other);
}
