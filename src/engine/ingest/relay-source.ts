import type { TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import { enginePaths, liveCloseCodes } from '../../shared/engine-api/index.ts';
import type { CameraId, Slave, StreamName } from '../../shared/engine-api/index.ts';
import { FLV_CLOCK_RATE, FlvMediaReader, FlvStreamReader } from '../media/flv/index.ts';
import type { FlvMediaEvents } from '../media/flv/index.ts';
import type { Interruption } from '../media/sample.ts';
import type { SlabPool } from '../media/slab-pool.ts';
import { SourceFailure } from '../media/source-failure.ts';
import { errorCode } from '../platform/layout.ts';
import {
  PinMismatch,
  announcedGreetingBytes,
  connectPinned,
  greetingPieces,
  readLiveMetadata,
} from '../relay/index.ts';
import type { MediaSource, OpenSource, SourceSink } from './media-source.ts';

export interface RelaySourceOptions {
  /** Whose stream it is. */
  readonly slave: Slave;
  readonly cameraId: CameraId;
  readonly stream: StreamName;
  readonly slabPool: SlabPool;
  readonly clock: Clock;
  readonly log: Log;
}

/** RFC 6455 §7.4.1: no closing handshake, the connection was cut. */
const CLOSED_ABNORMALLY = 1006;

const limits = {
  connectTimeoutMs: 5_000,
  maxAccessUnitBytes: 4 * 1024 ** 2,
  /** A tag has its access unit and little more; a newcomer's first messages hold many tags. */
  messageBytes: 6 * 1024 ** 2,
  /** Where a slave does not say how long its greeting is: its messages follow each other at once, and live ones do not. */
  greetingPauseMs: 15,
  unannouncedGreetingMs: 250,
  announcedGreetingMs: 10_000,
  greetingBytes: 8 * 1024 ** 2,
} as const;

/** What a slave sends at once, until it is all there. */
interface Greeting {
  readonly messages: Buffer[];
  byteLength: number;
  /** Undefined where the slave did not say. */
  readonly announcedBytes: number | undefined;
  readonly beganMonotonicMs: number;
  /** Of the last message. */
  arrivalMonotonicMs: number;
}

/** Pulls a stream from another engine: FLV over its live WebSocket, byte for byte what its viewers get. */
export function relaySource(options: RelaySourceOptions): OpenSource {
  return (sink) => new RelaySource(options, sink);
}

class RelaySource implements MediaSource {
  readonly #options: RelaySourceOptions;
  readonly #sink: SourceSink;
  readonly #media: FlvMediaReader;
  readonly #flv: FlvStreamReader;
  readonly #closing = new AbortController();
  readonly #started = Promise.withResolvers<void>();
  #socket: TLSSocket | undefined;
  #greeting: Greeting | undefined;
  #greetingEnd: Disposable | undefined;
  /** Until the slave has taken the request. */
  #deadline: Disposable | undefined;
  #phase: 'connecting' | 'started' | 'ended' = 'connecting';
  #receivedBytes = 0;
  #lastMediaMonotonicMs: number | undefined;

  constructor(options: RelaySourceOptions, sink: SourceSink) {
    const { slabPool } = options;
    this.#options = options;
    this.#sink = sink;
    this.#media = new FlvMediaReader({
      slabPool,
      maxAccessUnitBytes: limits.maxAccessUnitBytes,
      events: this.#mediaEvents(),
    });
    this.#flv = new FlvStreamReader({
      media: this.#media,
      onScript: (body) => this.#readMetadata(body),
      largestTagBytes: limits.messageBytes,
    });
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get lastMediaMonotonicMs(): number | undefined {
    return this.#lastMediaMonotonicMs;
  }

  async start(): Promise<void> {
    const { slave } = this.#options;
    if (slave.token === undefined) {
      throw new SourceFailure(
        'refused-credentials',
        `There is no token for slave ${slave.id}. Enrol a token on it and give it to this master.`,
      );
    }
    this.#deadline = this.#options.clock.after(limits.connectTimeoutMs, () => this.#giveUp());
    this.#open(await this.#connect(), slave.token);
    // The stream begins with the slave's first picture, whose camera may have to be called first.
    await this.#started.promise;
  }

  async close(): Promise<void> {
    this.#phase = 'ended';
    this.#deadline?.[Symbol.dispose]();
    this.#greetingEnd?.[Symbol.dispose]();
    this.#closing.abort(new SourceFailure('stopped', 'The stream was stopped.'));
    this.#started.reject(this.#closing.signal.reason);
    // Nobody may be waiting for it.
    this.#started.promise.catch(() => undefined);
    this.#media.release();
    const socket = this.#socket;
    if (socket === undefined || socket.closed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.once('close', () => resolve());
    socket.destroy();
    await promise;
  }

  async #connect(): Promise<TLSSocket> {
    const { slave } = this.#options;
    try {
      const peer = { ...hostAndPort(slave.address), certificatePin: slave.certificatePin };
      this.#socket = await connectPinned(peer, this.#closing.signal);
      return this.#socket;
    } catch (error) {
      throw this.#connectFailure(error);
    }
  }

  #giveUp(): void {
    const failure = this.#failure('unreachable', 'did not answer in time');
    this.#closing.abort(failure);
    this.#end(failure);
  }

  #open(socket: TLSSocket, token: string): void {
    const { slave, cameraId, stream } = this.#options;
    const webSocket = new WebSocket(`ws://${slave.address}${enginePaths.live(cameraId, stream)}`, {
      createConnection: () => socket,
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
      maxPayload: limits.messageBytes,
      followRedirects: false,
    });
    webSocket.on('open', () => this.#deadline?.[Symbol.dispose]());
    webSocket.on('unexpected-response', (request, { statusCode = 0 }) => {
      request.destroy();
      this.#end(this.#refusal(statusCode));
    });
    webSocket.on('error', (error) => this.#end(this.#connectionFailure(error)));
    webSocket.on('close', (code, reason) => this.#end(this.#closeFailure(code, reason.toString('utf8'))));
    webSocket.on('message', (data) => {
      if (Buffer.isBuffer(data)) this.#take(data);
    });
  }

  #take(bytes: Buffer): void {
    if (this.#phase === 'ended') return;
    try {
      this.#read(bytes);
    } catch (error) {
      this.#endByMistake(error);
    }
  }

  #read(bytes: Buffer): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#receivedBytes += bytes.length;
    if (this.#phase === 'connecting') this.#begin(bytes, nowMs);
    const greeting = this.#greeting;
    if (greeting === undefined) {
      this.#push(bytes, nowMs);
      return;
    }
    const { announcedBytes } = greeting;
    const isLive =
      announcedBytes === undefined && nowMs - greeting.arrivalMonotonicMs >= limits.greetingPauseMs;
    if (isLive || greeting.byteLength + bytes.length > limits.greetingBytes) {
      this.#endGreeting();
      this.#push(bytes, nowMs);
      return;
    }
    greeting.messages.push(bytes);
    greeting.byteLength += bytes.length;
    greeting.arrivalMonotonicMs = nowMs;
    this.#lastMediaMonotonicMs = nowMs;
    if (announcedBytes !== undefined && greeting.byteLength >= announcedBytes) this.#endGreeting();
  }

  #begin(bytes: Buffer, nowMs: number): void {
    const { clock } = this.#options;
    this.#phase = 'started';
    this.#sink.pipeline.beginConnection({
      videoClockRate: FLV_CLOCK_RATE,
      audio: undefined,
      audioClockRate: FLV_CLOCK_RATE,
    });
    this.#lastMediaMonotonicMs = nowMs;
    const announcedBytes = announcedGreetingBytes(bytes);
    this.#greeting = {
      messages: [],
      byteLength: 0,
      announcedBytes,
      beganMonotonicMs: nowMs,
      arrivalMonotonicMs: nowMs,
    };
    const patienceMs =
      announcedBytes === undefined ? limits.unannouncedGreetingMs : limits.announcedGreetingMs;
    this.#greetingEnd = clock.after(patienceMs, () => {
      try {
        this.#endGreeting();
      } catch (error) {
        this.#endByMistake(error);
      }
    });
    this.#started.resolve();
  }

  #endGreeting(): void {
    const greeting = this.#greeting;
    this.#greetingEnd?.[Symbol.dispose]();
    this.#greeting = undefined;
    if (greeting === undefined || this.#phase !== 'started') return;
    const { announcedBytes, beganMonotonicMs } = greeting;
    // What is on its way for a while was live when it set out; what has no announced end may have live tags in it.
    const arrivalMonotonicMs = announcedBytes === undefined ? greeting.arrivalMonotonicMs : beganMonotonicMs;
    const { lastVideoMonotonicMs, originMonotonicMs } = this.#sink.pipeline;
    const timelineEndMonotonicMs = lastVideoMonotonicMs ?? originMonotonicMs;
    const pieces = greetingPieces(Buffer.concat(greeting.messages), {
      arrivalMonotonicMs,
      timelineEndMonotonicMs,
    });
    for (const piece of pieces) this.#push(piece.bytes, piece.arrivalMonotonicMs);
  }

  #push(bytes: Buffer, arrivalMonotonicMs: number): void {
    if (this.#phase === 'ended') return;
    const fault = this.#flv.push(bytes, bytes.length, arrivalMonotonicMs);
    if (fault !== undefined) this.#end(this.#failure('protocol', 'sends what is no live stream'));
  }

  /** A mistake of ours, met by one slave's bytes, must not end the others. */
  #endByMistake(error: unknown): void {
    this.#options.log.error({ error }, 'Could not process what a slave sent; its stream begins anew.');
    this.#end(this.#failure('protocol', 'sent what could not be processed'));
  }

  /** Without it nobody would know why a camera is silent whose sound stays on the slave. */
  #readMetadata(body: Buffer): void {
    const metadata = readLiveMetadata(body);
    if (metadata !== undefined && !metadata.hasSound) this.#sink.pipeline.dropAudio(metadata.soundObstacle);
  }

  #mediaEvents(): FlvMediaEvents {
    const { pipeline } = this.#sink;
    return {
      onVideo: (unit) => {
        this.#lastMediaMonotonicMs = this.#options.clock.monotonicMs();
        pipeline.takeVideo(unit);
      },
      onVideoDamage: (count) => pipeline.takeVideoDamage(count),
      onVideoUnsupported: () =>
        this.#end(this.#failure('unsupported', 'sends video that this engine does not know')),
      onSound: (sound) => {
        if (sound.kind === 'track') pipeline.changeAudio(sound.track);
        if (sound.kind === 'ignored') pipeline.dropAudio(sound.reason);
      },
      onAudio: (frame) => pipeline.takeAudio(frame),
      onAudioDamage: (count) => pipeline.takeAudioDamage(count),
    };
  }

  #end(failure: SourceFailure): void {
    const phase = this.#phase;
    this.#phase = 'ended';
    switch (phase) {
      case 'connecting':
        this.#started.reject(failure);
        return;
      case 'started':
        this.#sink.onEnded(failure);
        return;
      case 'ended':
        return;
    }
  }

  #connectFailure(error: unknown): SourceFailure {
    if (error instanceof SourceFailure) return error;
    if (error instanceof PinMismatch) {
      return this.#failure(
        'changed-identity',
        'has another key than the one it was enrolled with. Enrol it again if it was set up anew',
      );
    }
    const code = errorCode(error);
    const kind = code === 'ECONNREFUSED' ? 'refused' : 'unreachable';
    return this.#failure(kind, `cannot be reached (${code})`);
  }

  /** Errors of the system have a code; those of the WebSocket protocol only say what is wrong. */
  #connectionFailure(error: Error): SourceFailure {
    const isProtocol = error instanceof RangeError || error instanceof SyntaxError;
    const what = 'code' in error ? errorCode(error) : error.message;
    return this.#failure(isProtocol ? 'protocol' : 'unreachable', `lost the connection (${what})`);
  }

  #refusal(status: number): SourceFailure {
    const isToken = status === 401 || status === 403;
    return isToken
      ? this.#failure(
          'refused-credentials',
          'refuses the token. Enrol another one and give it to this master',
        )
      : this.#failure('unreachable', `refuses the stream (HTTP ${status})`);
  }

  #closeFailure(code: number, reason: string): SourceFailure {
    switch (code) {
      case liveCloseCodes.unauthorized:
        return this.#refusal(401);
      case liveCloseCodes.cameraUnknown:
        return this.#failure(
          'unreachable',
          `does not have ${this.#options.stream} of ${this.#options.cameraId}`,
        );
      case liveCloseCodes.tooManyViewers:
        return this.#failure('unreachable', 'has too many viewers');
      case liveCloseCodes.tooSlow:
        return this.#failure('protocol', 'was not read fast enough');
      case CLOSED_ABNORMALLY:
        return this.#failure('unreachable', 'lost the connection');
      default:
        return this.#failure(
          'closed-by-camera',
          reason === '' ? 'ended the stream' : `ended the stream: ${reason}`,
        );
    }
  }

  #failure(kind: Interruption['kind'], what: string): SourceFailure {
    return new SourceFailure(kind, `Slave ${this.#options.slave.id} ${what.replace(/\.$/, '')}.`);
  }
}

function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(address.slice(colon + 1)) };
}
