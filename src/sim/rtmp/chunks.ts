/** RTMP messages as chunks (Adobe's Real Time Messaging Protocol 1.0 §5.3), as a camera sends them. */

export interface ChunkOptions {
  readonly chunkBytes: number;
  /** Whether chunks that continue a message repeat an extended timestamp, as most encoders do and the text does not quite say. */
  readonly repeatsExtended: boolean;
}

export interface Message {
  readonly chunkStreamId: number;
  readonly type: number;
  readonly streamId: number;
  readonly timestampMs: number;
  readonly payload: Buffer;
}

export const messageTypes = {
  setChunkSize: 1,
  acknowledgement: 3,
  userControl: 4,
  windowSize: 5,
  audio: 8,
  video: 9,
  data: 18,
  command: 20,
} as const;

const extendedMark = 0xffffff;
const headerBytes = 12;

/** The whole message, each chunk with a full header or a continuing one. */
export function chunked(message: Message, { chunkBytes, repeatsExtended }: ChunkOptions): Buffer {
  const { chunkStreamId, type, streamId, timestampMs, payload } = message;
  const isExtended = timestampMs >= extendedMark;
  const extension = Buffer.alloc(isExtended ? 4 : 0);
  if (isExtended) extension.writeUInt32BE(timestampMs);
  const header = Buffer.alloc(headerBytes);
  header.writeUInt8(chunkStreamId, 0);
  header.writeUIntBE(Math.min(timestampMs, extendedMark), 1, 3);
  header.writeUIntBE(payload.length, 4, 3);
  header.writeUInt8(type, 7);
  header.writeUInt32LE(streamId, 8);
  const pieces = [header, extension, payload.subarray(0, chunkBytes)];
  for (let at = chunkBytes; at < payload.length; at += chunkBytes) {
    pieces.push(Buffer.of(0xc0 | chunkStreamId));
    if (repeatsExtended) pieces.push(extension);
    pieces.push(payload.subarray(at, at + chunkBytes));
  }
  return Buffer.concat(pieces);
}

/**
 * A message whose chunks are made once: only the time is filled in for each time it is sent. For times below the extended
 * ones (4 h 39 min).
 */
export class ChunkedTemplate {
  readonly #bytes: Buffer;

  constructor(message: Omit<Message, 'timestampMs'>, options: ChunkOptions) {
    this.#bytes = chunked({ ...message, timestampMs: 0 }, options);
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  /** @throws RangeError for a time that needs another header */
  at(timestampMs: number): Buffer {
    if (timestampMs >= extendedMark) throw new RangeError('The template has no extended timestamp.');
    const bytes = Buffer.from(this.#bytes);
    bytes.writeUIntBE(timestampMs, 1, 3);
    return bytes;
  }
}

/** Whether a message at this time needs an extended timestamp. */
export function isExtendedTime(timestampMs: number): boolean {
  return timestampMs >= extendedMark;
}

export interface ReceivedMessage {
  readonly type: number;
  readonly payload: Buffer;
}

interface Partial {
  type: number;
  byteLength: number;
  pieces: Buffer[];
  missing: number;
}

/** Puts a server's messages together. It sends little, so bytes are copied freely; an odd server is an Error. */
export class MessageReader {
  readonly #partials = new Map<number, Partial>();
  #held: Buffer = Buffer.alloc(0);
  #chunkBytes = 128;

  push(bytes: Buffer): ReceivedMessage[] {
    this.#held = Buffer.concat([this.#held, bytes]);
    const messages: ReceivedMessage[] = [];
    for (;;) {
      const message = this.#readChunk();
      if (message === 'incomplete') return messages;
      if (message === 'partial') continue;
      if (message.type === messageTypes.setChunkSize) this.#chunkBytes = message.payload.readUInt32BE(0);
      messages.push(message);
    }
  }

  #readChunk(): ReceivedMessage | 'partial' | 'incomplete' {
    const held = this.#held;
    if (held.length === 0) return 'incomplete';
    const format = held.readUInt8(0) >> 6;
    const chunkStreamId = held.readUInt8(0) & 0x3f;
    if (chunkStreamId < 2) throw new Error('The server uses a long chunk stream id.');
    const fieldBytes = [11, 7, 3, 0][format] ?? 0;
    if (held.length < 1 + fieldBytes) return 'incomplete';
    const partial = this.#partials.get(chunkStreamId) ?? { type: 0, byteLength: 0, pieces: [], missing: 0 };
    if (format < 3 && held.readUIntBE(1, 3) === extendedMark)
      throw new Error('The server is too old for this.');
    const isStart = partial.missing === 0;
    if (format < 2) {
      partial.byteLength = held.readUIntBE(4, 3);
      partial.type = held.readUInt8(7);
    }
    const missing = isStart ? partial.byteLength : partial.missing;
    const payloadBytes = Math.min(this.#chunkBytes, missing);
    if (held.length < 1 + fieldBytes + payloadBytes) return 'incomplete';
    partial.pieces = [
      ...(isStart ? [] : partial.pieces),
      held.subarray(1 + fieldBytes, 1 + fieldBytes + payloadBytes),
    ];
    partial.missing = missing - payloadBytes;
    this.#partials.set(chunkStreamId, partial);
    this.#held = held.subarray(1 + fieldBytes + payloadBytes);
    return partial.missing === 0 ? { type: partial.type, payload: Buffer.concat(partial.pieces) } : 'partial';
  }
}
