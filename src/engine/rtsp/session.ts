import { baseUri, controlUri } from './addresses.ts';
import { RtspConnection } from './connection.ts';
import type { RtspConnectionOptions } from './connection.ts';
import { RtspFailure } from './failure.ts';
import type { RtspResponse } from './message.ts';
import type { RtpReceiver } from './rtp.ts';
import { parseSessionDescription } from './sdp.ts';
import type { MediaDescription, SessionDescription } from './sdp.ts';
import { parseInterleavedTransport, parseSessionHeader } from './transport.ts';
import type { SessionHeader } from './transport.ts';

const TEARDOWN_TIMEOUT_MS = 500;
/** Keepalive at half the timeout, but no more often than this. */
const MIN_KEEPALIVE_MS = 1_000;
const MAX_CHANNELS = 256;

/**
 * Plays a presentation over interleaved TCP: `open`, `describe`, `setUp` for each wanted track, `play`, `close`. Each
 * rejects with an RtspFailure; what ends the session later comes through `onEnded` of the connection's options.
 */
export class RtspSession {
  readonly #options: RtspConnectionOptions;
  readonly #connection: RtspConnection;
  #base: string;
  #aggregateUri: string;
  #session: SessionHeader | undefined;
  #nextChannel = 0;
  #keepaliveMethod: 'GET_PARAMETER' | 'OPTIONS' = 'OPTIONS';
  #keepalive: Disposable | undefined;
  #isClosing = false;

  constructor(options: RtspConnectionOptions) {
    this.#options = options;
    this.#base = options.address.uri;
    this.#aggregateUri = options.address.uri;
    this.#connection = new RtspConnection({
      ...options,
      onEnded: (failure) => {
        this.#stopKeepalive();
        options.onEnded(failure);
      },
    });
  }

  get receivedBytes(): number {
    return this.#connection.receivedBytes;
  }

  /** Connects and asks what the server can do. */
  async open(): Promise<void> {
    await this.#connection.open();
    const response = await this.#connection.request('OPTIONS', this.#options.address.uri);
    // Devices that do not know OPTIONS play all the same.
    const methods = response.headers.all('public').join(',').toUpperCase();
    if (/\bGET_PARAMETER\b/.test(methods)) this.#keepaliveMethod = 'GET_PARAMETER';
  }

  async describe(): Promise<SessionDescription> {
    const { uri } = this.#options.address;
    const response = await this.#connection.request('DESCRIBE', uri, [['Accept', 'application/sdp']]);
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

  /** Asks for a track of the description, whose packets go to `receiver` from now on: some servers send before PLAY. */
  async setUp(media: MediaDescription, receiver: RtpReceiver): Promise<void> {
    const asked = { rtpChannel: this.#nextChannel, rtcpChannel: this.#nextChannel + 1 };
    if (asked.rtcpChannel >= MAX_CHANNELS) throw new RtspFailure('unsupported', 'Too many tracks.');
    this.#receive(asked, receiver);
    const response = await this.#connection.request('SETUP', controlUri(this.#base, media.control), [
      ['Transport', `RTP/AVP/TCP;unicast;interleaved=${asked.rtpChannel}-${asked.rtcpChannel}`],
      ...this.#sessionField(),
    ]);
    requireSuccess('SETUP', response);
    const granted = parseInterleavedTransport(response.headers.get('transport'), asked);
    if (granted === undefined) {
      throw new RtspFailure(
        'unsupported',
        'The camera does not send over the RTSP connection (interleaved TCP).',
      );
    }
    if (granted.rtpChannel !== asked.rtpChannel || granted.rtcpChannel !== asked.rtcpChannel) {
      this.#connection.stopReceivingOn(asked.rtpChannel);
      this.#connection.stopReceivingOn(asked.rtcpChannel);
      this.#receive(granted, receiver);
    }
    this.#nextChannel = Math.max(granted.rtpChannel, granted.rtcpChannel) + 1;
    // Some change the session from one SETUP to the next; the last one holds.
    this.#session = parseSessionHeader(response.headers.get('session')) ?? this.#session;
  }

  async play(): Promise<void> {
    const response = await this.#connection.request('PLAY', this.#aggregateUri, [
      ...this.#sessionField(),
      ['Range', 'npt=0.000-'],
    ]);
    requireSuccess('PLAY', response);
    // The session may have been closed, or the connection ended, while the answer was on its way to here.
    if (this.#isClosing || !this.#connection.isOpen) return;
    const timeoutMs = 1_000 * (this.#session?.timeoutSeconds ?? 60);
    this.#keepalive = this.#options.clock.every(Math.max(MIN_KEEPALIVE_MS, timeoutMs / 2), () => {
      void this.#keepAlive();
    });
  }

  /** Says TEARDOWN, closes, and waits until the socket is gone. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#stopKeepalive();
    if (this.#session !== undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const deadline = this.#options.clock.after(TEARDOWN_TIMEOUT_MS, resolve);
      const answered = this.#connection.request('TEARDOWN', this.#aggregateUri, this.#sessionField());
      await Promise.race([answered.then(ignore, ignore), promise]);
      deadline[Symbol.dispose]();
    }
    await this.#connection.close();
  }

  /** No answer is no failure: whether the camera lives is seen by its frames. */
  async #keepAlive(): Promise<void> {
    const method = this.#keepaliveMethod;
    try {
      const { status } = await this.#connection.request(method, this.#aggregateUri, this.#sessionField());
      if (status >= 400) this.#keepaliveMethod = 'OPTIONS';
    } catch (error) {
      if (!(error instanceof RtspFailure)) throw error;
      this.#options.log.debug({ method, detail: error.message }, 'The camera did not take a keepalive.');
    }
  }

  #stopKeepalive(): void {
    this.#keepalive?.[Symbol.dispose]();
    this.#keepalive = undefined;
  }

  #receive(
    channels: { readonly rtpChannel: number; readonly rtcpChannel: number },
    receiver: RtpReceiver,
  ): void {
    this.#connection.receiveOn(channels.rtcpChannel, ignore);
    this.#connection.receiveOn(channels.rtpChannel, (bytes, range, arrivalMonotonicMs) => {
      receiver.receive(bytes, range, arrivalMonotonicMs);
    });
  }

  #sessionField(): readonly (readonly [string, string])[] {
    return this.#session === undefined ? [] : [['Session', this.#session.id]];
  }
}

function ignore(): void {
  // Sender reports are not needed yet, and a failed farewell changes nothing.
}

function requireSuccess(method: string, response: RtspResponse): void {
  const { status, reason } = response;
  if (status >= 200 && status < 300) return;
  const words = `${status} ${reason}`.trim().slice(0, 100);
  switch (status) {
    case 403:
      throw new RtspFailure(
        'refused-credentials',
        `The camera forbids this user to see the stream (${words}).`,
      );
    case 404:
      throw new RtspFailure('protocol', `The camera has no stream at this address (${method}: ${words}).`);
    case 453:
      throw new RtspFailure('protocol', `The camera serves no further viewer (${method}: ${words}).`);
    case 461:
      throw new RtspFailure(
        'unsupported',
        `The camera does not send over the RTSP connection (${method}: ${words}).`,
      );
    default:
      throw new RtspFailure('protocol', `The camera refused ${method} (${words}).`);
  }
}
