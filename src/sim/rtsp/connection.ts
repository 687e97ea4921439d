/** One viewer's RTSP connection: its session, its tracks, and the media it gets (RFC 2326). */

import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';

import type { DigestAttempt, DigestVerdict } from '../auth/digest.ts';
import type { StreamName } from '../clip/clip.ts';
import type { SimClock } from '../clock.ts';
import type { ServiceMode } from '../service-mode.ts';
import type { Admission, Broadcast, MediaTick, VideoTick } from './broadcast.ts';
import { InterleavedDelivery, UdpDelivery, type SendPace, type TrackDelivery } from './delivery.ts';
import type { PacketizedClip } from './packetized-clip.ts';
import { parseReceiverReport, type ReceiverReport } from './receiver-report.ts';
import { RtspRequestReader, RtspSyntaxError, type RtspRequest } from './request-reader.ts';
import { formatResponse, type RtspResponse } from './response.ts';
import { RtpSender } from './rtp-sender.ts';
import { formatSdp, trackControl, videoClockRateHz, type TrackKind } from './sdp.ts';
import { chooseTransport, type ChosenTransport, type TransportKind } from './transport.ts';
import type { UdpMedia } from './udp-media.ts';

export interface ConnectionContext {
  readonly name: string;
  readonly source: PacketizedClip;
  readonly broadcast: Broadcast;
  readonly clock: SimClock;
  readonly sessionTimeoutSeconds: number;
  /** Unsent bytes after which a slow viewer is disconnected. */
  readonly maximumQueuedBytes: number;
  /** What viewers may have; others get 461. */
  readonly transports: readonly TransportKind[];
  readonly udp: UdpMedia;
  /** Default `frame`. */
  readonly pace?: SendPace;
  readonly mode: () => ServiceMode;
  readonly authenticate: (attempt: DigestAttempt) => DigestVerdict;
  readonly onSlowViewer: () => void;
  readonly onReceiverReport: (report: ReceiverReport) => void;
}

interface SessionTrack {
  readonly sender: RtpSender;
  readonly delivery: TrackDelivery;
}

interface Session {
  readonly id: string;
  readonly stream: StreamName;
  readonly tracks: Map<TrackKind, SessionTrack>;
}

type ConnectionState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'ready'; readonly session: Session }
  | { readonly kind: 'playing'; readonly session: Session; readonly admission: Admission };

interface Target {
  readonly stream: StreamName;
  readonly track: TrackKind | undefined;
  /** The stream's URL without the track. */
  readonly baseUrl: string;
}

const methods = 'OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, SET_PARAMETER, TEARDOWN';
const senderReportIntervalMs = 5000;

export class RtspConnection {
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  readonly #reader: RtspRequestReader;
  #state: ConnectionState = { kind: 'idle' };
  #lastRequestMs: number;
  #lastReportMs = Number.NEGATIVE_INFINITY;
  #cancelTimeout: () => void = () => undefined;

  constructor(socket: Socket, context: ConnectionContext) {
    this.#socket = socket;
    this.#context = context;
    this.#lastRequestMs = context.clock.monotonicMs();
    this.#reader = new RtspRequestReader((packet) => {
      const report = parseReceiverReport(packet);
      if (report !== undefined) context.onReceiverReport(report);
    });
    this.#watchTimeout();
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.#onData(chunk);
    });
    // Without a listener a reset by the viewer would end the process; 'close' follows and cleans up.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#cancelTimeout();
      this.#endSession();
    });
  }

  /** Writes bytes that are no RTSP, for the fault of that name. */
  sendGarbage(): void {
    this.#write(randomBytes(512));
  }

  #onData(chunk: Buffer): void {
    const mode = this.#context.mode();
    if (mode === 'garbage') {
      this.sendGarbage();
      return;
    }
    try {
      for (const request of this.#reader.push(chunk)) {
        // A stalled camera swallows requests; the reader still has to follow the message boundaries.
        if (mode === 'normal') this.#serve(request);
      }
    } catch (error) {
      if (!(error instanceof RtspSyntaxError)) throw error;
      this.#socket.end(formatResponse({ status: 400 }, undefined));
    }
  }

  #serve(request: RtspRequest): void {
    this.#lastRequestMs = this.#context.clock.monotonicMs();
    const response = this.#respond(request);
    const sequenceNumber = request.headers.get('cseq');
    // The viewer must see the answer to PLAY before the first packet; writes keep their order.
    this.#write(formatResponse(response, sequenceNumber));
  }

  #respond(request: RtspRequest): RtspResponse {
    if (request.method === 'OPTIONS') return { status: 200, headers: [['Public', methods]] };
    const verdict = this.#context.authenticate({
      method: request.method,
      authorization: request.headers.get('authorization'),
    });
    if (verdict.kind === 'refused') {
      return {
        status: 401,
        headers: verdict.challenges.map((challenge) => ['WWW-Authenticate', challenge] as const),
      };
    }
    switch (request.method) {
      case 'DESCRIBE':
        return this.#describe(request);
      case 'SETUP':
        return this.#setUp(request);
      case 'PLAY':
        return this.#inSession(request, (session) => this.#play(request, session));
      case 'GET_PARAMETER':
      case 'SET_PARAMETER':
        return this.#inSession(request, (session) => ({ status: 200, headers: [['Session', session.id]] }));
      case 'TEARDOWN':
        return this.#inSession(request, () => {
          this.#endSession();
          return { status: 200 };
        });
      default:
        return { status: 405, headers: [['Allow', methods]] };
    }
  }

  #describe(request: RtspRequest): RtspResponse {
    const target = parseTarget(request.url);
    if (target === undefined) return { status: 404 };
    const { name, source } = this.#context;
    const body = formatSdp({
      address: this.#socket.localAddress ?? '127.0.0.1',
      name,
      video: source.streams[target.stream].track,
      audio: source.clip.audio,
      hasMetadata: source.metadata.length > 0,
    });
    return {
      status: 200,
      headers: [
        ['Content-Base', `${target.baseUrl}/`],
        ['Content-Type', 'application/sdp'],
      ],
      body,
    };
  }

  #setUp(request: RtspRequest): RtspResponse {
    const target = parseTarget(request.url);
    if (target === undefined) return { status: 404 };
    if (target.track === undefined) return { status: 459 };
    if (!hasTrack(this.#context.source, target.track)) return { status: 404 };
    if (this.#state.kind === 'playing') return { status: 455 };
    const session =
      this.#state.kind === 'ready'
        ? this.#state.session
        : {
            id: randomBytes(8).toString('hex'),
            stream: target.stream,
            tracks: new Map<TrackKind, SessionTrack>(),
          };
    if (session.stream !== target.stream) return { status: 455 };
    const chosen = chooseTransport(request.headers.get('transport') ?? '', {
      kinds: this.#context.transports,
      freeChannel: 2 * session.tracks.size,
    });
    if (chosen === undefined) return { status: 461 };

    const sender = new RtpSender(chosen.kind === 'tcp' ? chosen.channel : 0);
    const delivery = this.#deliveryOver(chosen);
    session.tracks.set(target.track, { sender, delivery });
    this.#state = { kind: 'ready', session };
    const ssrc = sender.ssrc.toString(16).padStart(8, '0').toUpperCase();
    return {
      status: 200,
      headers: [
        ['Session', `${session.id};timeout=${this.#context.sessionTimeoutSeconds}`],
        ['Transport', `${delivery.transport};ssrc=${ssrc};mode="PLAY"`],
      ],
    };
  }

  #deliveryOver(chosen: ChosenTransport): TrackDelivery {
    if (chosen.kind === 'udp') {
      return new UdpDelivery(this.#context.udp, { ...chosen, address: this.#socket.remoteAddress ?? '' });
    }
    const { pace = 'frame' } = this.#context;
    return new InterleavedDelivery({ channel: chosen.channel, pace }, (bytes) => {
      this.#write(bytes);
    });
  }

  #play(request: RtspRequest, session: Session): RtspResponse {
    const target = parseTarget(request.url);
    if (target === undefined || target.stream !== session.stream) return { status: 404 };
    if (this.#state.kind === 'playing') return { status: 200, headers: [['Session', session.id]] };
    const admission = this.#context.broadcast.admit({
      stream: session.stream,
      onVideo: (tick) => {
        this.#sendVideo(session, tick);
      },
      onAudio: (tick) => {
        this.#sendUnit(session, 'audio', tick);
      },
      onMetadata: (tick) => {
        this.#sendUnit(session, 'metadata', tick);
      },
    });
    this.#state = { kind: 'playing', session, admission };
    const firstTimes = {
      video: admission.firstVideoTime,
      audio: admission.firstAudioTime,
      metadata: admission.firstVideoTime,
    };
    const information = [...session.tracks].map(
      ([track, { sender }]) =>
        `url=${target.baseUrl}/${trackControl[track]};seq=${sender.nextSequence};rtptime=${sender.timestampOf(firstTimes[track])}`,
    );
    return {
      status: 200,
      headers: [
        ['Session', session.id],
        ['Range', 'npt=now-'],
        ['RTP-Info', information.join(',')],
      ],
    };
  }

  #inSession(request: RtspRequest, act: (session: Session) => RtspResponse): RtspResponse {
    if (this.#state.kind === 'idle') return { status: 454 };
    const { session } = this.#state;
    const [id] = (request.headers.get('session') ?? '').split(';');
    return id === session.id ? act(session) : { status: 454 };
  }

  #endSession(): void {
    if (this.#state.kind === 'playing') this.#state.admission.leave();
    this.#state = { kind: 'idle' };
  }

  #sendVideo(session: Session, tick: VideoTick): void {
    const nowMs = this.#context.clock.monotonicMs();
    this.#sendUnit(session, 'video', tick);
    if (nowMs - this.#lastReportMs < senderReportIntervalMs) return;
    this.#lastReportMs = nowMs;
    const mediaSeconds = tick.mediaTime / clockRateOf('video', this.#context.source);
    for (const [track, { sender, delivery }] of session.tracks) {
      const mediaTime = mediaSeconds * clockRateOf(track, this.#context.source);
      delivery.sendControl(sender.senderReport(mediaTime, tick.dueUtcMs));
    }
  }

  #sendUnit(session: Session, kind: TrackKind, { unit, mediaTime }: MediaTick): void {
    const track = session.tracks.get(kind);
    track?.delivery.sendMedia(track.sender.packets(unit, mediaTime), unit.offsets);
  }

  #write(bytes: Buffer): void {
    if (!this.#socket.writable) return;
    this.#socket.write(bytes);
    if (this.#socket.writableLength <= this.#context.maximumQueuedBytes) return;
    this.#context.onSlowViewer();
    this.#endSession();
    this.#socket.destroy();
  }

  /** Only requests keep a session alive (RFC 2326 §12.37); receiver reports do not, which is stricter than most cameras. */
  #watchTimeout(): void {
    const { clock, sessionTimeoutSeconds } = this.#context;
    const remainingMs = this.#lastRequestMs + sessionTimeoutSeconds * 1000 - clock.monotonicMs();
    if (remainingMs <= 0) {
      this.#socket.destroy();
      return;
    }
    this.#cancelTimeout = clock.schedule(Math.ceil(remainingMs), () => {
      this.#watchTimeout();
    });
  }
}

function hasTrack({ audio, metadata }: PacketizedClip, track: TrackKind): boolean {
  switch (track) {
    case 'video':
      return true;
    case 'audio':
      return audio !== undefined;
    case 'metadata':
      return metadata.length > 0;
  }
}

function clockRateOf(track: TrackKind, source: PacketizedClip): number {
  return track === 'audio' ? (source.audio?.sampleRateHz ?? 0) : videoClockRateHz;
}

/** Understands `rtsp://host:port/main`, with a trailing slash or a track's control after it. */
function parseTarget(url: string): Target | undefined {
  const [, baseUrl, stream, control] = /^(rtsps?:\/\/[^/\s]+\/(main|sub))(?:\/([^/]*))?$/i.exec(url) ?? [];
  if (baseUrl === undefined || (stream !== 'main' && stream !== 'sub')) return undefined;
  if (control === undefined || control === '') return { stream, baseUrl, track: undefined };
  for (const track of ['video', 'audio', 'metadata'] as const) {
    if (trackControl[track] === control) return { stream, baseUrl, track };
  }
  return undefined;
}
