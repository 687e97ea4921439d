import type {
  CameraId,
  ConfigUpdate,
  ConfigView,
  EngineStatus,
  Health,
  SegmentList,
  SegmentQuery,
  Timeline,
  TimelineQuery,
  VolumeOverview,
} from '../../shared/engine-api/index.ts';
import type { LiveStatus, LiveTarget } from '../camera/index.ts';
import type { EventFeed } from '../events/index.ts';
import type { HlsService } from '../hls/index.ts';
import type { Admission, ViewerSink } from '../live/index.ts';
import type { FootageLocks, SqlMeter, VolumeMeter } from '../storage/index.ts';
import type { ReadableFile } from './answer.ts';
import type { SnapshotService } from '../snapshot/index.ts';
import type { ProcessSample } from '../platform/process-sampler.ts';

export type ConfigOutcome =
  | { readonly kind: 'applied'; readonly config: ConfigView }
  | { readonly kind: 'stale'; readonly currentVersion: number }
  | { readonly kind: 'invalid'; readonly message: string }
  /** `code` is the system's name for what went wrong. Nothing was changed. */
  | { readonly kind: 'not-written'; readonly code: string };

/** What the HTTP server serves: the engine as others see it. */
export interface EngineApi {
  health(): Health;
  status(): EngineStatus;
  process(): ProcessSample;
  volumes(): Promise<VolumeOverview>;
  volumeMeters(): readonly VolumeMeter[];
  indexMeter(): SqlMeter;
  config(): ConfigView;
  updateConfig(update: ConfigUpdate): ConfigOutcome;
  /** Empty for a camera that was never recorded here. */
  segments(cameraId: CameraId, query: SegmentQuery): Promise<SegmentList>;
  /** `undefined` when there is no such segment any more. */
  segmentFile(cameraId: CameraId, segmentId: number): Promise<ReadableFile | undefined>;
  /** Empty for a camera that was never recorded here. */
  timeline(cameraId: CameraId, query: TimelineQuery): Promise<Timeline>;
  readonly locks: Pick<FootageLocks, 'list' | 'add' | 'remove'>;
  openLive(target: LiveTarget, sink: ViewerSink): Admission;
  live(): LiveStatus;
  readonly hls: Pick<HlsService, 'playlist' | 'file' | 'status'>;
  readonly events: Pick<EventFeed, 'listen' | 'status'>;
  readonly snapshots: Pick<SnapshotService, 'live' | 'recorded'>;
}
