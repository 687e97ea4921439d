import { expect, it } from 'vitest';
import { createHttpMetrics, renderMetrics } from '../../../../src/engine/http/metrics.ts';
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
  volumes: [{ path: '/srv/"a"', totalBytes: 100, freeBytes: 40, reserveBytes: 10, state: 'full' }],
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

const sample = { cpuCores: 0.25, residentBytes: 70_000_000, eventLoopDelayP99Ms: 2, eventLoopDelayMaxMs: 15 };

it('exposes the state of the engine in base units, with bounded labels', async () => {
  const http = createHttpMetrics();
  http.countRequest('/health', 200);
  http.countRequest('/health', 200);
  http.countRequest('unmatched', 404);
  http.countUnauthorized();
  const lines = (await renderMetrics(status, sample, http)).split('\n');
  expect(lines.filter((line) => line !== '' && !line.startsWith('#'))).toEqual([
    'belvedere_engine_info{version="1.2.3"} 1',
    'belvedere_engine_start_time_seconds 1.5',
    'belvedere_engine_config_version 7',
    'belvedere_process_cpu_cores 0.25',
    'belvedere_process_resident_memory_bytes 70000000',
    'belvedere_event_loop_delay_p99_seconds 0.002',
    'belvedere_event_loop_delay_max_seconds 0.015',
    String.raw`belvedere_volume_free_bytes{volume="/srv/\"a\""} 40`,
    String.raw`belvedere_volume_size_bytes{volume="/srv/\"a\""} 100`,
    String.raw`belvedere_volume_ok{volume="/srv/\"a\""} 0`,
    'belvedere_camera_recording{camera="gate"} 1',
    'belvedere_camera_recorded_bytes_total{camera="gate"} 12345',
    'belvedere_stream_up{camera="gate",stream="main"} 1',
    'belvedere_stream_up{camera="gate",stream="sub"} 0',
    'belvedere_stream_bits_per_second{camera="gate",stream="main"} 4000000',
    'belvedere_stream_bits_per_second{camera="gate",stream="sub"} 4000000',
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
    'belvedere_http_requests_total{route="/health",status="200"} 2',
    'belvedere_http_requests_total{route="unmatched",status="404"} 1',
    'belvedere_http_unauthorized_total 1',
  ]);
});
