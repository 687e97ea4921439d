import { randomBytes } from 'node:crypto';
import type { ConnectionContext } from './context.ts';
import { firstDescription } from './first-description.ts';
import { payloadFormats } from './payload/index.ts';
import type { PayloadFormat } from './payload/index.ts';
import { Player } from './player.ts';
import type { PlayEnd, PlayerSink } from './player.ts';
import type { PlayerRequest } from './request-reader.ts';
import type { PlayerResponse } from './response.ts';
import { RtpSender } from './rtp-sender.ts';
import { formatSdp } from './sdp.ts';
import { parseTarget } from './target.ts';
import type { Target } from './target.ts';
import { interleavedChannel } from './transport.ts';

export const supportedMethods = 'OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, TEARDOWN';

interface Wire extends PlayerSink {
  /** Of the node, as the player reaches it. */
  readonly localAddress: string;
}

interface PlayerSessionOptions {
  readonly context: ConnectionContext;
  readonly wire: Wire;
  /** The stream or its player came to an end while playing. */
  readonly onEnded: (reason: string) => void;
}

export interface Answer {
  readonly response: PlayerResponse;
  /** To be done when the response is on its way. */
  readonly afterwards?: () => void;
}

interface Session {
  readonly id: string;
  readonly target: Target;
  readonly senders: readonly RtpSender[];
}

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'ready'; readonly session: Session }
  | { readonly kind: 'playing'; readonly session: Session; readonly player: Player };

type Description =
  | { readonly kind: 'described'; readonly baseUrl: string; readonly formats: readonly PayloadFormat[] }
  | { readonly kind: 'refused'; readonly response: PlayerResponse };

const refused = (status: PlayerResponse['status']): Answer => ({ response: { status } });

/** The one session that a connection may have (RFC 2326 §A.2), from DESCRIBE to TEARDOWN. */
export class PlayerSession {
  readonly #options: PlayerSessionOptions;
  #state: State = { kind: 'idle' };
  #described: Extract<Description, { kind: 'described' }> | undefined;
  /** Media that must not overtake the answer to PLAY. */
  #held: Uint8Array[] | undefined;
  #isEnded = false;

  constructor(options: PlayerSessionOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#state.kind !== 'idle';
  }

  get isPlaying(): boolean {
    return this.#state.kind === 'playing';
  }

  /** For good. */
  end(): void {
    this.#isEnded = true;
    this.#stop();
  }

  async answer(request: PlayerRequest): Promise<Answer> {
    switch (request.method) {
      case 'OPTIONS':
        return { response: { status: 200, headers: [['Public', supportedMethods]] } };
      case 'DESCRIBE':
        return this.#describe(request);
      case 'SETUP':
        return this.#setUp(request);
      case 'PLAY':
        return this.#inSession(request, (session) => this.#play(session));
      case 'PAUSE':
        return this.#inSession(request, (session) => {
          this.#stop();
          this.#state = { kind: 'ready', session };
          return { response: { status: 200, headers: [this.#header(session)] } };
        });
      case 'TEARDOWN':
        return this.#inSession(request, () => {
          this.#stop();
          return { response: { status: 200 } };
        });
      case 'GET_PARAMETER':
        // Players ask to stay alive; there are no parameters.
        return request.headers.get('session') === undefined
          ? { response: { status: 200 } }
          : this.#inSession(request, (session) => ({
              response: { status: 200, headers: [this.#header(session)] },
            }));
      default:
        return { response: { status: 405, headers: [['Allow', supportedMethods]] } };
    }
  }

  async #describe({ uri }: PlayerRequest): Promise<Answer> {
    const target = parseTarget(uri);
    if (target === undefined) return refused(404);
    const description = await this.#descriptionOf(target);
    if (description.kind === 'refused') return { response: description.response };
    const text = formatSdp({
      address: this.#options.wire.localAddress,
      sessionId: Math.floor(this.#options.context.clock.utcMs()),
      name: `${target.cameraId} ${target.stream}`,
      formats: description.formats,
    });
    return {
      response: {
        status: 200,
        headers: [['Content-Base', target.baseUrl]],
        body: { contentType: 'application/sdp', text },
      },
    };
  }

  async #setUp({ uri, headers }: PlayerRequest): Promise<Answer> {
    const target = parseTarget(uri);
    if (target === undefined) return refused(404);
    if (target.track === undefined) return refused(459);
    if (this.#state.kind === 'playing') return refused(455);
    const session =
      this.#state.kind === 'ready'
        ? this.#state.session
        : { id: randomBytes(16).toString('hex'), target, senders: [] };
    if (!isSameStream(session.target, target)) return refused(455);
    const taken = session.senders.map(({ channel }) => channel);
    const channel = interleavedChannel(headers.get('transport') ?? '', taken);
    if (channel === undefined) return refused(461);
    const description =
      this.#described?.baseUrl === target.baseUrl ? this.#described : await this.#descriptionOf(target);
    if (description.kind === 'refused') return { response: description.response };
    const format = description.formats.find(({ kind }) => kind === target.track);
    if (format === undefined) return refused(404);
    if (session.senders.some((other) => other.format.kind === format.kind)) return refused(455);
    const sender = new RtpSender({ format, channel, canonicalName: session.id });
    const extended: Session = { ...session, senders: [...session.senders, sender] };
    this.#state = { kind: 'ready', session: extended };
    const ssrc = sender.ssrc.toString(16).padStart(8, '0').toUpperCase();
    const transport = `RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1};ssrc=${ssrc};mode="PLAY"`;
    return { response: { status: 200, headers: [this.#header(extended), ['Transport', transport]] } };
  }

  #play(session: Session): Answer {
    const { context, wire, onEnded } = this.#options;
    const { target, senders, id } = session;
    if (this.#state.kind === 'playing')
      return { response: { status: 200, headers: [this.#header(session)] } };
    const stream = context.streams.find(target.cameraId, target.stream);
    if (stream === undefined) return refused(404);
    const sequences = new Map(senders.map((sender) => [sender, sender.nextSequence]));
    let end: PlayEnd | undefined;
    const player = new Player({
      senders,
      sink: { send: (bytes) => this.#send(bytes), bufferedBytes: () => wire.bufferedBytes() },
      clock: context.clock,
      limits: context.limits,
      onFrameDropped: () => context.counters.countDroppedFrame(),
      onEnded: (ended) => {
        if (ended.kind === 'too-slow') context.counters.countTooSlow();
        end = ended;
        if (this.#held === undefined) onEnded(ended.detail);
      },
    });
    this.#held = [];
    this.#state = { kind: 'playing', session, player };
    player.open(stream);
    context.log.info({ camera: target.cameraId, stream: target.stream, session: id }, 'A player plays.');
    const information = senders.map((sender) => {
      const { kind } = sender.format;
      const timestamp = player.firstTimestamp(kind);
      const time = timestamp === undefined ? '' : `;rtptime=${timestamp}`;
      return `url=${target.baseUrl}${kind};seq=${sequences.get(sender) ?? 0}${time}`;
    });
    return {
      response: {
        status: 200,
        headers: [this.#header(session), ['Range', 'npt=now-'], ['RTP-Info', information.join(',')]],
      },
      afterwards: () => {
        this.#release();
        if (end !== undefined) onEnded(end.detail);
      },
    };
  }

  #send(bytes: Uint8Array): void {
    if (this.#held === undefined) this.#options.wire.send(bytes);
    else this.#held.push(bytes);
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const bytes of held) this.#options.wire.send(bytes);
  }

  #stop(): void {
    if (this.#state.kind === 'playing') {
      const { session, player } = this.#state;
      player.end();
      this.#options.context.log.info({ session: session.id }, 'A player plays no more.');
    }
    this.#held = undefined;
    this.#state = { kind: 'idle' };
  }

  async #descriptionOf(target: Target): Promise<Description> {
    const { streams, clock, limits } = this.#options.context;
    const stream = streams.find(target.cameraId, target.stream);
    if (stream === undefined) return { kind: 'refused', response: { status: 404 } };
    const found = await firstDescription(stream, { clock, timeoutMs: limits.describeTimeoutMs });
    if (found.kind === 'unavailable') {
      this.#options.context.log.info({ camera: target.cameraId, ...found }, 'A player asked in vain.');
      return { kind: 'refused', response: { status: 503 } };
    }
    const { baseUrl } = target;
    this.#described = { kind: 'described', baseUrl, formats: payloadFormats(found.description) };
    return this.#described;
  }

  #inSession({ headers }: PlayerRequest, act: (session: Session) => Answer): Answer {
    if (this.#state.kind === 'idle' || this.#isEnded) return refused(454);
    const { session } = this.#state;
    const [id = ''] = (headers.get('session') ?? '').split(';');
    return id.trim() === session.id ? act(session) : refused(454);
  }

  #header({ id }: Session): readonly [string, string] {
    const seconds = Math.floor(this.#options.context.limits.sessionTimeoutMs / 1_000);
    return ['Session', `${id};timeout=${seconds}`];
  }
}

function isSameStream(one: Target, other: Target): boolean {
  return one.cameraId === other.cameraId && one.stream === other.stream;
}
