import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { Clock } from '../../shared/domain/clock.ts';
import type { Log } from '../../shared/domain/log.ts';
import type { ListenerState } from '../../shared/engine-api/index.ts';
import { errorCode } from './layout.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

interface ListenerOptions {
  /** For people, such as `RTSP`. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly onConnection: (socket: Socket) => void;
}

/** Somebody who has the port may be about to end; a person who reads of it does not wait longer than this. */
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/** The system asks a peer that is silent for so long whether it is still there, and closes the connection when it is not. */
export const KEEP_ALIVE_DELAY_MS = 30_000;

/** A TCP port that is listened at when it can be, and tried again when it cannot. */
export class Listener {
  readonly #options: ListenerOptions;
  #wanted: ListenAddress | undefined;
  #server: Server | undefined;
  #state: ListenerState = { kind: 'off' };
  #retry: Disposable | undefined;
  #attempts = 0;
  /** What is being done about the port; one thing after the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  state(): ListenerState {
    return this.#state;
  }

  /** Listens there, or nowhere. Resolves when that was tried; connections that exist go on. */
  async moveTo(wanted: ListenAddress | undefined): Promise<void> {
    if (isSameAddress(wanted, this.#wanted)) return this.#work;
    this.#wanted = wanted;
    this.#attempts = 0;
    return this.#enqueue();
  }

  #enqueue(): Promise<void> {
    this.#retry?.[Symbol.dispose]();
    this.#work = this.#work.then(() => this.#settle());
    return this.#work;
  }

  async #settle(): Promise<void> {
    const former = this.#server;
    this.#server = undefined;
    // Its own connections may last; the port is free at once.
    former?.close();
    const wanted = this.#wanted;
    if (wanted === undefined) {
      this.#state = { kind: 'off' };
      return;
    }
    const server = createServer(
      { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS },
      this.#options.onConnection,
    );
    try {
      const port = await listen(server, wanted);
      server.on('error', (error) =>
        this.#options.log.error({ error }, 'A listening port reported an error.'),
      );
      this.#server = server;
      this.#state = { kind: 'listening', host: wanted.host, port, sinceUtcMs: this.#options.clock.utcMs() };
      this.#attempts = 0;
      this.#options.log.info({ ...wanted, port }, `${this.#options.name} is served.`);
    } catch (error) {
      this.#wait(wanted, errorCode(error));
    }
  }

  #wait({ host, port }: ListenAddress, code: string): void {
    const { name, clock, log } = this.#options;
    const delayMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#attempts, 10));
    this.#attempts += 1;
    const nowUtcMs = clock.utcMs();
    const reason = code === 'EADDRINUSE' ? 'port-in-use' : 'address-unusable';
    const detail =
      reason === 'port-in-use'
        ? `Port ${port} at ${host} is in use by another program. Stop that program or choose another port for ${name}.`
        : `${name} cannot be served at ${host} port ${port} (${code}). Choose an address of this machine and a port that its user may open.`;
    const sinceUtcMs = this.#state.kind === 'waiting' ? this.#state.sinceUtcMs : nowUtcMs;
    this.#state = { kind: 'waiting', reason, detail, sinceUtcMs, retryAtUtcMs: nowUtcMs + delayMs };
    if (this.#attempts === 1) log.warn({ host, port, code }, detail);
    this.#retry = clock.after(delayMs, () => void this.#enqueue());
  }
}

function listen(server: Server, { host, port }: ListenAddress): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', reject);
  server.listen({ host, port }, () => {
    server.off('error', reject);
    const bound = server.address();
    resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
  });
  return promise;
}

function isSameAddress(one: ListenAddress | undefined, other: ListenAddress | undefined): boolean {
  return one?.host === other?.host && one?.port === other?.port;
}
