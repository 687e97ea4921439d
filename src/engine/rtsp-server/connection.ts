import type { Socket } from 'node:net';
import type { PlayAccount } from '../../shared/engine-api/index.ts';
import type { ConnectionContext } from './context.ts';
import { plainAddress } from '../platform/networks.ts';
import { DigestGuard, claimedName } from './digest-guard.ts';
import { PlayerSession } from './player-session.ts';
import { RequestReader } from './request-reader.ts';
import type { PlayerRequest } from './request-reader.ts';
import { formatResponse } from './response.ts';
import type { PlayerResponse } from './response.ts';

const MAX_WAITING_REQUESTS = 16;
const MAX_WRONG_PASSWORDS = 3;
const MAX_UNREAD_ANSWER_BYTES = 64 * 1024;
const MAX_UNREAD_QUEUES = 4;

/** One player: its requests, one after the other, and what it is sent. */
export class PlayerConnection {
  readonly #socket: Socket;
  readonly #address: string;
  readonly #context: ConnectionContext;
  readonly #guard = new DigestGuard();
  readonly #waiting: PlayerRequest[] = [];
  readonly #session: PlayerSession;
  #account: PlayAccount | undefined;
  #wrongPasswords = 0;
  #endWait: () => void = () => undefined;
  #isBusy = false;
  #isClosed = false;
  #lastSignMonotonicMs: number;

  constructor(socket: Socket, address: string, context: ConnectionContext) {
    this.#socket = socket;
    this.#address = address;
    this.#context = context;
    this.#lastSignMonotonicMs = context.clock.monotonicMs();
    this.#session = new PlayerSession({
      context,
      wire: {
        localAddress: plainAddress(socket.localAddress ?? ''),
        send: (bytes) => this.#send(bytes),
        bufferedBytes: () => socket.writableLength,
      },
      onEnded: (reason) => this.close(reason),
    });
    const reader = new RequestReader({
      onRequest: (request) => this.#enqueue(request),
      onFrame: () => {
        if (this.#session.isOpen) this.#noteSign();
      },
    });
    socket.on('data', (chunk) => {
      const fault = this.#isClosed ? undefined : reader.push(chunk);
      if (fault === undefined) return;
      this.#respond({ status: fault === 'too-large' ? 413 : 400 });
      this.close('The player sent what is no RTSP.');
    });
    socket.on('error', (error) => context.log.debug({ error }, 'The connection to a player failed.'));
    socket.once('close', () => this.close('The player went away.'));
  }

  get isPlaying(): boolean {
    return this.#session.isPlaying;
  }

  /** To be called about once a second: ends what has given no sign of life for too long. */
  checkLife(): void {
    const { clock, limits } = this.#context;
    // Whoever takes what is sent is alive, though it says nothing.
    if (this.isPlaying && this.#socket.writableLength === 0) this.#noteSign();
    const allowedMs = this.#session.isOpen ? limits.sessionTimeoutMs : limits.idleTimeoutMs;
    if (clock.monotonicMs() - this.#lastSignMonotonicMs > allowedMs) this.close('The player was silent.');
  }

  /** Ends the connection when the account that opened it is gone or has another password. */
  checkAccount(): void {
    const account = this.#account;
    if (account === undefined) return;
    const isValid = this.#context
      .accounts()
      .some(({ username, password }) => username === account.username && password === account.password);
    if (!isValid) this.close('The account was changed.');
  }

  close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#endWait();
    this.#session.end();
    this.#context.log.debug({ reason }, 'A connection to a player ends.');
    // What is unsent may hold the answer that says why, but a player that reads nothing is not waited for.
    this.#socket.end();
    this.#context.clock.after(this.#context.limits.closeTimeoutMs, () => this.#socket.destroy());
  }

  #enqueue(request: PlayerRequest): void {
    this.#noteSign();
    if (this.#isClosed) return;
    if (this.#waiting.length >= MAX_WAITING_REQUESTS) {
      this.close('The player sent too many requests at once.');
      return;
    }
    if (this.#socket.writableLength > this.#mostUnreadBytes) {
      this.close('The player asks and reads no answers.');
      return;
    }
    this.#waiting.push(request);
    if (!this.#isBusy) void this.#work();
  }

  /** Answers, and for who may play the media that is on its way: a queue, and a group of pictures after a pause. */
  get #mostUnreadBytes(): number {
    if (this.#account === undefined) return MAX_UNREAD_ANSWER_BYTES;
    return MAX_UNREAD_ANSWER_BYTES + MAX_UNREAD_QUEUES * this.#context.limits.maximumQueuedBytes;
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let request = this.#waiting.shift(); request !== undefined; request = this.#waiting.shift()) {
      const sequence = request.headers.get('cseq');
      try {
        const refusal = await this.#refusal(request);
        const answer = refusal === undefined ? await this.#session.answer(request) : { response: refusal };
        this.#respond(answer.response, sequence);
        answer.afterwards?.();
      } catch (error) {
        this.#context.log.error({ error }, "A player's request failed for a reason nobody foresaw.");
        this.#respond({ status: 503 }, sequence);
      }
      this.#noteSign();
      if (this.#wrongPasswords >= MAX_WRONG_PASSWORDS) this.close('Too many wrong passwords.');
    }
    this.#isBusy = false;
  }

  /** What to answer to who may not ask; undefined to who may. Anybody may ask for OPTIONS. */
  async #refusal({ method, headers }: PlayerRequest): Promise<PlayerResponse | undefined> {
    if (headers.get('require') !== undefined) {
      return { status: 551, headers: [['Unsupported', headers.get('require') ?? '']] };
    }
    if (method === 'OPTIONS' || this.#account !== undefined) return undefined;
    const { accounts, attempts, clock, counters, log } = this.#context;
    const authorization = headers.get('authorization');
    const claimed = claimedName(authorization);
    const account = accounts().find(({ username }) => username === claimed);
    // Names that do not exist share one count, so that guessing names does not fill the memory.
    const bucket = `play ${account?.username ?? ''}`;
    if (claimed !== undefined) await this.#turn(bucket);
    if (this.#isClosed) return { status: 503 };
    const verdict = this.#guard.check({
      method,
      authorization,
      accounts: accounts(),
      nowMonotonicMs: clock.monotonicMs(),
    });
    if (verdict.kind === 'accepted') {
      attempts.noteSuccess(this.#address, bucket);
      this.#account = verdict.account;
      return undefined;
    }
    if (verdict.kind === 'wrong') {
      this.#wrongPasswords += 1;
      attempts.noteFailure(this.#address, bucket);
      counters.countUnauthorized();
      log.warn({ address: this.#address }, 'An RTSP player with a wrong user or password was refused.');
    }
    const challenges = verdict.challenges.map((challenge) => ['WWW-Authenticate', challenge] as const);
    return { status: 401, headers: challenges };
  }

  /** Resolves when a secret may be looked at: at once, or after the wait that wrong ones cost, here or on other connections. */
  async #turn(bucket: string): Promise<void> {
    const { attempts, clock } = this.#context;
    for (;;) {
      const delayMs = this.#isClosed ? 0 : attempts.delayMs(this.#address, bucket);
      if (delayMs === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const wait = clock.after(delayMs, resolve);
      this.#endWait = resolve;
      await promise;
      wait[Symbol.dispose]();
    }
  }

  #respond(response: PlayerResponse, sequence?: string): void {
    this.#send(Buffer.from(formatResponse(response, sequence), 'utf8'));
  }

  #send(bytes: Uint8Array): void {
    if (!this.#socket.writable) return;
    this.#context.counters.countSentBytes(bytes.byteLength);
    this.#socket.write(bytes);
  }

  /** Counts from whom the server knows: places are limited, and nobody may keep one by asking what anybody may ask. */
  #noteSign(): void {
    if (this.#account === undefined) return;
    this.#lastSignMonotonicMs = this.#context.clock.monotonicMs();
  }
}
