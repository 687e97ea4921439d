import type { EngineStatus } from '../../shared/engine-api/index.ts';
import type { LiveStatus } from '../camera/index.ts';
import type { FeedStatus } from '../events/index.ts';
import type { HlsStatus } from '../hls/index.ts';
import type { ProcessSample } from '../platform/process-sampler.ts';
import type { SqlMeter } from '../storage/index.ts';
import { cameraMetrics } from './camera-metrics.ts';
import type { EngineApi } from './engine-api.ts';
import type { HttpMetrics } from './http-metrics.ts';
import { counter, gauge } from './metric.ts';
import type { HistogramMetric, Metric } from './metric.ts';
import { masterMetrics, serveMetrics } from './serve-metrics.ts';
import { volumeMetrics } from './volume-metrics.ts';

/** What the metrics are made from. */
export interface MeasuredEngine extends Pick<
  EngineApi,
  'status' | 'process' | 'volumeMeters' | 'indexMeter' | 'live'
> {
  readonly hls: Pick<EngineApi['hls'], 'status'>;
  readonly events: Pick<EngineApi['events'], 'status'>;
}

/** Everything an engine tells Prometheus. A part of the engine adds a list of its own. */
export function engineMetrics(
  engine: MeasuredEngine,
  http: HttpMetrics,
): readonly (Metric | HistogramMetric)[] {
  const status = engine.status();
  return [
    ...coreMetrics(status, engine.process()),
    ...volumeMetrics(status.volumes, engine.volumeMeters()),
    ...indexMetrics(status.index, engine.indexMeter()),
    ...cameraMetrics(status.cameras),
    ...liveMetrics(engine.live()),
    ...hlsMetrics(engine.hls.status()),
    ...serveMetrics(status.serve),
    ...masterMetrics(status.master),
    ...eventMetrics(engine.events.status()),
    ...httpMetrics(http),
  ];
}

function coreMetrics(status: EngineStatus, process: ProcessSample): readonly Metric[] {
  return [
    {
      kind: 'gauge',
      name: 'engine_info',
      help: 'Version of the engine; always 1.',
      samples: [{ labels: { version: status.version }, value: 1 }],
    },
    gauge('engine_start_time_seconds', 'When the engine started, Unix time.', status.startedUtcMs / 1_000),
    gauge('engine_config_version', 'Version of the configuration in force.', status.configVersion),
    gauge('process_cpu_cores', 'CPU in use over the last seconds; 1 is one core busy.', process.cpuCores),
    gauge('process_resident_memory_bytes', 'Resident memory.', process.residentBytes),
    gauge('process_heap_bytes', 'JavaScript objects.', process.heapBytes),
    gauge('process_buffer_bytes', 'Memory beside the JavaScript objects.', process.bufferBytes),
    gauge('process_timers', 'Timers that have yet to ring.', process.timers),
    gauge(
      'event_loop_delay_p99_seconds',
      'Lateness of the event loop over the last seconds.',
      process.eventLoopDelayP99Ms / 1_000,
    ),
    gauge(
      'event_loop_delay_max_seconds',
      'Largest lateness of the event loop over the last seconds.',
      process.eventLoopDelayMaxMs / 1_000,
    ),
  ];
}

function indexMetrics(
  state: EngineStatus['index'],
  { waiting, refused, isAnswering }: SqlMeter,
): readonly Metric[] {
  return [
    gauge('index_ok', 'Whether the index takes and tells what is recorded.', state?.kind === 'ok' ? 1 : 0),
    gauge('index_waiting_requests', 'What the index was asked and has not answered.', waiting),
    counter('index_refused_requests_total', 'What the index was asked and could not take.', refused),
    gauge('index_answering', 'Whether the disk of the index answers.', isAnswering ? 1 : 0),
  ];
}

function liveMetrics(live: LiveStatus): readonly Metric[] {
  return [
    gauge('gop_cache_bytes', 'What is kept for newcomers to start with at once.', live.gopCacheBytes),
    gauge('gop_cache_limit_bytes', 'The most that may be kept for newcomers.', live.gopCacheLimitBytes),
    counter('live_frames_dropped_total', 'Frames that slow viewers missed.', live.framesDropped),
    counter(
      'live_viewers_too_slow_total',
      'Viewers that were closed because they did not keep up.',
      live.viewersClosedAsTooSlow,
    ),
    counter(
      'live_viewers_refused_total',
      'Viewers that were refused because there were too many.',
      live.viewersRefused,
    ),
    gauge('sound_conversions', 'Streams whose sound is being converted.', live.soundConversions),
    counter(
      'sound_conversions_refused_total',
      'How often sound was not converted because that of enough streams was.',
      live.soundConversionsRefused,
    ),
    counter(
      'sounds_dropped_total',
      'Sounds that were not converted because ffmpeg was too slow.',
      live.soundsDropped,
    ),
  ];
}

function hlsMetrics({ streams, bytes, limitBytes, waiting, refused, ended }: HlsStatus): readonly Metric[] {
  return [
    gauge('hls_streams', 'Streams that are being segmented for HLS.', streams),
    gauge('hls_bytes', 'Segments in memory for HLS.', bytes),
    gauge('hls_limit_bytes', 'The most that segments for HLS may take.', limitBytes),
    gauge('hls_waiting_requests', 'Requests that wait for the first segment of a stream.', waiting),
    counter('hls_refused_total', 'Requests for streams beyond the bounds of HLS.', refused),
    counter('hls_streams_ended_total', 'Streams whose HLS was ended because memory was short.', ended),
  ];
}

function eventMetrics({ listeners, listenersFellBehind }: FeedStatus): readonly Metric[] {
  return [
    gauge('event_listeners', 'Listeners to events.', listeners),
    counter(
      'event_listeners_behind_total',
      'How often a listener was too slow and got a snapshot for what it missed.',
      listenersFellBehind,
    ),
  ];
}

function httpMetrics(http: HttpMetrics): readonly Metric[] {
  return [
    {
      kind: 'counter',
      name: 'http_requests_total',
      help: 'Requests answered.',
      samples: http.requests.map(({ route, status, count }) => ({
        labels: { route, status: String(status) },
        value: count,
      })),
    },
    counter(
      'http_unauthorized_total',
      'Requests and live connections without a valid token.',
      http.unauthorized,
    ),
    gauge(
      'http_answers_held_bytes',
      'Segments and pictures in memory that clients have yet to take.',
      http.answerMemory.bytes,
    ),
    counter(
      'http_answers_refused_total',
      'Segments and pictures that were not sent because too much waits for clients that do not read.',
      http.answerMemory.refused,
    ),
  ];
}
