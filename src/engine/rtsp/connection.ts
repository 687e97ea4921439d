import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import type { RtspAddress } from './addresses.ts';
import { Authenticator, parseChallenges, strongestChallenge } from './authentication.ts';
import type { RtspCredentials } from './authentication.ts';
import type { ByteConnection, Dial } from './byte-connection.ts';
import { RtspFailure } from './failure.ts';
import { InterleavedReader } from './interleaved-reader.ts';
import type { FrameRange, InterleavedFault } from './interleaved-reader.ts';
import { formatRequest } from './message.ts';
import type { RtspMessage, RtspResponse, RtspServerRequest } from './message.ts';

export interface RtspConnectionOptions {
  readonly address: RtspAddress;
  readonly credentials: RtspCredentials | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly dial: Dial;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
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

/** One RTSP connection: requests with authentication, interleaved frames by channel, and one way to end. */
export class RtspConnection {
  readonly #options: RtspConnectionOptions;
  readonly #pending = new Map<number, PendingRequest>();
  readonly #receivers: (FrameReceiver | undefined)[] = [];
  readonly #reader: InterleavedReader;
  readonly #closed = Promise.withResolvers<void>();
  #state: State = { kind: 'new' };
  #bytes: ByteConnection | undefined;
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
      this.#fail(new RtspFailure('unreachable', `${place(address)} did not answer within ${seconds} s.`));
    });
    this.#bytes = dial(address, {
      onOpen: () => {
        if (this.#state.kind !== 'opening') return;
        this.#state = { kind: 'open' };
        resolve();
      },
      onBytes: (buffer, length) => {
        this.#onBytes(buffer, length);
      },
      onClosed: (errorCode) => {
        this.#closed.resolve();
        this.#fail(closeFailure(address, this.#state.kind === 'opening', errorCode));
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

  stopReceivingOn(channel: number): void {
    this.#receivers[channel] = undefined;
  }

  /** Sends a request and yields its answer, whatever the status, after authenticating where asked. Rejects with an RtspFailure. */
  async request(method: string, uri: string, fields: HeaderFields = []): Promise<RtspResponse> {
    let response = await this.#exchange(method, uri, fields);
    for (let attempt = 0; response.status === 401 && attempt < MAX_AUTHENTICATION_ATTEMPTS; attempt += 1) {
      this.#authenticator = this.#nextAuthenticator(response);
      response = await this.#exchange(method, uri, fields);
    }
    if (response.status === 401) throw refusal(this.#options.address);
    this.#authenticator?.markAccepted();
    return response;
  }

  /** Ends the connection and waits until the socket is gone. `onEnded` is not called: the caller knows. */
  async close(): Promise<void> {
    this.#end(new RtspFailure('stopped', 'The stream was stopped.'));
    if (this.#bytes !== undefined) await this.#closed.promise;
  }

  #fail(failure: RtspFailure): void {
    const wasOpen = this.#state.kind === 'open';
    this.#end(failure);
    if (wasOpen) this.#options.onEnded(failure);
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
      if (fault !== undefined) this.#fail(new RtspFailure('protocol', FAULT_SENTENCES[fault]));
    } catch (error) {
      // A mistake of ours, met by one camera's bytes, must not end the other cameras.
      this.#options.log.error({ error }, 'Could not process what the camera sent; its connection is closed.');
      this.#fail(new RtspFailure('protocol', 'What the camera sent could not be processed.'));
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
      this.#fail(new RtspFailure('closed-by-camera', `The camera ended the session with ${method}.`));
      return;
    }
    const isHarmless = ['OPTIONS', 'GET_PARAMETER', 'SET_PARAMETER', 'ANNOUNCE'].includes(method);
    const sequence = (headers.get('cseq') ?? '0').replaceAll(/\D/g, '').slice(0, 10);
    this.#bytes?.write(
      `RTSP/1.0 ${isHarmless ? '200 OK' : '501 Not Implemented'}\r\nCSeq: ${sequence}\r\n\r\n`,
    );
  }

  #nextAuthenticator(response: RtspResponse): Authenticator {
    const { address, credentials } = this.#options;
    const challenges = parseChallenges(response.headers.all('www-authenticate'));
    const challenge = strongestChallenge(challenges);
    if (credentials === undefined) {
      throw new RtspFailure('refused-credentials', `${place(address)} asks for a user name and a password.`);
    }
    if (challenge === undefined) {
      throw new RtspFailure('unsupported', `${place(address)} asks for an unknown kind of authentication.`);
    }
    if (this.#authenticator?.isRenewedBy(challenge) === false) throw refusal(address);
    return new Authenticator({ credentials, challenge });
  }
}

function place({ host, port }: RtspAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function refusal(address: RtspAddress): RtspFailure {
  return new RtspFailure('refused-credentials', `${place(address)} refused the user name or the password.`);
}

const FAULT_SENTENCES: Readonly<Record<InterleavedFault, string>> = {
  'head-too-large': 'The camera sent an RTSP header of more than 64 KiB.',
  'body-too-large': 'The camera announced an RTSP message of more than 1 MiB.',
  'out-of-sync': 'The camera sent 1 MiB that is no RTSP.',
};

function closeFailure(address: RtspAddress, wasOpening: boolean, errorCode: string | undefined): RtspFailure {
  const where = place(address);
  if (!wasOpening) {
    const how = errorCode === undefined ? '' : ` (${errorCode})`;
    return new RtspFailure('closed-by-camera', `${where} closed the connection${how}.`);
  }
  switch (errorCode) {
    case 'ECONNREFUSED':
      return new RtspFailure('unreachable', `${where} refused the connection: nothing listens on that port.`);
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
      return new RtspFailure('unreachable', `${where} cannot be connected to (${errorCode}).`);
  }
}
