import { readFileSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

/** One FLV tag, Adobe FLV 10.1 §E.4.1, ready to be sent again with another time. */
interface FlvTag {
  readonly timestampMs: number;
  /** Header, payload and the four bytes of its length after it. */
  readonly bytes: Buffer;
  /** AVC sequence header or script data: sent once, before the pictures. */
  readonly isSetup: boolean;
}

const headerLength = 9 + 4;

function readTags(file: Buffer): readonly FlvTag[] {
  const tags: FlvTag[] = [];
  let offset = headerLength;
  while (offset + 11 <= file.length) {
    const type = file.readUInt8(offset);
    const size = file.readUIntBE(offset + 1, 3);
    const timestampMs = file.readUIntBE(offset + 4, 3) | (file.readUInt8(offset + 7) << 24);
    const end = offset + 11 + size + 4;
    const isSequenceHeader = type === 9 && file.readUInt8(offset + 12) === 0;
    const isEndOfSequence = type === 9 && file.readUInt8(offset + 12) === 2;
    if (!isEndOfSequence)
      tags.push({
        timestampMs,
        bytes: file.subarray(offset, end),
        isSetup: type === 18 || isSequenceHeader,
      });
    offset = end;
  }
  return tags;
}

function withTimestamp(tag: FlvTag, timestampMs: number): Buffer {
  const bytes = Buffer.from(tag.bytes);
  bytes.writeUIntBE(timestampMs & 0xff_ff_ff, 4, 3);
  bytes.writeUInt8((timestampMs >>> 24) & 0xff, 7);
  return bytes;
}

/** What the pictures do. */
export type FeedMode = 'playing' | 'frozen' | 'closing';

/** An engine's live WebSocket as far as the page can tell: one clip in a loop, in real time, to everybody. */
export class LiveFeed {
  readonly #tags: readonly FlvTag[];
  readonly #header: Buffer;
  readonly #server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  mode: FeedMode = 'playing';
  /** What streams with converted sound say of it. */
  soundObstacle: string | undefined;

  constructor(clipPath: string) {
    const file = readFileSync(clipPath);
    this.#header = file.subarray(0, headerLength);
    this.#tags = readTags(file);
    this.#server.on('connection', (socket) => this.#play(socket));
  }

  open(): WebSocket {
    const address: AddressInfo | string | null = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The feed does not listen.');
    return new WebSocket(`ws://127.0.0.1:${address.port}/`);
  }

  stop(): void {
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
  }

  #play(socket: WebSocket): void {
    if (this.mode === 'closing') return socket.close(4410, 'The camera stopped.');
    const setup = this.#tags.filter((tag) => tag.isSetup);
    if (this.soundObstacle !== undefined) setup.push(metadataTag({ soundobstacle: this.soundObstacle }));
    const pictures = this.#tags.filter((tag) => !tag.isSetup);
    const frameMs = (pictures[1]?.timestampMs ?? 0) - (pictures[0]?.timestampMs ?? 0);
    socket.send(Buffer.concat([this.#header, ...setup.map((tag) => withTimestamp(tag, 0))]));
    let sent = 0;
    const startedMs = performance.now();
    const timer = setInterval(() => {
      if (this.mode === 'closing') return socket.close(4410, 'The camera stopped.');
      const due = this.mode === 'frozen' ? sent : Math.floor((performance.now() - startedMs) / frameMs);
      for (; sent <= due; sent += 1) {
        const tag = pictures[sent % pictures.length];
        if (tag !== undefined && this.mode === 'playing') socket.send(withTimestamp(tag, sent * frameMs));
      }
    }, frameMs);
    socket.once('close', () => clearInterval(timer));
  }
}

/** With its length before it, without the marker of its type. */
function amfText(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

/** `onMetaData` with strings, Adobe FLV 10.1 §E.4.4, AMF0 §2. */
function metadataTag(values: Readonly<Record<string, string>>): FlvTag {
  const properties = Object.entries(values).flatMap(([name, value]) => [
    amfText(name),
    Buffer.from([2]),
    amfText(value),
  ]);
  const payload = Buffer.concat([
    Buffer.from([2]),
    amfText('onMetaData'),
    Buffer.from([3]),
    ...properties,
    Buffer.from([0, 0, 9]),
  ]);
  const header = Buffer.alloc(11);
  header.writeUInt8(18, 0);
  header.writeUIntBE(payload.length, 1, 3);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(header.length + payload.length);
  return { timestampMs: 0, bytes: Buffer.concat([header, payload, length]), isSetup: true };
}
