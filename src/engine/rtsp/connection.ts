import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { placeOf } from './addresses.ts';
import type { RtspAddress } from './addresses.ts';
import { Authenticator, parseChallenges, strongestChallenge } from './authentication.ts';
import type { RtspCredentials } from './authentication.ts';
import type { ByteConnection, Dial, Peer } from './byte-connection.ts';
import { RtspFailure } from './failure.ts';
import { InterleavedReader } from './interleaved-reader.ts';
import type { FrameRange, InterleavedFault } from './interleaved-reader.ts';
import { formatRequest } from './message.ts';
import type { RtspMessage, RtspResponse, RtspServerRequest } from './message.ts';

export interface RtspConnectionOptions {
  readonly address: RtspAddress;
  readonly credentials: RtspCredentials | undefined;
  /** A sentence that says why there are none, where there could be some. */
  readonly whyNoCredentials?: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly dial: Dial;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /**
   * Over TLS: base64 SHA-256 of the camera's public key as it was seen at first (RFC 7469 §2.4). Another key ends the
   * attempt as `changed-identity` before anything is sent. Without it, any key is trusted and told.
   */
  readonly pinnedKey?: string | undefined;
  /** Tells the key of a camera that has none pinned. */
  readonly onKeySeen?: ((publicKeyPin: string) => void) | undefined;
  /** Called at most once: a connection that had been opened is of no more use, and not because it was closed here. */
  readonly onEnded: (failure: RtspFailure) => void;
}

/** Takes the interleaved frames of one channel; the range is valid during the call only. */
export type FrameReceiver = (bytes: Buffer, range: FrameRange, arrivalMonotonicMs: number) => void;

type HeaderFields = readonly (readonly [name: string, value: string])[];

type State =
  | { readonly kind: 'new' }
  | { readonly kind: 'opening'; readonly settle: (failure?: RtspFailure) => void }
  | { readonly kind: 'open' }
  | { readonly kind: 'ended'; readonly failure: RtspFailure };

interface PendingRequest {
  readonly resolve: (response: RtspResponse) => void;
  readonly reject: (failure: RtspFailure) => void;
  readonly deadline: Disposable;
}

const USER_AGENT = 'Belvedere';
const MAX_AUTHENTICATION_ATTEMPTS = 2;
const FRAME_HEADER_BYTES = 4;

/** One RTSP connection: requests with authentication, interleaved frames by channel, and one way to end. */
export class RtspConnection {
  readonly #options: RtspConnectionOptions;
  readonly #pending = new Map<number, PendingRequest>();
  readonly #receivers: (FrameReceiver | undefined)[] = [];
  readonly #reader: InterleavedReader;
  readonly #closed = Promise.withResolvers<void>();
  #state: State = { kind: 'new' };
  #bytes: ByteConnection | undefined;
  #peer: Peer | undefined;
  #authenticator: Authenticator | undefined;
  #nextSequence = 1;
  #arrivalMonotonicMs = 0;
  #receivedBytes = 0;

  constructor(options: RtspConnectionOptions) {
    this.#options = options;
    this.#arrivalMonotonicMs = options.clock.monotonicMs();
    this.#reader = new InterleavedReader({
      onMessage: (message) => {
        this.#onMessage(message);
      },
      onFrame: (channel, bytes, range) => {
        this.#receivers[channel]?.(bytes, range, this.#arrivalMonotonicMs);
      },
      isKnownChannel: (channel) => this.#receivers[channel] !== undefined,
    });
  }

  get isOpen(): boolean {
    return this.#state.kind === 'open';
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Of those, bytes that are neither a message nor a frame. */
  get skippedBytes(): number {
    return this.#reader.skippedBytes;
  }

  /** Who is at the other end, once it is open. */
  get peer(): Peer | undefined {
    return this.#peer;
  }

  /** Rejects with an RtspFailure. */
  async open(): Promise<void> {
    const { address, clock, dial, connectTimeoutMs } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#state = {
      kind: 'opening',
      settle: (failure) => {
        if (failure === undefined) resolve();
        else reject(failure);
      },
    };
    const deadline = clock.after(connectTimeoutMs, () => {
      const seconds = connectTimeoutMs / 1000;
      const how = address.isSecure ? 'over TLS ' : '';
      this.fail(
        new RtspFailure('unreachable', `${placeOf(address)} did not answer ${how}within ${seconds} s.`),
      );
    });
    this.#bytes = dial(address, {
      onOpen: (peer) => {
        if (this.#state.kind !== 'opening') return;
        this.#peer = peer;
        const failure = this.#distrust(peer?.publicKeyPin);
        if (failure !== undefined) {
          this.#end(failure);
          return;
        }
        this.#state = { kind: 'open' };
        resolve();
      },
      onBytes: (buffer, length) => {
        this.#onBytes(buffer, length);
      },
      onClosed: (errorCode) => {
        this.#closed.resolve();
        this.fail(closeFailure(address, this.#state.kind === 'opening', errorCode));
      },
    });
    try {
      await promise;
    } finally {
      deadline[Symbol.dispose]();
    }
  }

  /** Sends frames of a channel to a receiver from now on. */
  receiveOn(channel: number, receiver: FrameReceiver): void {
    this.#receivers[channel] = receiver;
  }

  isReceivingOn(channel: number): boolean {
    return this.#receivers[channel] !== undefined;
  }

  stopReceivingOn(channel: number): void {
    this.#receivers[channel] = undefined;
  }

  /** Sends a request and yields its answer, whatever the status, after authenticating where asked. Rejects with an RtspFailure. */
  async request(method: string, uri: string, fields: HeaderFields = []): Promise<RtspResponse> {
    const before = this.#authenticator;
    let response = await this.#exchange(method, uri, fields);
    for (let attempt = 0; response.status === 401 && attempt < MAX_AUTHENTICATION_ATTEMPTS; attempt += 1) {
      const next = this.#nextAuthenticator(response);
      if (next === undefined) break;
      this.#authenticator = next;
      response = await this.#exchange(method, uri, fields);
    }
    if (response.status === 401) {
      // This request is refused, not what was allowed before: a session may go on without the track it was about.
      this.#authenticator = before;
      throw refusal(this.#options.address);
    }
    this.#authenticator?.markAccepted();
    return response;
  }

  /** Sends an interleaved frame (RFC 2326 §10.12). */
  sendFrame(channel: number, payload: Buffer): void {
    if (this.#state.kind !== 'open') return;
    const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
    frame.writeUInt8(0x24, 0);
    frame.writeUInt8(channel, 1);
    frame.writeUInt16BE(payload.length, 2);
    payload.copy(frame, FRAME_HEADER_BYTES);
    this.#bytes?.write(frame);
  }

  /** Ends an open connection, because what belongs to it has failed; `onEnded` is called. */
  fail(failure: RtspFailure): void {
    const wasOpen = this.#state.kind === 'open';
    this.#end(failure);
    if (wasOpen) this.#options.onEnded(failure);
  }

  /** Ends the connection and waits until the socket is gone. `onEnded` is not called: the caller knows. */
  async close(): Promise<void> {
    this.#end(new RtspFailure('stopped', 'The stream was stopped.'));
    if (this.#bytes !== undefined) await this.#closed.promise;
  }

  /** Over TLS, whether the other end is not who it was. */
  #distrust(publicKeyPin: string | undefined): RtspFailure | undefined {
    const { address, pinnedKey, onKeySeen } = this.#options;
    if (!address.isSecure) return undefined;
    const where = placeOf(address);
    if (publicKeyPin === undefined) {
      return new RtspFailure('protocol', `${where} shows no certificate.`);
    }
    if (pinnedKey === undefined) {
      onKeySeen?.(publicKeyPin);
      return undefined;
    }
    if (publicKeyPin === pinnedKey) return undefined;
    return new RtspFailure(
      'changed-identity',
      `${where} shows another key than before: it is another device, or it was reset. If that is expected, let its key be trusted anew.`,
    );
  }

  /** The first failure counts. */
  #end(failure: RtspFailure): void {
    const state = this.#state;
    if (state.kind === 'ended') return;
    this.#state = { kind: 'ended', failure };
    this.#bytes?.close();
    for (const pending of this.#pending.values()) {
      pending.deadline[Symbol.dispose]();
      pending.reject(failure);
    }
    this.#pending.clear();
    this.#receivers.length = 0;
    if (state.kind === 'opening') state.settle(failure);
  }

  #onBytes(buffer: Buffer, length: number): void {
    if (this.#state.kind !== 'open') return;
    this.#arrivalMonotonicMs = this.#options.clock.monotonicMs();
    this.#receivedBytes += length;
    try {
      const fault = this.#reader.push(buffer, length);
      if (fault !== undefined) this.fail(new RtspFailure('protocol', FAULT_SENTENCES[fault]));
    } catch (error) {
      // A mistake of ours, met by one camera's bytes, must not end the other cameras.
      this.#options.log.error({ error }, 'Could not process what the camera sent; its connection is closed.');
      this.fail(new RtspFailure('protocol', 'What the camera sent could not be processed.'));
    }
  }

  #exchange(method: string, uri: string, fields: HeaderFields): Promise<RtspResponse> {
    if (this.#state.kind === 'ended') return Promise.reject(this.#state.failure);
    const { clock, requestTimeoutMs } = this.#options;
    const sequence = this.#nextSequence;
    this.#nextSequence += 1;
    const authorization = this.#authenticator?.authorization(method, uri);
    const { promise, resolve, reject } = Promise.withResolvers<RtspResponse>();
    const deadline = clock.after(requestTimeoutMs, () => {
      this.#pending.delete(sequence);
      const seconds = requestTimeoutMs / 1000;
      reject(new RtspFailure('silent', `The camera did not answer ${method} within ${seconds} s.`));
    });
    this.#pending.set(sequence, { resolve, reject, deadline });
    this.#bytes?.write(
      formatRequest({
        method,
        uri,
        headers: [
          ['CSeq', String(sequence)],
          ['User-Agent', USER_AGENT],
          ...(authorization === undefined ? [] : [['Authorization', authorization] as const]),
          ...fields,
        ],
      }),
    );
    return promise;
  }

  #onMessage(message: RtspMessage): void {
    if (message.kind === 'request') {
      this.#answer(message);
      return;
    }
    const sequence = Number(message.headers.get('cseq') ?? Number.NaN);
    // Without a sequence number it can only be the answer to the oldest request.
    const key = Number.isInteger(sequence) ? sequence : this.#pending.keys().next().value;
    const pending = key === undefined ? undefined : this.#pending.get(key);
    if (key === undefined || pending === undefined) return;
    this.#pending.delete(key);
    pending.deadline[Symbol.dispose]();
    pending.resolve(message);
  }

  /** Servers ask little: to see whether we live (RFC 7826 §13.5), or to go elsewhere. */
  #answer({ method, headers }: RtspServerRequest): void {
    if (method === 'REDIRECT' || method === 'TEARDOWN') {
      this.fail(new RtspFailure('closed-by-camera', `The camera ended the session with ${method}.`));
      return;
    }
    const isHarmless = ['OPTIONS', 'GET_PARAMETER', 'SET_PARAMETER', 'ANNOUNCE'].includes(method);
    const sequence = (headers.get('cseq') ?? '0').replaceAll(/\D/g, '').slice(0, 10);
    this.#bytes?.write(
      `RTSP/1.0 ${isHarmless ? '200 OK' : '501 Not Implemented'}\r\nCSeq: ${sequence}\r\n\r\n`,
    );
  }

  /** Undefined when the one in hand was refused. */
  #nextAuthenticator(response: RtspResponse): Authenticator | undefined {
    const { address, credentials, whyNoCredentials } = this.#options;
    const challenges = parseChallenges(response.headers.all('www-authenticate'));
    const challenge = strongestChallenge(challenges);
    if (credentials === undefined) {
      const asks = `${placeOf(address)} asks for a user name and a password.`;
      throw new RtspFailure('refused-credentials', [asks, whyNoCredentials].join(' ').trim());
    }
    if (challenge === undefined) {
      throw new RtspFailure('unsupported', `${placeOf(address)} asks for an unknown kind of authentication.`);
    }
    if (this.#authenticator?.isRenewedBy(challenge) === false) return undefined;
    return new Authenticator({ credentials, challenge });
  }
}

function refusal(address: RtspAddress): RtspFailure {
  return new RtspFailure('refused-credentials', `${placeOf(address)} refused the user name or the password.`);
}

const FAULT_SENTENCES: Readonly<Record<InterleavedFault, string>> = {
  'head-too-large': 'The camera sent an RTSP header of more than 64 KiB.',
  'body-too-large': 'The camera announced an RTSP message of more than 1 MiB.',
  'out-of-sync': 'The camera sent 1 MiB that is no RTSP.',
};

const NETWORK_ERRORS: ReadonlySet<string | undefined> = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT']);

function closeFailure(address: RtspAddress, wasOpening: boolean, errorCode: string | undefined): RtspFailure {
  const where = placeOf(address);
  if (!wasOpening) {
    const how = errorCode === undefined ? '' : ` (${errorCode})`;
    if (NETWORK_ERRORS.has(errorCode))
      return new RtspFailure('unreachable', `The way to ${where} is lost${how}.`);
    return new RtspFailure('closed-by-camera', `${where} closed the connection${how}.`);
  }
  switch (errorCode) {
    case 'ECONNREFUSED':
      return new RtspFailure('refused', `${where} refused the connection: nothing listens on that port.`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new RtspFailure('unreachable', `The name ${address.host} could not be resolved.`);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return new RtspFailure('unreachable', `There is no way to ${where} (${errorCode}).`);
    case undefined:
      return new RtspFailure('unreachable', `${where} closed the connection at once.`);
    default:
      if (/^(?:EPROTO|ERR_SSL_\w+)$/.test(errorCode)) {
        return new RtspFailure(
          'unsupported',
          `${where} does not speak TLS 1.2 or newer (${errorCode}). Without TLS its address starts with rtsp://.`,
        );
      }
      return new RtspFailure('unreachable', `${where} cannot be connected to (${errorCode}).`);
  }
}
