import type {
  CameraId,
  ConfigUpdate,
  ConfigView,
  EngineStatus,
  Health,
  SegmentList,
  SegmentQuery,
  StreamName,
} from '../../shared/engine-api/index.ts';
import type { ProcessSample } from '../platform/process-sampler.ts';

/** A viewer's end of a live stream: bytes go in, and how many still wait to be sent can be asked. */
export interface LiveSink {
  /** One binary message; the bytes must not change afterwards. */
  send(bytes: Uint8Array): void;
  /** Bytes accepted by `send` that have not reached the network. */
  bufferedBytes(): number;
  /** `code` is one of `liveCloseCodes`. */
  close(code: number, reason: string): void;
}

export type LiveOpening =
  /** Disposing ends the viewing; safe after the stream closed the sink itself. */
  | { readonly kind: 'opened'; readonly viewer: Disposable }
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string };

export type ConfigOutcome =
  | { readonly kind: 'applied'; readonly config: ConfigView }
  | { readonly kind: 'stale'; readonly currentVersion: number };

/** What the HTTP server serves: the engine as others see it. */
export interface EngineApi {
  health(): Health;
  status(): Promise<EngineStatus>;
  process(): ProcessSample;
  config(): ConfigView;
  updateConfig(update: ConfigUpdate): Promise<ConfigOutcome>;
  /** `undefined` when no such camera is or was recorded here. */
  segments(cameraId: CameraId, query: SegmentQuery): Promise<SegmentList | undefined>;
  /** `undefined` when there is no such segment any more. */
  segmentFile(
    cameraId: CameraId,
    segmentId: number,
  ): Promise<{ readonly path: string; readonly byteLength: number } | undefined>;
  openLive(cameraId: CameraId, stream: StreamName, sink: LiveSink): LiveOpening;
}
