import { DEFAULT_STREAM_OVERRIDES } from '../../shared/engine-api/index.ts';
import type {
  CameraConfig,
  CameraId,
  MasterConfig,
  StreamAddress,
  StreamName,
} from '../../shared/engine-api/index.ts';
import { keyPlace } from '../rtsp/index.ts';
import type { StreamSource } from './stream-source.ts';

/** What the engine is to do with a camera, its own or another engine's. */
export interface CameraTask {
  readonly id: CameraId;
  readonly main: StreamSource;
  /** `undefined` when the camera has no second stream. */
  readonly sub: StreamSource | undefined;
  readonly record: boolean;
}

/** The sections of the configuration that name cameras. */
export interface ConfiguredCameras {
  readonly cameras: readonly CameraConfig[];
  readonly master: MasterConfig;
}

/** One task for each camera, whichever section names it. */
export function cameraTasks({ cameras, master }: ConfiguredCameras): readonly CameraTask[] {
  return [...cameras.map(ownTask), ...relayTasks(master)];
}

/** Where the cameras are that are reached over RTSP. */
export function rtspPlaces(tasks: readonly CameraTask[]): ReadonlySet<string> {
  const sources = tasks.flatMap(({ main, sub }) => (sub === undefined ? [main] : [main, sub]));
  const places = sources.map((source) => (source.kind === 'rtsp' ? keyPlace(source.url) : undefined));
  return new Set(places.filter((place) => place !== undefined));
}

function ownTask(camera: CameraConfig): CameraTask {
  const { id, main, sub, credentials, overrides = DEFAULT_STREAM_OVERRIDES, record } = camera;
  const source = (address: StreamAddress): StreamSource =>
    typeof address === 'object'
      ? { kind: 'push', name: address.push, overrides: { audio: overrides.audio, clock: overrides.clock } }
      : { kind: 'rtsp', url: address, credentials, overrides };
  return { id, main: source(main), sub: sub === undefined ? undefined : source(sub), record };
}

function relayTasks({ slaves, cameras }: MasterConfig): readonly CameraTask[] {
  const slaveById = new Map(slaves.map((slave) => [slave.id, slave]));
  return cameras.flatMap(({ id, slaveId, hasSub, record }) => {
    const slave = slaveById.get(slaveId);
    if (slave === undefined) return [];
    const source = (stream: StreamName): StreamSource => ({ kind: 'relay', slave, cameraId: id, stream });
    return [{ id, main: source('main'), sub: hasSub ? source('sub') : undefined, record }];
  });
}
