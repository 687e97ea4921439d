import type { ByteConnectionEvents, Dial } from '../../../../src/engine/rtsp/index.ts';
import { rtpPacket } from '../rtsp/rtp-packets.ts';
import { frame } from '../rtsp/collecting-reader.ts';

export const SPS = Buffer.from('Z00AH5WoFAFuQA==', 'base64');
export const OTHER_SPS = Buffer.from('Z2QAM6zoAoALWQ==', 'base64');
export const PPS = Buffer.from('aO48gA==', 'base64');
export const IDR = Buffer.concat([Buffer.from([0x65, 0x88]), Buffer.alloc(50, 0x11)]);
export const SLICE = Buffer.concat([Buffer.from([0x41, 0x9a]), Buffer.alloc(20, 0x22)]);

export const SDP_VIDEO =
  'v=0\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z00AH5WoFAFuQA==,aO48gA==\r\na=control:track1\r\n';
export const SDP_AUDIO =
  'm=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/48000\r\na=fmtp:97 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1188\r\na=control:track2\r\n';

export interface Request {
  readonly method: string;
  readonly uri: string;
  readonly sequence: string;
  readonly text: string;
}

/** What to say to a request: the text of an answer without `CSeq`, or undefined for nothing. */
export type Script = (request: Request) => string | undefined;

/** Answers like a camera that is in order. */
export function healthyScript(sdp = SDP_VIDEO): Script {
  let tracks = 0;
  return ({ method, text }) => {
    switch (method) {
      case 'OPTIONS':
        return 'RTSP/1.0 200 OK\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n\r\n';
      case 'DESCRIBE':
        tracks = 0;
        return `RTSP/1.0 200 OK\r\nContent-Type: application/sdp\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}`;
      case 'SETUP': {
        const channels = /interleaved=([\d-]+)/.exec(text)?.[1] ?? '';
        tracks += 1;
        return `RTSP/1.0 200 OK\r\nTransport: RTP/AVP/TCP;unicast;interleaved=${channels}\r\nSession: s${tracks};timeout=20\r\n\r\n`;
      }
      default:
        return 'RTSP/1.0 200 OK\r\n\r\n';
    }
  };
}

/** A camera at the other end of a connection that is no socket: whoever dials reaches it. */
export class ScriptedCamera {
  readonly requests: Request[] = [];
  script: Script;
  connections = 0;
  #events: ByteConnectionEvents | undefined;
  #sequence = 0;

  constructor(script: Script) {
    this.script = script;
  }

  get isConnected(): boolean {
    return this.#events !== undefined;
  }

  readonly dial: Dial = (_address, events) => {
    this.connections += 1;
    this.#events = events;
    queueMicrotask(() => {
      events.onOpen();
    });
    return {
      write: (bytes) => {
        queueMicrotask(() => {
          if (typeof bytes === 'string') this.#answer(bytes, events);
        });
      },
      close: () => {
        queueMicrotask(() => {
          this.#close(events);
        });
      },
    };
  };

  /** Sends bytes as they are. */
  send(bytes: Buffer): void {
    this.#events?.onBytes(Buffer.from(bytes), bytes.length);
  }

  /** Sends one access unit, one NAL unit a packet, on channel 0. */
  sendPicture(timestamp: number, ...nals: readonly Buffer[]): void {
    for (const [index, payload] of nals.entries()) {
      this.#sequence += 1;
      const marker = index === nals.length - 1;
      this.send(frame(0, rtpPacket({ sequence: this.#sequence, timestamp, payload, marker })));
    }
  }

  losePacket(): void {
    this.#sequence += 1;
  }

  hangUp(errorCode?: string): void {
    const events = this.#events;
    this.#events = undefined;
    events?.onClosed(errorCode);
  }

  #close(events: ByteConnectionEvents): void {
    if (this.#events === events) this.#events = undefined;
    events.onClosed();
  }

  #answer(text: string, events: ByteConnectionEvents): void {
    const [, method = '', uri = ''] = /^(\w+) (\S+)/.exec(text) ?? [];
    const sequence = /CSeq: (\d+)/.exec(text)?.[1] ?? '';
    const request = { method, uri, sequence, text };
    this.requests.push(request);
    const answer = this.script(request)?.replace('\r\n', `\r\nCSeq: ${sequence}\r\n`);
    if (answer === undefined || this.#events !== events) return;
    const bytes = Buffer.from(answer);
    events.onBytes(bytes, bytes.length);
  }
}
