import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Interruption } from '../media/sample.ts';
import { SourceFailure } from '../media/source-failure.ts';
import { sayPublished, sayStatus, sayWelcome } from './answers.ts';
import { parseMetadata } from './command.ts';
import type { Command } from './command.ts';
import type { RtmpContext } from './context.ts';
import { RtmpPlayer } from './player.ts';
import { ServerProtocol } from './protocol.ts';
import type { MediaSink } from './protocol.ts';
import type { Publisher, PublishPoint } from './publish-points.ts';
import { digestOf, isSecret } from './secrets.ts';
import { parseStreamAddress, playRequestOf, pushClaimOf } from './stream-address.ts';
import type { PlayRequest, StreamAddress } from './stream-address.ts';

/**
 * What the connection is for:
 *
 *     undecided --publish--> deciding --> publishing --.
 *         |                      |                      +--> closing
 *         '------play-------> deciding --> playing ----'
 */
type Role =
  | { readonly kind: 'undecided' }
  /** Waits for its turn after wrong keys; what it sends meanwhile is thrown away. */
  | { readonly kind: 'deciding'; readonly wait: Disposable }
  | { readonly kind: 'publishing'; readonly point: PublishPoint; readonly publisher: Publisher }
  | { readonly kind: 'playing'; readonly viewing: Disposable | undefined; readonly request: PlayRequest }
  | { readonly kind: 'closing'; readonly sinceMonotonicMs: number };

const MOST_STREAMS = 8;
/** More than a viewer's queue ever holds: its bound, a group of pictures for a newcomer and one more sample. */
const LARGEST_PLAYER_QUEUE_BYTES = 16 * 1024 ** 2;
/** A source that lost its camera comes back within this. */
const LONGEST_HOLD_MS = 1_000;

/** Media of a publisher that has yet to be let in. */
const nowhere: MediaSink = {
  begin: () => undefined,
  push: () => undefined,
  end: () => undefined,
  abort: () => undefined,
};

/** One connection of a camera that pushes, or of a player. */
export class RtmpConnection {
  readonly address: string;
  readonly #socket: Socket;
  readonly #context: RtmpContext;
  readonly #protocol: ServerProtocol;
  readonly #openedMonotonicMs: number;
  #role: Role = { kind: 'undecided' };
  #application = '';
  #streams = 0;
  #lastInputMonotonicMs = 0;
  #lastMediaMonotonicMs = 0;
  #held: Disposable | undefined;

  constructor(socket: Socket, address: string, context: RtmpContext) {
    this.address = address;
    this.#socket = socket;
    this.#context = context;
    this.#openedMonotonicMs = context.clock.monotonicMs();
    this.#protocol = new ServerProtocol({
      events: {
        write: (bytes) => this.#write(bytes),
        onCommand: (command, streamId) => this.#obey(command, streamId),
        onData: (payload) => this.#takeData(payload),
        mediaSink: (kind) => this.#mediaSink(kind),
      },
      randomBytes,
      maxAccessUnitBytes: context.limits.maxAccessUnitBytes,
    });
    socket.on('error', () => undefined); // `close` follows.
    socket.once('close', () => this.#onGone());
  }

  get receivedBytes(): number {
    return this.#protocol.receivedBytes;
  }

  get isPlaying(): boolean {
    return this.#role.kind === 'playing';
  }

  /** For whom the connection plays, to be asked whether it still may. */
  get playRequest(): PlayRequest | undefined {
    return this.#role.kind === 'playing' ? this.#role.request : undefined;
  }

  /** Takes `bytes[0, length)`, which are valid during the call only. */
  receive(bytes: Buffer, length: number): void {
    if (this.#role.kind === 'closing') return;
    this.#lastInputMonotonicMs = this.#context.clock.monotonicMs();
    try {
      const fault = this.#protocol.push(bytes, length, this.#lastInputMonotonicMs);
      if (fault !== undefined) this.close(`The connection broke RTMP's rules (${fault}).`, 'protocol');
    } catch (error) {
      // A mistake of ours, met by one peer's bytes, must not end the others.
      this.#context.log.error({ error }, 'Could not process what an RTMP peer sent; it is disconnected.');
      this.close('What the camera sent could not be processed.', 'protocol');
    }
  }

  /** To be called about once a second: ends what takes too long. */
  checkLife(nowMonotonicMs: number): void {
    const { admissionTimeoutMs, idleTimeoutMs, pauseTimeoutMs, closeTimeoutMs } = this.#context.limits;
    switch (this.#role.kind) {
      case 'undecided':
      case 'deciding':
        if (nowMonotonicMs - this.#openedMonotonicMs >= admissionTimeoutMs) {
          this.#hangUp(`Nothing was published or played within ${admissionTimeoutMs / 1000} s.`);
        }
        return;
      case 'publishing':
        if (nowMonotonicMs - this.#lastMediaMonotonicMs < idleTimeoutMs) return;
        this.#leave(
          new SourceFailure('silent', `The camera has pushed nothing for ${idleTimeoutMs / 1000} s.`),
        );
        this.#hangUp('The publisher is silent.');
        return;
      case 'playing':
        // Nothing is sent to who pauses, so nothing else tells that it is gone.
        if (this.#role.viewing !== undefined || nowMonotonicMs - this.#lastInputMonotonicMs < pauseTimeoutMs)
          return;
        this.#hangUp(`The player has paused and said nothing for ${pauseTimeoutMs / 1000} s.`);
        return;
      case 'closing':
        if (nowMonotonicMs - this.#role.sinceMonotonicMs >= closeTimeoutMs) this.#socket.destroy();
    }
  }

  hold(): void {
    this.#socket.pause();
    this.#held = this.#context.clock.after(LONGEST_HOLD_MS, () => this.release());
  }

  release(): void {
    if (this.#held === undefined) return;
    this.#held[Symbol.dispose]();
    this.#held = undefined;
    this.#socket.resume();
  }

  /** Ends it when what was said last is sent. `kind` is what a stream that it feeds is told. */
  close(reason: string, kind: Interruption['kind'] = 'refused-credentials'): void {
    this.#leave(new SourceFailure(kind, reason));
    this.#hangUp(reason);
  }

  #onGone(): void {
    this.#held?.[Symbol.dispose]();
    this.#leave(
      new SourceFailure(
        'closed-by-camera',
        'The camera has closed its connection. The engine waits for it to push again.',
      ),
    );
    if (this.#role.kind !== 'closing') this.#become({ kind: 'closing', sinceMonotonicMs: 0 });
    this.#protocol.close();
  }

  #become(role: Role): void {
    const former = this.#role;
    this.#role = role;
    if (former.kind === 'deciding') former.wait[Symbol.dispose]();
    if (former.kind === 'playing') former.viewing?.[Symbol.dispose]();
  }

  #hangUp(reason: string): void {
    const { clock, log } = this.#context;
    if (this.#role.kind === 'closing') return;
    this.#leave(new SourceFailure('protocol', reason));
    log.debug({ address: this.address, reason }, 'An RTMP connection is closed.');
    this.#become({ kind: 'closing', sinceMonotonicMs: clock.monotonicMs() });
    this.#socket.destroySoon();
  }

  #leave(failure: SourceFailure): void {
    if (this.#role.kind !== 'publishing') return;
    const { point, publisher } = this.#role;
    this.#role = { kind: 'undecided' };
    this.#context.log.info(
      { stream: point.name, address: this.address, detail: failure.message },
      'A camera has stopped to push.',
    );
    publisher.leave(failure);
  }

  #write(bytes: Uint8Array): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#socket.write(bytes);
    // Of a player's media the viewer's queue is judged; answers come on top of it, and a player that pauses has no such queue.
    const playing = this.#role.kind === 'playing' ? LARGEST_PLAYER_QUEUE_BYTES : 0;
    if (this.#socket.writableLength > playing + this.#context.limits.maximumUnsentBytes)
      this.#socket.destroy();
  }

  #mediaSink(kind: 'audio' | 'video'): MediaSink | undefined {
    switch (this.#role.kind) {
      case 'publishing':
        this.#lastMediaMonotonicMs = this.#context.clock.monotonicMs();
        return this.#role.publisher[kind];
      case 'deciding':
      case 'closing':
        return nowhere;
      case 'undecided':
      case 'playing':
        return undefined;
    }
  }

  #takeData(payload: Uint8Array): void {
    if (this.#role.kind !== 'publishing') return;
    const announced = parseMetadata(payload);
    if (announced !== undefined) this.#role.publisher.announce(announced);
  }

  #obey(command: Command, streamId: number): void {
    const { writer } = this.#protocol;
    switch (command.kind) {
      case 'connect':
        this.#application = command.application;
        sayWelcome(writer, command.transactionId);
        return;
      case 'announce':
        writer.command(['_result', command.transactionId, null, null]);
        return;
      case 'create-stream':
        this.#streams += 1;
        if (this.#streams > MOST_STREAMS) this.#hangUp('The connection asks for too many streams.');
        else writer.command(['_result', command.transactionId, null, this.#streams]);
        return;
      case 'publish':
        this.#publish(parseStreamAddress(this.#application, command.streamName), streamId);
        return;
      case 'play':
        this.#play(parseStreamAddress(this.#application, command.streamName), streamId);
        return;
      case 'pause':
        this.#pause(command.isPaused, streamId);
        return;
      case 'end':
        if (this.#role.kind !== 'publishing' && this.#role.kind !== 'playing') return;
        this.#leave(
          new SourceFailure(
            'closed-by-camera',
            'The camera has ended its push. The engine waits for it to push again.',
          ),
        );
        this.#hangUp('The peer has ended the stream.');
        return;
      case 'other':
    }
  }

  #publish(address: StreamAddress, streamId: number): void {
    if (this.#role.kind !== 'undecided') {
      this.#refuse(streamId, 'NetStream.Publish.Denied', 'A connection is for one stream.');
      return;
    }
    const claim = pushClaimOf(address);
    const { points, attempts, log, counters } = this.#context;
    // Names that do not exist share one count, so that guessing names does not fill the memory.
    const bucket = `push ${points.has(claim.name) ? claim.name : ''}`;
    this.#inTurn(bucket, () => {
      const point = points.find(claim);
      if (point === undefined) {
        attempts.noteFailure(this.address, bucket);
        counters.countWrongKey();
        const known = points.has(claim.name) ? { stream: claim.name } : {};
        log.warn({ ...known, address: this.address }, 'A push with a wrong name or key was refused.');
        this.#refuse(streamId, 'NetStream.Publish.BadName', 'The stream name or its key is wrong.');
        return;
      }
      attempts.noteSuccess(this.address, bucket);
      this.#beginPublishing(point, streamId);
    });
  }

  #beginPublishing(point: PublishPoint, streamId: number): void {
    const { log, clock } = this.#context;
    log.info({ stream: point.name, address: this.address }, 'A camera pushes.');
    sayPublished(this.#protocol.writer, streamId);
    this.#lastMediaMonotonicMs = clock.monotonicMs();
    this.#become({ kind: 'publishing', point, publisher: point.enter(this) });
  }

  #play(address: StreamAddress, streamId: number): void {
    if (this.#role.kind !== 'undecided') {
      this.#refuse(streamId, 'NetStream.Play.Failed', 'A connection is for one stream.');
      return;
    }
    const request = playRequestOf(address);
    if (request === undefined) {
      this.#refuse(streamId, 'NetStream.Play.StreamNotFound', 'The address names no stream.');
      return;
    }
    const { attempts, counters, playRules, log } = this.#context;
    const account = playRules().accounts.find(({ username }) => username === request.username);
    const bucket = `play ${account?.username ?? ''}`;
    this.#inTurn(bucket, () => {
      const { accounts, mayJoin } = playRules();
      const password = accounts.find(({ username }) => username === request.username)?.password;
      if (!isSecret(request.password, password === undefined ? undefined : digestOf(password))) {
        attempts.noteFailure(this.address, bucket);
        counters.countUnauthorized();
        log.warn({ address: this.address }, 'An RTMP player with a wrong user or password was refused.');
        this.#refuse(streamId, 'NetStream.Play.Failed', 'The user or the password is wrong.');
        return;
      }
      attempts.noteSuccess(this.address, bucket);
      if (mayJoin(this.address)) this.#beginPlaying(request, streamId);
      else {
        counters.countRefusedLimit();
        this.#refuse(streamId, 'NetStream.Play.Failed', 'There are too many players.');
      }
    });
  }

  #beginPlaying(request: PlayRequest, streamId: number): void {
    const { openLive, counters } = this.#context;
    const { writer } = this.#protocol;
    const player = new RtmpPlayer(streamId, {
      writer,
      write: (pieces) => this.#writeAll(pieces),
      bufferedBytes: () => this.#socket.writableLength,
      close: (reason) => this.#hangUp(reason),
      onTooSlow: () => counters.countTooSlow(),
    });
    // The role first: opening sends at once.
    this.#become({ kind: 'playing', viewing: undefined, request });
    const admission = openLive(request.target, player);
    if (admission.kind === 'refused') {
      this.#refuse(streamId, 'NetStream.Play.StreamNotFound', admission.reason);
      return;
    }
    if (this.#role.kind !== 'playing') {
      admission.viewer[Symbol.dispose]();
      return;
    }
    this.#role = { kind: 'playing', viewing: admission.viewer, request };
    player.start();
  }

  #pause(isPaused: boolean, streamId: number): void {
    if (this.#role.kind !== 'playing') return;
    const { request, viewing } = this.#role;
    if (isPaused && viewing !== undefined) {
      viewing[Symbol.dispose]();
      this.#role = { kind: 'playing', viewing: undefined, request };
      const code = 'NetStream.Pause.Notify';
      sayStatus(this.#protocol.writer, streamId, { level: 'status', code, description: 'Paused.' });
    }
    if (!isPaused && viewing === undefined) this.#beginPlaying(request, streamId);
  }

  #writeAll(pieces: Iterable<Uint8Array>): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#socket.cork();
    let byteLength = 0;
    for (const piece of pieces) {
      byteLength += piece.byteLength;
      this.#socket.write(piece);
    }
    this.#socket.uncork();
    this.#context.counters.countSentBytes(byteLength);
  }

  /** Looks at a secret at once, or when the wait after wrong ones is over. */
  #inTurn(bucket: string, decide: () => void): void {
    const { attempts, clock } = this.#context;
    const delayMs = attempts.delayMs(this.address, bucket);
    if (delayMs === 0) {
      decide();
      return;
    }
    const wait = clock.after(delayMs, () => {
      this.#become({ kind: 'undecided' });
      this.#inTurn(bucket, decide);
    });
    this.#become({ kind: 'deciding', wait });
  }

  #refuse(streamId: number, code: string, description: string): void {
    sayStatus(this.#protocol.writer, streamId, { level: 'error', code, description });
    this.#hangUp(description);
  }
}
