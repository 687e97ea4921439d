import { encodeAmf0 } from './amf0.ts';
import type { AmfAnswer } from './amf0.ts';

/** Adobe's Real Time Messaging Protocol 1.0 §5.4, §6.2 and §7.1. */
export const messageTypes = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAcknowledgementSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  commandAmf3: 17,
  data: 18,
  command: 20,
} as const;

/** §6.2, "User Control Message Events". */
export const userControlEvents = { streamBegin: 0, streamEnd: 1, pingRequest: 6, pingResponse: 7 } as const;

/** Which chunk streams we send on. */
export const chunkStreams = { control: 2, command: 3, status: 5, audio: 4, video: 6, data: 7 } as const;

/** The chunk size that we announce: most pictures fit. */
export const SENT_CHUNK_BYTES = 65_536;
const EXTENDED_MARK = 0xffffff;

export interface SentMessage {
  readonly chunkStreamId: number;
  readonly type: number;
  readonly streamId: number;
  readonly timestampMs: number;
  readonly payload: Uint8Array;
}

/**
 * A message as chunks (§5.3), for a peer that has been told `chunkBytes`. The payload is passed on where it lies. Every
 * message has a full header, so that messages may be left out.
 */
export function* messageChunks(
  { chunkStreamId, type, streamId, timestampMs, payload }: SentMessage,
  chunkBytes: number,
): Generator<Uint8Array> {
  const isExtended = timestampMs >= EXTENDED_MARK;
  const header = Buffer.alloc(isExtended ? 16 : 12);
  header.writeUInt8(chunkStreamId, 0);
  header.writeUIntBE(isExtended ? EXTENDED_MARK : timestampMs, 1, 3);
  header.writeUIntBE(payload.byteLength, 4, 3);
  header.writeUInt8(type, 7);
  header.writeUInt32LE(streamId, 8);
  if (isExtended) header.writeUInt32BE(timestampMs, 12);
  yield header;
  yield payload.subarray(0, chunkBytes);
  if (payload.byteLength <= chunkBytes) return;
  // Format 3 repeats the extended timestamp, as nearly everybody expects.
  const continuation = Buffer.concat([Buffer.of(0xc0 | chunkStreamId), header.subarray(12)]);
  for (let at = chunkBytes; at < payload.byteLength; at += chunkBytes) {
    yield continuation;
    yield payload.subarray(at, at + chunkBytes);
  }
}

/** A small message in one piece; it fits a chunk of any size that is in use. */
function smallMessage(message: SentMessage, chunkBytes: number): Buffer {
  return Buffer.concat([...messageChunks(message, chunkBytes)]);
}

/** What we send that holds no media. */
export class MessageWriter {
  readonly #write: (bytes: Uint8Array) => void;
  /** Until the peer has been told otherwise. */
  #chunkBytes = 128;

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  get chunkBytes(): number {
    return this.#chunkBytes;
  }

  /** §5.4.1. */
  announceChunkBytes(chunkBytes: number): void {
    this.#control(messageTypes.setChunkSize, uint32(chunkBytes));
    this.#chunkBytes = chunkBytes;
  }

  /** §5.4.3: so many bytes were received in all, modulo 2^32. */
  acknowledge(receivedBytes: number): void {
    this.#control(messageTypes.acknowledgement, uint32(receivedBytes));
  }

  /** §5.4.4 and §5.4.5: how often we want to be acknowledged to, and how much may be on its way to us. */
  announceWindow(windowBytes: number): void {
    const dynamic = 2;
    this.#control(messageTypes.windowAcknowledgementSize, uint32(windowBytes));
    this.#control(messageTypes.setPeerBandwidth, Buffer.concat([uint32(windowBytes), Buffer.of(dynamic)]));
  }

  /** §7.1.7. */
  userControl(event: number, value: number): void {
    const payload = Buffer.alloc(6);
    payload.writeUInt16BE(event, 0);
    payload.writeUInt32BE(value, 2);
    this.#control(messageTypes.userControl, payload);
  }

  /** An answer or a notification, §7.2. */
  command(values: readonly AmfAnswer[], streamId = 0): void {
    this.#send({
      chunkStreamId: streamId === 0 ? chunkStreams.command : chunkStreams.status,
      type: messageTypes.command,
      streamId,
      timestampMs: 0,
      payload: encodeAmf0(values),
    });
  }

  #control(type: number, payload: Buffer): void {
    this.#send({ chunkStreamId: chunkStreams.control, type, streamId: 0, timestampMs: 0, payload });
  }

  #send(message: SentMessage): void {
    this.#write(smallMessage(message, this.#chunkBytes));
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
