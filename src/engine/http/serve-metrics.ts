import type { EngineStatus, ListenerState } from '../../shared/engine-api/index.ts';
import { gauge } from './metric.ts';
import type { Metric, MetricSample } from './metric.ts';

type Serving = NonNullable<EngineStatus['serve']>;
type Protocol = keyof Serving;

const protocols: readonly Protocol[] = ['rtsp', 'rtmp'];

/** What players over RTSP and RTMP, and cameras that push, make of the engine's ports. */
export function serveMetrics(serving: EngineStatus['serve']): readonly Metric[] {
  if (serving === undefined) return [];
  return [
    {
      kind: 'gauge',
      name: 'serve_listening',
      help: 'Whether the port is open: 1, and 0 while it is wanted but cannot be had, or switched off.',
      samples: each((protocol) => isListening(serving[protocol].listener)),
    },
    {
      kind: 'gauge',
      name: 'serve_connections',
      help: 'Connections of players, and of cameras that push.',
      samples: each((protocol) => serving[protocol].connections),
    },
    {
      kind: 'gauge',
      name: 'serve_players',
      help: 'Players that play.',
      samples: each((protocol) => serving[protocol].playing),
    },
    gauge('rtmp_publishers', 'Cameras that push.', serving.rtmp.publishing),
    {
      kind: 'counter',
      name: 'serve_sent_bytes_total',
      help: 'Sent to players.',
      samples: each((protocol) => serving[protocol].sentBytes),
    },
    {
      kind: 'counter',
      name: 'serve_frames_dropped_total',
      help: 'Frames that slow players missed.',
      samples: [{ labels: { protocol: 'rtsp' }, value: serving.rtsp.framesDropped }],
    },
    {
      kind: 'counter',
      name: 'serve_players_too_slow_total',
      help: 'Players that were closed because they did not keep up.',
      samples: each((protocol) => serving[protocol].closedAsTooSlow),
    },
    {
      kind: 'counter',
      name: 'serve_refused_total',
      help: 'Connections and attempts that were refused.',
      samples: protocols.flatMap((protocol) => [
        refusal({ protocol, reason: 'network' }, serving[protocol].refusedNetwork),
        refusal({ protocol, reason: 'limit' }, serving[protocol].refusedLimit),
        refusal({ protocol, reason: 'password' }, serving[protocol].unauthorized),
      ]),
    },
    {
      kind: 'counter',
      name: 'rtmp_wrong_keys_total',
      help: 'Pushes with a wrong name or key.',
      samples: [{ labels: {}, value: serving.rtmp.wrongKeys }],
    },
    {
      kind: 'counter',
      name: 'rtmp_takeovers_total',
      help: "How often a camera's new connection replaced one that was still there.",
      samples: [{ labels: {}, value: serving.rtmp.takeovers }],
    },
  ];
}

function each(value: (protocol: Protocol) => number): readonly MetricSample[] {
  return protocols.map((protocol) => ({ labels: { protocol }, value: value(protocol) }));
}

/** How the slaves of a master are. Their number is bounded by the configuration. */
export function masterMetrics(master: EngineStatus['master']): readonly Metric[] {
  const slaves = master?.slaves ?? [];
  return [
    {
      kind: 'gauge',
      name: 'slave_streams',
      help: 'Streams that come from a slave now.',
      samples: slaves.map(({ id, streams }) => ({ labels: { slave: id }, value: streams })),
    },
    {
      kind: 'gauge',
      name: 'slave_failing',
      help: 'Whether a slave was asked for streams and gives none: 1, and 0 otherwise.',
      samples: slaves.map(({ id, state }) => ({
        labels: { slave: id },
        value: state.kind === 'failing' ? 1 : 0,
      })),
    },
  ];
}

function isListening(listener: ListenerState): number {
  return listener.kind === 'listening' ? 1 : 0;
}

function refusal(labels: Readonly<Record<string, string>>, value: number): MetricSample {
  return { labels, value };
}
