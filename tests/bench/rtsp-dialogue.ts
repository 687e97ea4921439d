import { createHash } from 'node:crypto';
import type { HostedCamera } from './cameras.ts';

/** As much of RTSP as it takes to have a simulated camera play: DESCRIBE with digest, SETUP of every track, PLAY. */
export class Dialogue {
  readonly #camera: HostedCamera;
  #sequence = 0;
  #realm = '';
  #nonce = '';
  #session = '';
  /** Tracks that are yet to be set up, and how many are. */
  #controls: string[] = [];
  #tracks = 0;
  #step: 'challenge' | 'describe' | 'setup' | 'play' | 'playing' = 'challenge';

  constructor(camera: HostedCamera) {
    this.#camera = camera;
  }

  get isPlaying(): boolean {
    return this.#step === 'playing';
  }

  /** The next request after an answer, or nothing when the camera plays. */
  answer(text: string): string | undefined {
    const { mainUrl } = this.#camera;
    switch (this.#step) {
      case 'challenge':
        this.#realm = /realm="([^"]*)"/.exec(text)?.[1] ?? '';
        this.#nonce = /nonce="([^"]*)"/.exec(text)?.[1] ?? '';
        this.#step = 'describe';
        return this.request('DESCRIBE', mainUrl);
      case 'describe': {
        const tracks = text.matchAll(/m=(?:video|audio)[\s\S]*?a=control:(\S+)/g);
        this.#controls = [...tracks].map(([, control = '']) => control);
        this.#step = 'setup';
        return this.#setUpNext();
      }
      case 'setup':
        this.#session = /Session: *([^;\r]+)/i.exec(text)?.[1] ?? '';
        if (this.#controls.length > 0) return this.#setUpNext();
        this.#step = 'play';
        return this.request('PLAY', mainUrl, `Session: ${this.#session}\r\n`);
      case 'play':
        if (!text.startsWith('RTSP/1.0 200')) throw new Error(`the camera answered ${text.slice(0, 60)}`);
        this.#step = 'playing';
        return undefined;
      case 'playing':
        return undefined;
    }
  }

  /** To be sent now and then while it plays: a camera ends the session of a client that is silent (RFC 2326 §12.37). */
  keepalive(): string {
    return this.request('GET_PARAMETER', this.#camera.mainUrl, `Session: ${this.#session}\r\n`);
  }

  #setUpNext(): string {
    const control = this.#controls.shift() ?? '';
    const uri = control.startsWith('rtsp') ? control : `${this.#camera.mainUrl}/${control}`;
    const channels = `${2 * this.#tracks}-${2 * this.#tracks + 1}`;
    const session = this.#session === '' ? '' : `Session: ${this.#session}\r\n`;
    this.#tracks += 1;
    return this.request('SETUP', uri, `Transport: RTP/AVP/TCP;unicast;interleaved=${channels}\r\n${session}`);
  }

  request(method: string, uri: string, fields = ''): string {
    this.#sequence += 1;
    const { username, password } = this.#camera;
    const response = md5(
      `${md5(`${username}:${this.#realm}:${password}`)}:${this.#nonce}:${md5(`${method}:${uri}`)}`,
    );
    const authorization =
      this.#nonce === ''
        ? ''
        : `Authorization: Digest username="${username}", realm="${this.#realm}", nonce="${this.#nonce}", uri="${uri}", response="${response}"\r\n`;
    return `${method} ${uri} RTSP/1.0\r\nCSeq: ${this.#sequence}\r\n${authorization}${fields}\r\n`;
  }
}

function md5(value: string): string {
  return createHash('md5').update(value).digest('hex');
}
