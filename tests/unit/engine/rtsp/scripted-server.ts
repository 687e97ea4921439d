/** An RTSP server that says what a test tells it to, at the other end of a connection that is no socket. */
import type { ByteConnectionEvents, Dial, Peer } from '../../../../src/engine/rtsp/byte-connection.ts';
import { RtspSession } from '../../../../src/engine/rtsp/session.ts';
import type { RtspSessionOptions } from '../../../../src/engine/rtsp/session.ts';
import { parseRtspAddress } from '../../../../src/engine/rtsp/addresses.ts';
import type { RtspFailure } from '../../../../src/engine/rtsp/failure.ts';
import type { OpenUdpPorts, UdpPortsEvents } from '../../../../src/engine/rtsp/udp-ports.ts';
import { ManualClock } from '../ingest/manual-clock.ts';
import { collectingLog } from '../ingest/collecting-subscriber.ts';

export interface ScriptedRequest {
  readonly host: string;
  readonly method: string;
  readonly uri: string;
  readonly headers: ReadonlyMap<string, string>;
}

export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: readonly string[];
  readonly body?: string;
  /** Written before the answer, in the same read. */
  readonly before?: Buffer;
  /** Written behind it, in the same read. */
  readonly behind?: Buffer;
}

/** What to say to a request; undefined for nothing. */
export type ServerScript = (request: ScriptedRequest) => ScriptedAnswer | undefined;

export const SDP = [
  'v=0',
  'a=control:*',
  'm=video 0 RTP/AVP 96',
  'a=rtpmap:96 H264/90000',
  'a=control:track1',
  'm=audio 0 RTP/AVP 8',
  'a=control:track2',
  'm=audio 0 RTP/AVP 0',
  'a=control:back',
  'a=sendonly',
  '',
].join('\r\n');

/** Answers like a server that is in order; `changes` replaces its answers by method. */
export function orderlyServer(changes: Readonly<Record<string, ServerScript>> = {}): ServerScript {
  return (request) => {
    const change = changes[request.method];
    if (change !== undefined) return change(request);
    switch (request.method) {
      case 'OPTIONS':
        return { headers: ['Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN'] };
      case 'DESCRIBE':
        return { headers: ['Content-Base: rtsp://camera/live/', 'Content-Type: application/sdp'], body: SDP };
      case 'SETUP':
        return { headers: [`Transport: ${request.headers.get('transport')}`, 'Session: abc;timeout=20'] };
      default:
        return {};
    }
  };
}

export class ScriptedServer {
  readonly requests: ScriptedRequest[] = [];
  /** Interleaved frames from the client. */
  readonly frames: { readonly channel: number; readonly payload: Buffer }[] = [];
  readonly dialled: string[] = [];
  openConnections = 0;
  peer: Peer = { address: '192.0.2.7', localAddress: '192.0.2.1', publicKeyPin: undefined };
  readonly #script: ServerScript;
  #events: ByteConnectionEvents | undefined;

  constructor(script: ServerScript) {
    this.#script = script;
  }

  /** `METHOD uri` of each request. */
  get lines(): readonly string[] {
    return this.requests.map(({ method, uri }) => `${method} ${uri}`);
  }

  readonly dial: Dial = ({ host, port, isSecure }, events) => {
    this.dialled.push(`${isSecure === true ? 'tls ' : ''}${host}:${port}`);
    this.openConnections += 1;
    this.#events = events;
    queueMicrotask(() => {
      events.onOpen(this.peer);
    });
    return {
      write: (bytes) => {
        if (typeof bytes !== 'string') {
          const frame = Buffer.from(bytes);
          this.frames.push({ channel: frame[1] ?? -1, payload: frame.subarray(4) });
          return;
        }
        queueMicrotask(() => {
          this.#answer(bytes, host, events);
        });
      },
      close: () => {
        this.openConnections -= 1;
        queueMicrotask(() => {
          events.onClosed();
        });
      },
    };
  };

  send(bytes: Buffer): void {
    this.#events?.onBytes(Buffer.from(bytes), bytes.length);
  }

  hangUp(errorCode?: string): void {
    this.#events?.onClosed(errorCode);
  }

  #answer(text: string, host: string, events: ByteConnectionEvents): void {
    const [start = '', ...lines] = text.trimEnd().split('\r\n');
    const [method = '', uri = ''] = start.split(' ');
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(': ');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)] as const;
      }),
    );
    const request = { host, method, uri, headers };
    this.requests.push(request);
    const answer = this.#script(request);
    if (answer === undefined) return;
    const { status = 200, headers: fields = [], body = '', before, behind } = answer;
    const head = [
      `RTSP/1.0 ${status} Whatever`,
      `CSeq: ${headers.get('cseq')}`,
      ...fields,
      ...(body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    ];
    const bytes = Buffer.concat([
      before ?? Buffer.alloc(0),
      Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`),
      behind ?? Buffer.alloc(0),
    ]);
    events.onBytes(bytes, bytes.length);
  }
}

/** UDP ports that are no sockets. */
export class ScriptedUdp {
  readonly sent: { readonly kind: 'rtp' | 'rtcp'; readonly port: number; readonly bytes: Buffer }[] = [];
  readonly opened: { readonly localAddress: string; readonly remoteAddress: string }[] = [];
  readonly events: UdpPortsEvents[] = [];
  openPairs = 0;

  readonly open: OpenUdpPorts = (endpoints, events) => {
    this.opened.push(endpoints);
    this.events.push(events);
    this.openPairs += 1;
    const rtpPort = 50_000 + 2 * (this.opened.length - 1);
    const record =
      (kind: 'rtp' | 'rtcp') =>
      (bytes: Uint8Array, port: number): void => {
        this.sent.push({ kind, port, bytes: Buffer.from(bytes) });
      };
    return Promise.resolve({
      rtpPort,
      foreignDatagrams: 0,
      sendRtp: record('rtp'),
      sendRtcp: record('rtcp'),
      close: () => {
        this.openPairs -= 1;
        return Promise.resolve();
      },
    });
  };
}

export interface Bench {
  readonly server: ScriptedServer;
  readonly udp: ScriptedUdp;
  readonly clock: ManualClock;
  readonly session: RtspSession;
  readonly ended: RtspFailure[];
}

/** A session with a scripted server at `rtsp://camera/live`. */
export function sessionWith(
  script: ServerScript,
  options: Partial<RtspSessionOptions> & { readonly url?: string } = {},
): Bench {
  const server = new ScriptedServer(script);
  const udp = new ScriptedUdp();
  const clock = new ManualClock();
  const ended: RtspFailure[] = [];
  const { url = 'rtsp://camera/live', ...rest } = options;
  const session = new RtspSession({
    address: parseRtspAddress(url),
    credentials: { username: 'admin', password: 'p%40ss:w"ö' },
    clock,
    log: collectingLog().log,
    dial: server.dial,
    connectTimeoutMs: 1_000,
    requestTimeoutMs: 5_000,
    openUdpPorts: udp.open,
    onEnded: (failure) => ended.push(failure),
    ...rest,
  });
  return { server, udp, clock, session, ended };
}

/** Lets everything that waits for an answer go on. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}
