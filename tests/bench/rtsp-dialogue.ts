import { createHash } from 'node:crypto';
import type { HostedCamera } from './cameras.ts';

/** As much of RTSP as it takes to have a simulated camera play: DESCRIBE with digest, SETUP of the video, PLAY. */
export class Dialogue {
  readonly #camera: HostedCamera;
  #sequence = 0;
  #realm = '';
  #nonce = '';
  #session = '';
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
        const control = /m=video[\s\S]*?a=control:(\S+)/.exec(text)?.[1] ?? '';
        this.#step = 'setup';
        const uri = control.startsWith('rtsp') ? control : `${mainUrl}/${control}`;
        return this.request('SETUP', uri, 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n');
      }
      case 'setup':
        this.#session = /Session: *([^;\r]+)/i.exec(text)?.[1] ?? '';
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
