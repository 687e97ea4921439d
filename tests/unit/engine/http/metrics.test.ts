import { describe, expect, it } from 'vitest';
import { createHttpMetrics } from '../../../../src/engine/http/http-metrics.ts';
import { renderMetrics } from '../../../../src/engine/http/metric.ts';
import { engineMetrics } from '../../../../src/engine/http/metrics.ts';
import type { MeasuredEngine } from '../../../../src/engine/http/metrics.ts';
import type { HistogramMetric, Metric } from '../../../../src/engine/http/metric.ts';
import type { VolumeMeter } from '../../../../src/engine/storage/index.ts';
import type { EngineStatus, StreamStatus } from '../../../../src/shared/engine-api/index.ts';

const stream: StreamStatus = {
  state: { kind: 'streaming', sinceUtcMs: 0 },
  bitrateBps: 4_000_000,
  framesPerSecond: 25,
  lastFrameAgeMs: 40,
  viewers: 2,
  framesReceived: 1_000,
  framesLost: 3,
  reconnects: 1,
};

const status: EngineStatus = {
  nodeId: '6f9619ff-8b86-4d11-b42d-00c04fc964ff',
  version: '1.2.3',
  nowUtcMs: 5_000,
  startedUtcMs: 1_500,
  configVersion: 7,
  cpuCores: 0.25,
  residentBytes: 70_000_000,
  volumes: [
    {
      name: 'a',
      path: '/srv/a',
      totalBytes: 100,
      freeBytes: 40,
      reserveBytes: 10,
      storedBytes: 50,
      state: { kind: 'full', sinceUtcMs: 0, detail: 'It is full.', remedy: 'Free space.' },
    },
  ],
  index: { kind: 'ok', sinceUtcMs: 0 },
  cameras: [
    {
      id: 'gate',
      recording: { kind: 'recording', sinceUtcMs: 0, segmentId: 4 },
      bytesRecorded: 12_345,
      main: stream,
      sub: { ...stream, state: { kind: 'idle' } },
    },
  ],
};

const sample = {
  cpuCores: 0.25,
  residentBytes: 70_000_000,
  heapBytes: 9_000_000,
  bufferBytes: 30_000_000,
  timers: 12,
  eventLoopDelayP99Ms: 2,
  eventLoopDelayMaxMs: 15,
};

const meter: VolumeMeter = {
  name: 'a',
  queuedBytes: 300,
  stuckOperations: 1,
  lostFrames: 25,
  writeLatency: { buckets: [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1], count: 4, sumMs: 25_000 },
};

const live = {
  gopCacheBytes: 5_000,
  gopCacheLimitBytes: 9_000,
  framesDropped: 12,
  viewersClosedAsTooSlow: 2,
  viewersRefused: 1,
  soundConversions: 5,
  soundConversionsRefused: 6,
  soundsDropped: 7,
};

const engine: MeasuredEngine = {
  status: () => status,
  process: () => sample,
  volumeMeters: () => [meter],
  indexMeter: () => ({ waiting: 8, refused: 2, isAnswering: true, isLeftBehind: false }),
  live: () => live,
  hls: { status: () => ({ streams: 1, bytes: 7_000, limitBytes: 8_000, waiting: 3, refused: 5, ended: 6 }) },
  events: { status: () => ({ listeners: 3, listenersFellBehind: 4 }) },
};

it('exposes the state of the engine in base units, with bounded labels', async () => {
  const http = createHttpMetrics();
  http.countRequest('/health', 200);
  http.countRequest('/health', 200);
  http.countRequest('unmatched', 404);
  http.countUnauthorized();
  http.answerMemory.hold([new Uint8Array(9)]);
  const lines = (await renderMetrics(engineMetrics(engine, http))).split('\n');
  expect(lines.filter((line) => line !== '' && !line.startsWith('#'))).toEqual([
    'belvedere_engine_info{version="1.2.3"} 1',
    'belvedere_engine_start_time_seconds 1.5',
    'belvedere_engine_config_version 7',
    'belvedere_process_cpu_cores 0.25',
    'belvedere_process_resident_memory_bytes 70000000',
    'belvedere_process_heap_bytes 9000000',
    'belvedere_process_buffer_bytes 30000000',
    'belvedere_process_timers 12',
    'belvedere_event_loop_delay_p99_seconds 0.002',
    'belvedere_event_loop_delay_max_seconds 0.015',
    'belvedere_volume_free_bytes{volume="a"} 40',
    'belvedere_volume_size_bytes{volume="a"} 100',
    'belvedere_volume_stored_bytes{volume="a"} 50',
    'belvedere_volume_ok{volume="a"} 0',
    'belvedere_volume_queued_bytes{volume="a"} 300',
    'belvedere_volume_stuck_operations{volume="a"} 1',
    'belvedere_volume_frames_lost_total{volume="a"} 25',
    ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5].map(
      (bound) => `belvedere_volume_write_seconds_bucket{volume="a",le="${bound}"} 2`,
    ),
    'belvedere_volume_write_seconds_bucket{volume="a",le="10"} 3',
    'belvedere_volume_write_seconds_bucket{volume="a",le="+Inf"} 4',
    'belvedere_volume_write_seconds_sum{volume="a"} 25',
    'belvedere_volume_write_seconds_count{volume="a"} 4',
    'belvedere_index_ok 1',
    'belvedere_index_waiting_requests 8',
    'belvedere_index_refused_requests_total 2',
    'belvedere_index_answering 1',
    'belvedere_camera_recording{camera="gate"} 1',
    'belvedere_camera_recorded_bytes_total{camera="gate"} 12345',
    'belvedere_stream_up{camera="gate",stream="main"} 1',
    'belvedere_stream_up{camera="gate",stream="sub"} 0',
    'belvedere_stream_received_bytes_per_second{camera="gate",stream="main"} 500000',
    'belvedere_stream_received_bytes_per_second{camera="gate",stream="sub"} 500000',
    'belvedere_stream_frames_per_second{camera="gate",stream="main"} 25',
    'belvedere_stream_frames_per_second{camera="gate",stream="sub"} 25',
    'belvedere_stream_last_frame_age_seconds{camera="gate",stream="main"} 0.04',
    'belvedere_stream_last_frame_age_seconds{camera="gate",stream="sub"} 0.04',
    'belvedere_stream_viewers{camera="gate",stream="main"} 2',
    'belvedere_stream_viewers{camera="gate",stream="sub"} 2',
    'belvedere_stream_frames_received_total{camera="gate",stream="main"} 1000',
    'belvedere_stream_frames_received_total{camera="gate",stream="sub"} 1000',
    'belvedere_stream_frames_lost_total{camera="gate",stream="main"} 3',
    'belvedere_stream_frames_lost_total{camera="gate",stream="sub"} 3',
    'belvedere_stream_reconnects_total{camera="gate",stream="main"} 1',
    'belvedere_stream_reconnects_total{camera="gate",stream="sub"} 1',
    'belvedere_gop_cache_bytes 5000',
    'belvedere_gop_cache_limit_bytes 9000',
    'belvedere_live_frames_dropped_total 12',
    'belvedere_live_viewers_too_slow_total 2',
    'belvedere_live_viewers_refused_total 1',
    'belvedere_sound_conversions 5',
    'belvedere_sound_conversions_refused_total 6',
    'belvedere_sounds_dropped_total 7',
    'belvedere_hls_streams 1',
    'belvedere_hls_bytes 7000',
    'belvedere_hls_limit_bytes 8000',
    'belvedere_hls_waiting_requests 3',
    'belvedere_hls_refused_total 5',
    'belvedere_hls_streams_ended_total 6',
    'belvedere_event_listeners 3',
    'belvedere_event_listeners_behind_total 4',
    'belvedere_http_requests_total{route="/health",status="200"} 2',
    'belvedere_http_requests_total{route="unmatched",status="404"} 1',
    'belvedere_http_unauthorized_total 1',
    'belvedere_http_answers_held_bytes 9',
    'belvedere_http_answers_refused_total 0',
  ]);
});

it('says nothing of cameras where there are none', async () => {
  const idle = { ...engine, volumeMeters: () => [], status: () => ({ ...status, cameras: [], volumes: [] }) };
  const text = await renderMetrics(engineMetrics(idle, createHttpMetrics()));
  expect(text).not.toMatch(/_(camera|stream|volume)_|http_requests/);
});

/** https://prometheus.io/docs/practices/naming and what `promtool check metrics` insists on. */
function complaints({ kind, name, help, samples }: Metric | HistogramMetric): string[] {
  const words = name.split('_');
  const isCounter = kind === 'counter';
  const rules: readonly (readonly [boolean, string])[] = [
    [/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name), 'lower-case words between underscores'],
    [isCounter === name.endsWith('_total'), '_total on counters and on nothing else'],
    [!words.some((word) => nonBaseUnits.has(word)), 'base units, unabbreviated'],
    [
      !words.some((word) => ['gauge', 'counter', 'histogram', 'summary'].includes(word)),
      'no type in the name',
    ],
    [!/_(sum|count|bucket)$/.test(name), 'no suffix that belongs to histograms'],
    [/^[A-Z].*\.$/.test(help), 'a help text that is a sentence'],
    [
      samples.every(({ labels }) => Object.keys(labels).every((label) => knownLabels.has(label))),
      'bounded labels',
    ],
    [
      new Set(samples.map(({ labels }) => Object.keys(labels).sort().join())).size <= 1,
      'the same labels on every sample',
    ],
  ];
  return rules.filter(([isKept]) => !isKept).map(([, rule]) => `${name}: ${rule}`);
}

const nonBaseUnits = new Set(
  'ms us ns sec s min minutes hours days milliseconds microseconds kb mb gb kib mib gib kilobytes megabytes bits b percent'.split(
    ' ',
  ),
);
/** Each has as many values as the configuration or the code lists. */
const knownLabels = new Set(['camera', 'stream', 'volume', 'version', 'route', 'status']);

describe('the names of the metrics', () => {
  it('follow the conventions of Prometheus', () => {
    const http = createHttpMetrics();
    http.countRequest('/health', 200);
    const metrics = engineMetrics(engine, http);
    expect(metrics.flatMap(complaints)).toEqual([]);
    expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
  });

  it.each([
    { name: 'latency_ms', help: 'Latency.' },
    { name: 'stream_bits_per_second', help: 'Rate.' },
    { name: 'frames_total', help: 'Frames.' },
    { name: 'framesLost', help: 'Frames.' },
    { name: 'frames_gauge', help: 'Frames.' },
    { name: 'frames_count', help: 'Frames.' },
    { name: 'frames', help: '' },
    { name: 'frames', help: 'Frames.', labels: { viewer: '127.0.0.1' } },
  ])('are refused by the same rules when they do not: $name $help $labels', ({ name, help, labels = {} }) => {
    expect(complaints({ kind: 'gauge', name, help, samples: [{ labels, value: 1 }] })).toHaveLength(1);
  });
});
