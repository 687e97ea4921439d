import { expect, it } from 'vitest';
import { renderMetrics } from '../../../../src/engine/http/metric.ts';
import { masterMetrics, serveMetrics } from '../../../../src/engine/http/serve-metrics.ts';
import type { PlayersStatus } from '../../../../src/shared/engine-api/index.ts';

const rtsp: PlayersStatus = {
  listener: { kind: 'listening', host: '0.0.0.0', port: 8554, sinceUtcMs: 0 },
  connections: 3,
  playing: 2,
  sentBytes: 1_000,
  framesDropped: 4,
  closedAsTooSlow: 5,
  refusedNetwork: 6,
  refusedLimit: 7,
  unauthorized: 8,
};

it('tells what ports, players and slaves do, with labels that the configuration bounds', async () => {
  const { framesDropped: _none, ...common } = rtsp;
  const rtmp = { ...common, listener: { kind: 'off' }, publishing: 9, takeovers: 10, wrongKeys: 11 } as const;
  const failing = { kind: 'failing', reason: 'silent', detail: '', sinceUtcMs: 0 } as const;
  const slaves = [
    { id: 'rec-1', state: { kind: 'serving' }, streams: 12 } as const,
    { id: 'rec-2', state: failing, streams: 0 },
  ];
  const text = await renderMetrics([...serveMetrics({ rtsp, rtmp }), ...masterMetrics({ slaves })]);
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([
    'belvedere_serve_listening{protocol="rtsp"} 1',
    'belvedere_serve_listening{protocol="rtmp"} 0',
    'belvedere_serve_connections{protocol="rtsp"} 3',
    'belvedere_serve_connections{protocol="rtmp"} 3',
    'belvedere_serve_players{protocol="rtsp"} 2',
    'belvedere_serve_players{protocol="rtmp"} 2',
    'belvedere_rtmp_publishers 9',
    'belvedere_serve_sent_bytes_total{protocol="rtsp"} 1000',
    'belvedere_serve_sent_bytes_total{protocol="rtmp"} 1000',
    'belvedere_serve_frames_dropped_total{protocol="rtsp"} 4',
    'belvedere_serve_players_too_slow_total{protocol="rtsp"} 5',
    'belvedere_serve_players_too_slow_total{protocol="rtmp"} 5',
    'belvedere_serve_refused_total{protocol="rtsp",reason="network"} 6',
    'belvedere_serve_refused_total{protocol="rtsp",reason="limit"} 7',
    'belvedere_serve_refused_total{protocol="rtsp",reason="password"} 8',
    'belvedere_serve_refused_total{protocol="rtmp",reason="network"} 6',
    'belvedere_serve_refused_total{protocol="rtmp",reason="limit"} 7',
    'belvedere_serve_refused_total{protocol="rtmp",reason="password"} 8',
    'belvedere_rtmp_wrong_keys_total 11',
    'belvedere_rtmp_takeovers_total 10',
    'belvedere_slave_streams{slave="rec-1"} 12',
    'belvedere_slave_streams{slave="rec-2"} 0',
    'belvedere_slave_failing{slave="rec-1"} 0',
    'belvedere_slave_failing{slave="rec-2"} 1',
  ]);
});

it('says nothing of what an engine does not do', () => {
  expect([...serveMetrics(undefined), ...masterMetrics(undefined)].flatMap(({ samples }) => samples)).toEqual(
    [],
  );
});
