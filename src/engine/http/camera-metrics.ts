import type { EngineCameraStatus, StreamStatus } from '../../shared/engine-api/index.ts';
import type { Metric, MetricSample } from './metric.ts';

/** What the cameras and their streams do. */
export function cameraMetrics(cameras: readonly EngineCameraStatus[]): readonly Metric[] {
  const ofCameras = (value: (camera: EngineCameraStatus) => number): MetricSample[] =>
    cameras.map((camera) => ({ labels: { camera: camera.id }, value: value(camera) }));
  return [
    {
      kind: 'gauge',
      name: 'camera_recording',
      help: 'Whether footage of a camera is being written.',
      samples: ofCameras(({ recording }) => (recording.kind === 'recording' ? 1 : 0)),
    },
    {
      kind: 'counter',
      name: 'camera_recorded_bytes_total',
      help: 'Bytes of footage written.',
      samples: ofCameras(({ bytesRecorded }) => bytesRecorded),
    },
    ...streamMetrics(cameras),
  ];
}

function streamMetrics(cameras: readonly EngineCameraStatus[]): readonly Metric[] {
  const streams = cameras.flatMap(({ id, main, sub }) => [
    { labels: { camera: id, stream: 'main' }, status: main },
    ...(sub === undefined ? [] : [{ labels: { camera: id, stream: 'sub' }, status: sub }]),
  ]);
  const metric = (
    kind: Metric['kind'],
    { name, help }: { readonly name: string; readonly help: string },
    value: (status: StreamStatus) => number | undefined,
  ): Metric => ({
    kind,
    name: `stream_${name}`,
    help,
    samples: streams.flatMap(({ labels, status }) => {
      const known = value(status);
      return known === undefined ? [] : [{ labels, value: known }];
    }),
  });
  return [
    metric('gauge', { name: 'up', help: 'Whether a stream is coming in.' }, ({ state }) =>
      state.kind === 'streaming' ? 1 : 0,
    ),
    metric(
      'gauge',
      { name: 'received_bytes_per_second', help: 'What comes in, over the last seconds.' },
      ({ bitrateBps }) => bitrateBps / 8,
    ),
    metric(
      'gauge',
      { name: 'frames_per_second', help: 'Frames a second, over the last seconds.' },
      ({ framesPerSecond }) => framesPerSecond,
    ),
    metric(
      'gauge',
      { name: 'last_frame_age_seconds', help: 'Age of the newest frame.' },
      ({ lastFrameAgeMs }) => (lastFrameAgeMs === undefined ? undefined : lastFrameAgeMs / 1_000),
    ),
    metric('gauge', { name: 'viewers', help: 'Live viewers and other outputs.' }, ({ viewers }) => viewers),
    metric(
      'counter',
      { name: 'frames_received_total', help: 'Frames received.' },
      (status) => status.framesReceived,
    ),
    metric(
      'counter',
      { name: 'frames_lost_total', help: 'Frames or packets missing or unusable.' },
      ({ framesLost }) => framesLost,
    ),
    metric(
      'counter',
      { name: 'reconnects_total', help: 'Connections after the first.' },
      ({ reconnects }) => reconnects,
    ),
  ];
}
