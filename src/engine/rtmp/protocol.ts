import { ChunkReader } from './chunk-reader.ts';
import type { ChunkFault, MessageHeader, MessageSink } from './chunk-reader.ts';
import { parseCommand } from './command.ts';
import type { Command } from './command.ts';
import { ServerHandshake } from './handshake.ts';
import { MessageWriter, messageTypes, userControlEvents } from './message.ts';

/** Where the bytes of a message of media go. */
export interface MediaSink {
  begin(message: { readonly byteLength: number; readonly timestampMs: number }): void;
  push(bytes: Buffer, start: number, end: number): void;
  end(arrivalMonotonicMs: number): void;
  abort(): void;
}

export interface ProtocolEvents {
  write(bytes: Uint8Array): void;
  onCommand(command: Command, streamId: number): void;
  /** Metadata and the like; the bytes are valid during the call only. */
  onData(payload: Uint8Array): void;
  /** Where pictures and sound go; undefined while the peer may not send any. */
  mediaSink(kind: 'audio' | 'video'): MediaSink | undefined;
}

export type ProtocolFault =
  | ChunkFault
  | 'not-rtmp'
  | 'malformed-command'
  | 'malformed-control'
  | 'unexpected-media'
  /** Two messages of one kind of media at once. */
  | 'interleaved-media';

export interface ProtocolOptions {
  readonly events: ProtocolEvents;
  readonly randomBytes: (byteLength: number) => Buffer;
  readonly maxAccessUnitBytes: number;
}

const LARGEST_TEXT_MESSAGE_BYTES = 64 * 1024;
const LARGEST_AUDIO_BYTES = 64 * 1024 + 16;
const LARGEST_CONTROL_BYTES = 64;
const VIDEO_PREFIX_BYTES = 16;
/** Commands and metadata that are on their way at once. */
const LARGEST_COLLECTED_BYTES = 256 * 1024;
/** How much the peer may send before it is told that it arrived, unless it says what it wants. */
const DEFAULT_WINDOW_BYTES = 2_500_000;
const SMALLEST_WINDOW_BYTES = 4_096;
const UINT32_RANGE = 2 ** 32;

/** The server's end of one connection: bytes in, commands and media out. Pure: it owns no socket and no timer. */
export class ServerProtocol {
  readonly writer: MessageWriter;
  readonly #events: ProtocolEvents;
  readonly #handshake: ServerHandshake;
  readonly #chunks: ChunkReader;
  readonly #slots = {
    audio: new MediaSlot(() => this.#arrivalMonotonicMs),
    video: new MediaSlot(() => this.#arrivalMonotonicMs),
  } as const;
  #collectedBytes = 0;
  #receivedBytes = 0;
  #acknowledgedBytes = 0;
  #windowBytes = DEFAULT_WINDOW_BYTES;
  #arrivalMonotonicMs = 0;
  #fault: ProtocolFault | undefined;

  constructor({ events, randomBytes, maxAccessUnitBytes }: ProtocolOptions) {
    this.#events = events;
    const write = (bytes: Uint8Array): void => events.write(bytes);
    this.writer = new MessageWriter(write);
    this.#handshake = new ServerHandshake({ write, randomBytes });
    this.#chunks = new ChunkReader({
      events: { onMessage: (message) => this.#open(message) },
      largestMessageBytes: (type) => largestMessageBytes(type, maxAccessUnitBytes),
    });
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get isHandshakeDone(): boolean {
    return this.#handshake.state === 'done';
  }

  /** Takes `bytes[0, length)`. A fault is final. */
  push(bytes: Buffer, length: number, arrivalMonotonicMs: number): ProtocolFault | undefined {
    if (this.#fault !== undefined) return this.#fault;
    this.#receivedBytes += length;
    this.#arrivalMonotonicMs = arrivalMonotonicMs;
    let at = 0;
    if (this.#handshake.state === 'running') at = this.#handshake.push(bytes, length);
    if (this.#handshake.state === 'refused') this.#fault = 'not-rtmp';
    if (at < length && this.#fault === undefined) {
      const fault = this.#chunks.push(bytes, at, length);
      this.#fault ??= fault;
    }
    this.#acknowledge();
    return this.#fault;
  }

  /** Nothing more will come: what is on its way is thrown away. */
  close(): void {
    this.#chunks.close();
  }

  #acknowledge(): void {
    if (this.#fault !== undefined || this.#receivedBytes - this.#acknowledgedBytes < this.#windowBytes)
      return;
    this.#acknowledgedBytes = this.#receivedBytes;
    this.writer.acknowledge(this.#receivedBytes % UINT32_RANGE);
  }

  #open(message: MessageHeader): MessageSink | undefined {
    if (this.#fault !== undefined) return undefined;
    switch (message.type) {
      case messageTypes.audio:
        return this.#openMedia(message, 'audio');
      case messageTypes.video:
        return this.#openMedia(message, 'video');
      case messageTypes.setChunkSize:
      case messageTypes.abort:
      case messageTypes.userControl:
      case messageTypes.windowAcknowledgementSize:
      case messageTypes.command:
      case messageTypes.commandAmf3:
      case messageTypes.data:
      case messageTypes.dataAmf3:
        return this.#collect(message);
      default:
        // Shared objects, aggregates, acknowledgements: of no use here.
        return undefined;
    }
  }

  #openMedia({ byteLength, timestampMs }: MessageHeader, kind: 'audio' | 'video'): MessageSink | undefined {
    const slot = this.#slots[kind];
    const media = this.#events.mediaSink(kind);
    if (media === undefined || slot.isBusy) {
      this.#fault ??= media === undefined ? 'unexpected-media' : 'interleaved-media';
      return undefined;
    }
    media.begin({ byteLength, timestampMs });
    slot.occupy(media);
    return slot;
  }

  #collect({ type, streamId, byteLength }: MessageHeader): MessageSink | undefined {
    if (this.#collectedBytes + byteLength > LARGEST_COLLECTED_BYTES) {
      this.#fault ??= 'message-too-large';
      return undefined;
    }
    this.#collectedBytes += byteLength;
    const payload = Buffer.allocUnsafe(byteLength);
    let length = 0;
    return {
      push(bytes, start, end) {
        length += bytes.copy(payload, length, start, end);
      },
      end: () => {
        this.#collectedBytes -= byteLength;
        if (this.#fault === undefined) this.#interpret({ type, streamId }, payload);
      },
      abort: () => {
        this.#collectedBytes -= byteLength;
      },
    };
  }

  #interpret({ type, streamId }: Pick<MessageHeader, 'type' | 'streamId'>, payload: Buffer): void {
    switch (type) {
      case messageTypes.command:
        this.#command(payload, streamId);
        return;
      case messageTypes.commandAmf3:
        this.#command(withoutAmf3Mark(payload), streamId);
        return;
      case messageTypes.data:
        this.#events.onData(payload);
        return;
      case messageTypes.dataAmf3:
        this.#events.onData(withoutAmf3Mark(payload));
        return;
      case messageTypes.userControl:
        this.#userControl(payload);
        return;
      default:
        this.#control(type, payload);
    }
  }

  #command(payload: Buffer, streamId: number): void {
    const command = parseCommand(payload);
    if (command === undefined) this.#fault ??= 'malformed-command';
    else this.#events.onCommand(command, streamId);
  }

  #userControl(payload: Buffer): void {
    if (payload.length >= 6 && payload.readUInt16BE(0) === userControlEvents.pingRequest) {
      this.writer.userControl(userControlEvents.pingResponse, payload.readUInt32BE(2));
    }
  }

  #control(type: number, payload: Buffer): void {
    if (payload.length < 4) {
      this.#fault ??= 'malformed-control';
      return;
    }
    const value = payload.readUInt32BE(0);
    if (type === messageTypes.setChunkSize) this.#chunks.setChunkBytes(value);
    else if (type === messageTypes.abort) this.#chunks.abort(value);
    else this.#windowBytes = Math.min(DEFAULT_WINDOW_BYTES, Math.max(SMALLEST_WINDOW_BYTES, value));
  }
}

/** Where the pictures, or the sounds, of a connection go: one message at a time. */
class MediaSlot implements MessageSink {
  readonly #arrivalMonotonicMs: () => number;
  #media: MediaSink | undefined;

  constructor(arrivalMonotonicMs: () => number) {
    this.#arrivalMonotonicMs = arrivalMonotonicMs;
  }

  get isBusy(): boolean {
    return this.#media !== undefined;
  }

  occupy(media: MediaSink): void {
    this.#media = media;
  }

  push(bytes: Buffer, start: number, end: number): void {
    this.#media?.push(bytes, start, end);
  }

  end(): void {
    const media = this.#media;
    this.#media = undefined;
    media?.end(this.#arrivalMonotonicMs());
  }

  abort(): void {
    const media = this.#media;
    this.#media = undefined;
    media?.abort();
  }
}

function largestMessageBytes(type: number, maxAccessUnitBytes: number): number {
  switch (type) {
    case messageTypes.video:
      return maxAccessUnitBytes + VIDEO_PREFIX_BYTES;
    case messageTypes.audio:
      return LARGEST_AUDIO_BYTES;
    case messageTypes.setChunkSize:
    case messageTypes.abort:
    case messageTypes.acknowledgement:
    case messageTypes.userControl:
    case messageTypes.windowAcknowledgementSize:
    case messageTypes.setPeerBandwidth:
      return LARGEST_CONTROL_BYTES;
    default:
      return LARGEST_TEXT_MESSAGE_BYTES;
  }
}

/** AMF 3 messages that encoders send begin with a byte of 0 and go on in AMF 0. */
function withoutAmf3Mark(payload: Buffer): Buffer {
  return payload[0] === 0 ? payload.subarray(1) : payload;
}
