import type { VolumeStatus } from '../../shared/engine-api/index.ts';
import { latencyBoundsMs } from '../storage/index.ts';
import type { VolumeMeter } from '../storage/index.ts';
import type { HistogramMetric, Metric, MetricSample } from './metric.ts';

/** How the volumes fare. There are at most `maximumVolumes`, and so many values has the label. */
export function volumeMetrics(
  volumes: readonly VolumeStatus[],
  meters: readonly VolumeMeter[],
): readonly (Metric | HistogramMetric)[] {
  const ofVolumes = (value: (volume: VolumeStatus) => number): MetricSample[] =>
    volumes.map((volume) => ({ labels: { volume: volume.name }, value: value(volume) }));
  const ofMeters = (value: (meter: VolumeMeter) => number): MetricSample[] =>
    meters.map((meter) => ({ labels: { volume: meter.name }, value: value(meter) }));
  return [
    {
      kind: 'gauge',
      name: 'volume_free_bytes',
      help: 'Free space of a recording volume.',
      samples: ofVolumes(({ freeBytes }) => freeBytes),
    },
    {
      kind: 'gauge',
      name: 'volume_size_bytes',
      help: 'Size of a recording volume.',
      samples: ofVolumes(({ totalBytes }) => totalBytes),
    },
    {
      kind: 'gauge',
      name: 'volume_stored_bytes',
      help: 'Footage on a recording volume.',
      samples: ofVolumes(({ storedBytes }) => storedBytes),
    },
    {
      kind: 'gauge',
      name: 'volume_ok',
      help: 'Whether a recording volume takes footage.',
      samples: ofVolumes(({ state }) => (state.kind === 'ok' ? 1 : 0)),
    },
    {
      kind: 'gauge',
      name: 'volume_queued_bytes',
      help: 'Footage that the disk has not taken yet.',
      samples: ofMeters(({ queuedBytes }) => queuedBytes),
    },
    {
      kind: 'gauge',
      name: 'volume_stuck_operations',
      help: 'Operations that the disk has not answered in time.',
      samples: ofMeters(({ stuckOperations }) => stuckOperations),
    },
    {
      kind: 'counter',
      name: 'volume_frames_lost_total',
      help: 'Frames that were to be written to a volume and are lost.',
      samples: ofMeters(({ lostFrames }) => lostFrames),
    },
    {
      kind: 'histogram',
      name: 'volume_write_seconds',
      help: 'How long the disk took for each part of footage.',
      upperBounds: latencyBoundsMs.map((boundMs) => boundMs / 1_000),
      samples: meters.map(({ name, writeLatency }) => ({
        labels: { volume: name },
        buckets: writeLatency.buckets,
        count: writeLatency.count,
        sum: writeLatency.sumMs / 1_000,
      })),
    },
  ];
}
