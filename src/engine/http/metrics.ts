import { Counter, Gauge, Registry } from 'prom-client';
import type { EngineStatus, StreamStatus } from '../../shared/engine-api/index.ts';
import type { ProcessSample } from '../platform/process-sampler.ts';

/** What the HTTP server counts about itself. Routes are patterns, so that the number of labels is bounded. */
export interface HttpMetrics {
  countRequest(route: string, status: number): void;
  countUnauthorized(): void;
  readonly requests: readonly { readonly route: string; readonly status: number; readonly count: number }[];
  readonly unauthorized: number;
}

export function createHttpMetrics(): HttpMetrics {
  const counts = new Map<string, { route: string; status: number; count: number }>();
  let unauthorized = 0;
  return {
    countRequest(route, status) {
      const key = `${status} ${route}`;
      const entry = counts.get(key) ?? { route, status, count: 0 };
      entry.count += 1;
      counts.set(key, entry);
    },
    countUnauthorized() {
      unauthorized += 1;
    },
    get requests() {
      return [...counts.values()];
    },
    get unauthorized() {
      return unauthorized;
    },
  };
}

/**
 * The Prometheus exposition of an engine. It is made afresh from the engine's state at each scrape, so that it holds
 * no second copy of it and forgets a camera when the engine does.
 */
export async function renderMetrics(
  status: EngineStatus,
  process: ProcessSample,
  http: HttpMetrics,
): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name: `belvedere_${name}`, help, labelNames, registers: [registry] });
  const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
    new Counter({ name: `belvedere_${name}`, help, labelNames, registers: [registry] });

  gauge('engine_info', 'Version of the engine; always 1.', ['version']).set({ version: status.version }, 1);
  gauge('engine_start_time_seconds', 'When the engine started, Unix time.').set(status.startedUtcMs / 1_000);
  gauge('engine_config_version', 'Version of the configuration in force.').set(status.configVersion);
  gauge('process_cpu_cores', 'CPU in use over the last seconds; 1 is one core busy.').set(process.cpuCores);
  gauge('process_resident_memory_bytes', 'Resident memory.').set(process.residentBytes);
  gauge('event_loop_delay_p99_seconds', 'Lateness of the event loop over the last seconds.').set(
    process.eventLoopDelayP99Ms / 1_000,
  );
  gauge('event_loop_delay_max_seconds', 'Largest lateness of the event loop over the last seconds.').set(
    process.eventLoopDelayMaxMs / 1_000,
  );

  const volumeFree = gauge('volume_free_bytes', 'Free space of a recording volume.', ['volume']);
  const volumeSize = gauge('volume_size_bytes', 'Size of a recording volume.', ['volume']);
  const volumeOk = gauge('volume_ok', 'Whether a recording volume takes footage.', ['volume']);
  for (const volume of status.volumes) {
    volumeFree.set({ volume: volume.path }, volume.freeBytes);
    volumeSize.set({ volume: volume.path }, volume.totalBytes);
    volumeOk.set({ volume: volume.path }, volume.state === 'ok' ? 1 : 0);
  }

  const recording = gauge('camera_recording', 'Whether footage of a camera is being written.', ['camera']);
  const recorded = counter('camera_recorded_bytes_total', 'Bytes of footage written.', ['camera']);
  const ofStream = ['camera', 'stream'];
  const up = gauge('stream_up', 'Whether a stream is coming in.', ofStream);
  const bitrate = gauge('stream_bits_per_second', 'Bitrate over the last seconds.', ofStream);
  const frameRate = gauge('stream_frames_per_second', 'Frames a second over the last seconds.', ofStream);
  const age = gauge('stream_last_frame_age_seconds', 'Age of the newest frame.', ofStream);
  const viewers = gauge('stream_viewers', 'Live viewers.', ofStream);
  const frames = counter('stream_frames_received_total', 'Frames received.', ofStream);
  const lost = counter('stream_frames_lost_total', 'Frames or packets missing or unusable.', ofStream);
  const reconnects = counter('stream_reconnects_total', 'Connections after the first.', ofStream);
  const addStream = (labels: { camera: string; stream: string }, stream: StreamStatus): void => {
    up.set(labels, stream.state.kind === 'streaming' ? 1 : 0);
    bitrate.set(labels, stream.bitrateBps);
    frameRate.set(labels, stream.framesPerSecond);
    if (stream.lastFrameAgeMs !== undefined) age.set(labels, stream.lastFrameAgeMs / 1_000);
    viewers.set(labels, stream.viewers);
    frames.inc(labels, stream.framesReceived);
    lost.inc(labels, stream.framesLost);
    reconnects.inc(labels, stream.reconnects);
  };
  for (const camera of status.cameras) {
    recording.set({ camera: camera.id }, camera.recording.kind === 'recording' ? 1 : 0);
    recorded.inc({ camera: camera.id }, camera.bytesRecorded);
    addStream({ camera: camera.id, stream: 'main' }, camera.main);
    if (camera.sub !== undefined) addStream({ camera: camera.id, stream: 'sub' }, camera.sub);
  }

  const requests = counter('http_requests_total', 'Requests answered.', ['route', 'status']);
  for (const { route, status: code, count } of http.requests) requests.inc({ route, status: code }, count);
  counter('http_unauthorized_total', 'Requests and live connections without a valid token.').inc(
    http.unauthorized,
  );
  return registry.metrics();
}
