import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { credentials } from './sim-camera-fixture.ts';

export interface RtspAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

const hash = (text: string): string => createHash('md5').update(text).digest('hex');

/** A plain RTSP viewer that only counts what it gets. */
export class Viewer implements Disposable {
  readonly #socket: Socket;
  readonly #url: string;
  #received = Buffer.alloc(0);
  #sequence = 0;
  #challenge: string | undefined;
  #session: string | undefined;
  /** SSRCs of the RTP packets so far. */
  readonly ssrcs = new Set<number>();
  packetCount = 0;
  readonly #waiting = new Set<() => void>();

  private constructor(socket: Socket, url: string) {
    this.#socket = socket;
    this.#url = url;
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#takePackets();
      for (const wake of this.#waiting) wake();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      for (const wake of this.#waiting) wake();
    });
  }

  static async connect(url: string): Promise<Viewer> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new Viewer(socket, url);
  }

  get closed(): boolean {
    return this.#socket.closed || this.#socket.readableEnded;
  }

  /** Sends a request and returns the answer; undefined when the connection closes instead. */
  async ask(method: string, url = this.#url, headers = ''): Promise<RtspAnswer | undefined> {
    this.send(method, url, headers);
    return this.#untilAnswer();
  }

  send(method: string, url = this.#url, headers = ''): void {
    this.#sequence += 1;
    const session = this.#session === undefined ? '' : `Session: ${this.#session}\r\n`;
    this.#socket.write(
      `${method} ${url} RTSP/1.0\r\nCSeq: ${this.#sequence}\r\n${this.#authorization(method, url)}${session}${headers}\r\n`,
    );
  }

  /** DESCRIBE, SETUP of the video and PLAY; throws when one of them is refused. */
  async play(): Promise<void> {
    const refused = await this.ask('DESCRIBE');
    this.#challenge = refused?.headers.get('www-authenticate');
    for (const [method, url, headers] of [
      ['DESCRIBE', this.#url, ''],
      ['SETUP', `${this.#url}/trackID=0`, 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n'],
      ['PLAY', this.#url, ''],
    ] as const) {
      const answer = await this.ask(method, url, headers);
      if (answer?.status !== 200) throw new Error(`${method} was answered with ${answer?.status}.`);
      this.#session ??= answer.headers.get('session')?.split(';')[0];
    }
  }

  /** Waits until `condition` holds; it is asked again whenever bytes arrive or the connection closes. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const wake = (): void => {
        resolve(undefined);
      };
      this.#waiting.add(wake);
      await promise;
      this.#waiting.delete(wake);
    }
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.closed);
  }

  /** Everything received that is no RTP, so far. */
  get unread(): Buffer {
    return this.#received;
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #untilAnswer(): Promise<RtspAnswer | undefined> {
    let answer: RtspAnswer | undefined;
    await this.until(() => {
      answer = this.#takeAnswer();
      return answer !== undefined || this.closed;
    });
    return answer;
  }

  #takeAnswer(): RtspAnswer | undefined {
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd === -1 || !this.#received.subarray(0, 5).equals(Buffer.from('RTSP/'))) return undefined;
    const [statusLine = '', ...lines] = this.#received.toString('utf8', 0, headEnd).split('\r\n');
    const headers = new Map(
      lines.map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 2),
      ]),
    );
    const bodyEnd = headEnd + 4 + Number(headers.get('content-length') ?? 0);
    if (this.#received.length < bodyEnd) return undefined;
    const body = this.#received.toString('utf8', headEnd + 4, bodyEnd);
    this.#received = this.#received.subarray(bodyEnd);
    this.#takePackets();
    return { status: Number(statusLine.split(' ')[1]), headers, body };
  }

  #takePackets(): void {
    while (this.#received[0] === 0x24 && this.#received.length >= 4) {
      const end = 4 + this.#received.readUInt16BE(2);
      if (this.#received.length < end) return;
      if (this.#received[1] === 0) {
        this.packetCount += 1;
        this.ssrcs.add(this.#received.readUInt32BE(12));
      }
      this.#received = this.#received.subarray(end);
    }
  }

  #authorization(method: string, url: string): string {
    if (this.#challenge === undefined) return '';
    const [, realm = '', nonce = ''] = /realm="([^"]+)", nonce="([^"]+)"/.exec(this.#challenge) ?? [];
    const { username, password } = credentials;
    const response = hash(`${hash(`${username}:${realm}:${password}`)}:${nonce}:${hash(`${method}:${url}`)}`);
    return `Authorization: Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${url}", response="${response}"\r\n`;
  }
}
