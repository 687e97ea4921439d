/** An RTSP player that says what a test wants, and shares no code with the engine. */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export const playAccount = { username: 'wall', password: 'secret' };

export interface Response {
  readonly status: number;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

/** A player that says what a test wants. */
export class RawPlayer {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  frames = 0;
  readonly #port: number;
  #received = Buffer.alloc(0);
  #sequence = 0;
  #wake = Promise.withResolvers<void>();
  #isClosed = false;
  session = '';
  authorization: ((method: string, uri: string) => string) | undefined;

  constructor(port: number, localAddress = '127.0.0.1') {
    this.#port = port;
    this.socket = connect({ host: '127.0.0.1', port, localAddress });
    this.socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#announce();
    });
    this.socket.on('error', () => undefined);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.socket.once('close', () => {
      this.#isClosed = true;
      this.#announce();
      resolve();
    });
  }

  async ask(method: string, path: string, headers: readonly string[] = []): Promise<Response> {
    this.#sequence += 1;
    const uri = path === '*' ? path : `rtsp://127.0.0.1:${this.#port}${path}`;
    const lines = [
      `${method} ${uri} RTSP/1.0`,
      `CSeq: ${this.#sequence}`,
      ...(this.authorization === undefined ? [] : [`Authorization: ${this.authorization(method, uri)}`]),
      ...(this.session === '' ? [] : [`Session: ${this.session}`]),
      ...headers,
    ];
    this.socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    const response = await this.#response();
    if (response.headers.get('cseq')?.[0] !== String(this.#sequence))
      throw new Error('The answer is to another request.');
    return response;
  }

  /** Answers the challenge that comes. */
  async logIn(password = playAccount.password): Promise<Response> {
    const { headers } = await this.ask('DESCRIBE', '/gate/main');
    const challenge = headers.get('www-authenticate')?.at(-1) ?? '';
    const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] ?? '';
    this.authorization = (method, uri) => {
      const secret = md5(`${playAccount.username}:Belvedere:${password}`);
      const response = md5(`${secret}:${nonce}:${md5(`${method}:${uri}`)}`);
      return `Digest username="${playAccount.username}", realm="Belvedere", nonce="${nonce}", uri="${uri}", response="${response}"`;
    };
    return this.ask('DESCRIBE', '/gate/main');
  }

  async setUp(): Promise<Response> {
    await this.logIn();
    const response = await this.ask('SETUP', '/gate/main/video', [
      'Transport: RTP/AVP/TCP;unicast;interleaved=0-1',
    ]);
    this.session = response.headers.get('session')?.[0]?.split(';')[0] ?? '';
    return response;
  }

  async play(): Promise<Response> {
    await this.setUp();
    return this.ask('PLAY', '/gate/main');
  }

  /** Waits for so many interleaved frames since the connection began. */
  async untilFrames(count: number): Promise<void> {
    for (;;) {
      this.#takeFrames();
      if (this.frames >= count) return;
      if (this.#isClosed) throw new Error('The server closed the connection.');
      await this.#wake.promise;
    }
  }

  async #response(): Promise<Response> {
    for (;;) {
      this.#takeFrames();
      const end = this.#received.indexOf('\r\n\r\n');
      if (end !== -1) {
        const [status = '', ...lines] = this.#received.toString('utf8', 0, end).split('\r\n');
        const headers = new Map<string, string[]>();
        for (const line of lines) {
          const [name = '', value = ''] = line.split(/: (.*)/);
          headers.set(name.toLowerCase(), [...(headers.get(name.toLowerCase()) ?? []), value]);
        }
        const bodyEnd = end + 4 + Number(headers.get('content-length')?.[0] ?? 0);
        if (this.#received.length >= bodyEnd) {
          const body = this.#received.toString('utf8', end + 4, bodyEnd);
          this.#received = this.#received.subarray(bodyEnd);
          return { status: Number(status.split(' ')[1]), headers, body };
        }
      }
      if (this.#isClosed) throw new Error('The server closed the connection without an answer.');
      await this.#wake.promise;
    }
  }

  #takeFrames(): void {
    while (this.#received.length >= 4 && this.#received[0] === 0x24) {
      const end = 4 + this.#received.readUInt16BE(2);
      if (this.#received.length < end) return;
      this.#received = this.#received.subarray(end);
      this.frames += 1;
    }
  }

  #announce(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
