import { baseUri, controlUri, placeOf } from './addresses.ts';
import type { RtspAddress } from './addresses.ts';
import { RtspConnection } from './connection.ts';
import type { RtspConnectionOptions } from './connection.ts';
import { RtspFailure } from './failure.ts';
import { Keepalive } from './keepalive.ts';
import type { KeepaliveChoice } from './keepalive.ts';
import type { RtspResponse } from './message.ts';
import { ReceptionReporter } from './reception-reporter.ts';
import { MAX_REDIRECTS, redirectTarget } from './redirect.ts';
import type { RtpReceiver } from './rtp.ts';
import { parseSessionDescription } from './sdp.ts';
import type { MediaDescription, SessionDescription } from './sdp.ts';
import { InterleavedChannel, UdpChannel } from './track-channel.ts';
import type { TrackChannel } from './track-channel.ts';
import { formatTransport, parseSessionHeader, parseTransport } from './transport.ts';
import type { AskedTransport, SessionHeader } from './transport.ts';
import { openUdpPorts } from './udp-ports.ts';
import type { OpenUdpPorts } from './udp-ports.ts';

export interface RtspSessionOptions extends RtspConnectionOptions {
  /** `auto` is TCP, and UDP where the camera refuses that. */
  readonly transport?: 'auto' | 'tcp' | 'udp' | undefined;
  readonly keepalive?: KeepaliveChoice | undefined;
  /**
   * Whether a host that the camera redirects to is given the camera's password. Not unless this says so: whoever can
   * answer in the camera's place would get it, or a digest to guess it from.
   */
  readonly redirectCredentials?: 'same-host' | 'any-host' | undefined;
  readonly openUdpPorts?: OpenUdpPorts | undefined;
}

const TEARDOWN_TIMEOUT_MS = 500;
/** How often gaps between UDP packets are looked at when no packet does so. */
const FLUSH_PERIOD_MS = 50;

/**
 * Plays a presentation: `open`, `describe`, `setUp` for each wanted track, `play`, `close`. Each rejects with an RtspFailure;
 * what ends the session later comes through `onEnded` of the options.
 */
export class RtspSession {
  readonly #options: RtspSessionOptions;
  readonly #keepalive: Keepalive;
  readonly #channels: TrackChannel[] = [];
  readonly #reporter: ReceptionReporter;
  /** Where the camera is now: redirects change it. */
  #address: RtspAddress;
  #redirects = 0;
  #connection: RtspConnection;
  #base: string;
  #aggregateUri: string;
  #session: SessionHeader | undefined;
  #nextChannel = 0;
  #transport: AskedTransport['kind'];
  #flushing: Disposable | undefined;
  #isClosing = false;
  /** Resolves when no track is being set up. */
  #settingUp: Promise<void> = Promise.resolve();
  /** Of connections that redirected. */
  #formerBytes = 0;

  constructor(options: RtspSessionOptions) {
    const { transport = 'auto', keepalive = 'auto', clock, address } = options;
    this.#options = options;
    this.#address = address;
    this.#base = address.uri;
    this.#aggregateUri = address.uri;
    this.#transport = transport === 'udp' ? 'udp' : 'interleaved';
    this.#reporter = new ReceptionReporter(clock, this.#channels);
    this.#keepalive = new Keepalive({ choice: keepalive, clock, send: (method) => this.#keepAlive(method) });
    this.#connection = this.#connectionTo(address);
  }

  get receivedBytes(): number {
    return this.#channels.reduce(
      (sum, { receivedBytes }) => sum + receivedBytes,
      this.#formerBytes + this.#connection.receivedBytes,
    );
  }

  /** Bytes that came on the connection and are neither a message nor a frame. */
  get skippedBytes(): number {
    return this.#connection.skippedBytes;
  }

  /** How packets come; what was asked for until the first track is set up. */
  get transport(): AskedTransport['kind'] {
    return this.#transport;
  }

  /** Connects and asks what the server can do. */
  async open(): Promise<void> {
    await this.#connection.open();
    for (;;) {
      const response = await this.#connection.request('OPTIONS', this.#address.uri);
      const target = redirectTarget(response, this.#address);
      if (target === undefined) {
        // Devices that do not know OPTIONS play all the same.
        this.#keepalive.noteMethods(response.headers.all('public').join(','));
        return;
      }
      await this.#follow(target);
    }
  }

  async describe(): Promise<SessionDescription> {
    for (;;) {
      const { uri } = this.#address;
      const response = await this.#connection.request('DESCRIBE', uri, [['Accept', 'application/sdp']]);
      const target = redirectTarget(response, this.#address);
      if (target === undefined) return this.#takeDescription(response, uri);
      await this.#follow(target);
    }
  }

  /**
   * Asks for a track of the description, whose packets go to `receiver` from now on: some servers send before PLAY. A track
   * towards the camera (a backchannel) is refused: asking for it would take the camera's loudspeaker from others.
   */
  async setUp(media: MediaDescription, receiver: RtpReceiver): Promise<void> {
    const settingUp = this.#setUp(media, receiver);
    this.#settingUp = settingUp.catch(ignore);
    await settingUp;
  }

  async play(): Promise<void> {
    for (const channel of this.#channels) {
      channel.punch(this.#reporter.ownSource);
      this.#reporter.report(channel);
    }
    const response = await this.#connection.request('PLAY', this.#aggregateUri, [
      ...this.#sessionField(),
      ['Range', 'npt=0.000-'],
    ]);
    requireSuccess('PLAY', response);
    // The session may have been closed, or the connection ended, while the answer was on its way to here.
    if (this.#isClosing || !this.#connection.isOpen) return;
    this.#keepalive.start(this.#session?.timeoutSeconds ?? 60);
    this.#reporter.start();
    if (this.#transport === 'udp') this.#startFlushing();
  }

  /** Says TEARDOWN, closes, and waits until the sockets are gone. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#stopTimers();
    if (this.#session !== undefined && this.#connection.isOpen) await this.#tearDown();
    await this.#connection.close();
    // It fails now, and closes what it has opened.
    await this.#settingUp;
    await this.#closeChannels();
  }

  async #setUp(media: MediaDescription, receiver: RtpReceiver): Promise<void> {
    if (media.direction === 'sendonly') {
      throw new RtspFailure('unsupported', 'The track leads to the camera, not from it.');
    }
    const uri = controlUri(this.#base, media.control);
    const refusal = await this.#setUpOver(this.#transport, uri, receiver);
    if (refusal === undefined) return;
    const { transport = 'auto' } = this.#options;
    const mayFallBack = transport === 'auto' && this.#transport === 'interleaved';
    const { peer } = this.#connection;
    // Packets over UDP would be there for all to see.
    if (!mayFallBack || peer === undefined || this.#channels.length > 0 || this.#address.isSecure) {
      throw refusal;
    }
    await this.#abandonSession();
    this.#transport = 'udp';
    const secondRefusal = await this.#setUpOver('udp', uri, receiver);
    if (secondRefusal === undefined) return;
    // Without a word of transport something else may be meant, which may pass.
    if (refusal.kind !== 'unsupported') throw refusal;
    if (secondRefusal.kind !== 'unsupported') throw secondRefusal;
    throw new RtspFailure(
      'unsupported',
      'The camera sends neither over the RTSP connection (interleaved TCP) nor over UDP.',
    );
  }

  #connectionTo(address: RtspAddress): RtspConnection {
    const { credentials, pinnedKey, onKeySeen, redirectCredentials } = this.#options;
    const isCamera = address.host.toLowerCase() === this.#options.address.host.toLowerCase();
    const mayKnow = isCamera || redirectCredentials === 'any-host';
    return new RtspConnection({
      ...this.#options,
      address,
      credentials: mayKnow ? credentials : undefined,
      ...(mayKnow
        ? {}
        : {
            whyNoCredentials: `${placeOf(this.#options.address)} redirected to it, and the camera's password is given to no other host unless the camera's settings allow it.`,
          }),
      // Another device has another key.
      pinnedKey: isCamera ? pinnedKey : undefined,
      onKeySeen: isCamera ? onKeySeen : undefined,
      onEnded: (failure) => {
        this.#stopTimers();
        this.#options.onEnded(failure);
      },
    });
  }

  async #follow(target: RtspAddress): Promise<void> {
    this.#redirects += 1;
    if (this.#redirects > MAX_REDIRECTS) {
      throw new RtspFailure(
        'protocol',
        `${placeOf(this.#options.address)} redirects more than ${MAX_REDIRECTS} times.`,
      );
    }
    this.#options.log.debug({ to: placeOf(target) }, 'The camera redirects to another address.');
    this.#formerBytes += this.#connection.receivedBytes;
    await this.#connection.close();
    this.#requireNotClosing();
    this.#address = target;
    this.#base = target.uri;
    this.#aggregateUri = target.uri;
    this.#connection = this.#connectionTo(target);
    await this.#connection.open();
  }

  #takeDescription(response: RtspResponse, uri: string): SessionDescription {
    requireSuccess('DESCRIBE', response);
    const description = parseSessionDescription(response.body);
    if (description === undefined) {
      throw new RtspFailure(
        'protocol',
        'The camera described no stream: its answer to DESCRIBE has no media.',
      );
    }
    this.#base = baseUri(response.headers, uri);
    this.#aggregateUri = controlUri(this.#base, description.control);
    return description;
  }

  /** Yields a failure that may be about this kind of transport, and throws any other. */
  async #setUpOver(
    kind: AskedTransport['kind'],
    uri: string,
    receiver: RtpReceiver,
  ): Promise<RtspFailure | undefined> {
    await using cleanup = new AsyncDisposableStack();
    const channel = await this.#openChannel(kind, receiver);
    cleanup.defer(() => channel.close());
    this.#requireNotClosing();
    const response = await this.#connection.request('SETUP', uri, [
      ['Transport', formatTransport(channel.asked)],
      ...this.#sessionField(),
    ]);
    if (response.status === 461) return transportRefusal(kind, `SETUP: ${wordsOf(response)}`);
    const failure = failureOf('SETUP', response);
    if (failure !== undefined) {
      if (!mayMeanTransport(response.status)) throw failure;
      return failure;
    }
    // Some change the session from one SETUP to the next; the last one holds.
    this.#session = parseSessionHeader(response.headers.get('session')) ?? this.#session;
    const granted = parseTransport(response.headers.get('transport'), channel.asked);
    if (granted?.kind !== kind) return transportRefusal(kind, 'SETUP: another transport');
    channel.accept(granted);
    this.#requireNotClosing();
    if (channel instanceof InterleavedChannel) this.#nextChannel = channel.nextChannel;
    this.#channels.push(channel);
    cleanup.move();
    return undefined;
  }

  async #openChannel(kind: AskedTransport['kind'], receiver: RtpReceiver): Promise<TrackChannel> {
    if (kind === 'interleaved') return new InterleavedChannel(this.#connection, receiver, this.#nextChannel);
    if (this.#address.isSecure) {
      throw new RtspFailure(
        'unsupported',
        'Packets over UDP would not be encrypted: choose TCP for an rtsps:// address.',
      );
    }
    const { peer } = this.#connection;
    if (peer === undefined) throw transportRefusal(kind, 'its address is unknown');
    const { clock, log } = this.#options;
    return UdpChannel.open({
      receiver,
      clock,
      openUdpPorts: this.#options.openUdpPorts ?? openUdpPorts,
      localAddress: peer.localAddress,
      remoteAddress: peer.address,
      onForeign: (address) => {
        log.warn(
          { from: address, camera: peer.address },
          'Packets come from another address than the camera and are thrown away.',
        );
      },
      onBroken: (error) => {
        log.error({ error }, 'Could not process what the camera sent; its connection is closed.');
        this.#connection.fail(new RtspFailure('protocol', 'What the camera sent could not be processed.'));
      },
    });
  }

  /** The camera has set up what cannot be used: it is told so, and its answer does not matter. */
  async #abandonSession(): Promise<void> {
    if (this.#session === undefined) return;
    await this.#tearDown();
    this.#session = undefined;
    this.#requireNotClosing();
  }

  async #tearDown(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const deadline = this.#options.clock.after(TEARDOWN_TIMEOUT_MS, resolve);
    const answered = this.#connection.request('TEARDOWN', this.#aggregateUri, this.#sessionField());
    await Promise.race([answered.then(ignore, ignore), promise]);
    deadline[Symbol.dispose]();
  }

  /** No answer is no failure: whether the camera lives is seen by its frames. */
  async #keepAlive(method: string): Promise<number | undefined> {
    try {
      const { status } = await this.#connection.request(method, this.#aggregateUri, this.#sessionField());
      return status;
    } catch (error) {
      if (!(error instanceof RtspFailure)) throw error;
      this.#options.log.debug({ method, detail: error.message }, 'The camera did not take a keepalive.');
      return undefined;
    }
  }

  #startFlushing(): void {
    const { clock } = this.#options;
    this.#flushing = clock.every(FLUSH_PERIOD_MS, () => {
      const nowMonotonicMs = clock.monotonicMs();
      for (const channel of this.#channels) channel.flushDue(nowMonotonicMs);
    });
  }

  #stopTimers(): void {
    this.#keepalive.stop();
    this.#reporter.stop();
    this.#flushing?.[Symbol.dispose]();
    this.#flushing = undefined;
  }

  async #closeChannels(): Promise<void> {
    for (const channel of this.#channels) await channel.close();
  }

  #requireNotClosing(): void {
    if (this.#isClosing) throw new RtspFailure('stopped', 'The stream was stopped.');
  }

  #sessionField(): readonly (readonly [string, string])[] {
    return this.#session === undefined ? [] : [['Session', this.#session.id]];
  }
}

function ignore(): void {
  // A failed farewell changes nothing.
}

function transportRefusal(kind: AskedTransport['kind'], how: string): RtspFailure {
  const way = kind === 'interleaved' ? 'over the RTSP connection' : 'over UDP';
  return new RtspFailure('unsupported', `The camera does not send ${way} (${how}).`);
}

function wordsOf({ status, reason }: RtspResponse): string {
  return `${status} ${reason}`.trim().slice(0, 100);
}

/** Of a SETUP: servers without TCP answer 400, 501 or what they please. About the others there is no doubt. */
function mayMeanTransport(status: number): boolean {
  return status >= 400 && ![401, 403, 404, 453, 454].includes(status);
}

function requireSuccess(method: string, response: RtspResponse): void {
  const failure = failureOf(method, response);
  if (failure !== undefined) throw failure;
}

function failureOf(method: string, response: RtspResponse): RtspFailure | undefined {
  const { status } = response;
  if (status >= 200 && status < 300) return undefined;
  const words = wordsOf(response);
  switch (status) {
    case 403:
      return new RtspFailure(
        'refused-credentials',
        `The camera forbids this user to see the stream (${words}).`,
      );
    case 404:
      return new RtspFailure('protocol', `The camera has no stream at this address (${method}: ${words}).`);
    case 453:
      return new RtspFailure('protocol', `The camera serves no further viewer (${method}: ${words}).`);
    default:
      return new RtspFailure('protocol', `The camera refused ${method} (${words}).`);
  }
}
