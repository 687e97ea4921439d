/** What a message says of itself. One object a chunk stream, whose content changes with the next message. */
export interface MessageHeader {
  readonly type: number;
  readonly streamId: number;
  /** 32 bits, which wrap. */
  readonly timestampMs: number;
  readonly byteLength: number;
  readonly chunkStreamId: number;
}

/** Where one message goes. */
export interface MessageSink {
  /** `bytes[start, end)`, valid during the call only. */
  push(bytes: Buffer, start: number, end: number): void;
  end(): void;
  /** The rest of it will not come. */
  abort(): void;
}

export interface ChunkEvents {
  /**
   * A message begins; undefined passes it over. Messages of different chunk streams may be interleaved; those of one come
   * one after the other.
   */
  onMessage(message: MessageHeader): MessageSink | undefined;
}

/** The peer broke the protocol or a bound. Final: nothing after it can be understood. */
export type ChunkFault =
  | 'unknown-chunk-stream'
  | 'too-many-chunk-streams'
  | 'message-too-large'
  | 'chunk-size-out-of-range';

export interface ChunkReaderOptions {
  readonly events: ChunkEvents;
  /** The largest message of a type, in bytes. */
  readonly largestMessageBytes: (type: number) => number;
  /** Default 32; publishers use four or five. */
  readonly maximumChunkStreams?: number;
}

interface ChunkStream {
  readonly chunkStreamId: number;
  type: number;
  streamId: number;
  timestampMs: number;
  byteLength: number;
  /** What a further message without a time of its own adds. */
  deltaMs: number;
  /** The last extended timestamp field, where the last header had one. */
  extendedField: number | undefined;
  /** Of the message in progress; undefined between messages. */
  missingBytes: number | undefined;
  sink: MessageSink | undefined;
}

/** Adobe's Real Time Messaging Protocol 1.0 §5.4.1: unless the peer says otherwise. */
const INITIAL_CHUNK_BYTES = 128;
const LARGEST_CHUNK_BYTES = 0xffffff;
const DEFAULT_MAXIMUM_CHUNK_STREAMS = 32;
const LONGEST_HEADER_BYTES = 3 + 11 + 4;
/** §5.3.1.2, by the two bits that begin a chunk. */
const MESSAGE_HEADER_BYTES = [11, 7, 3, 0] as const;
const EXTENDED_BYTES = 4;
const EXTENDED_MARK = 0xffffff;
/** A time is repeated as a step (§5.3.1.2.4) at a stream's start; later it would leap as far as the stream is old. */
const LARGEST_REPEATED_START_MS = 1_000;

/**
 * Takes chunks apart (Adobe's Real Time Messaging Protocol 1.0 §5.3), cut anywhere, and passes the messages' bytes on where
 * they lie. Whether continuing chunks repeat the extended timestamp, on which implementations differ, is seen from the
 * first: the four bytes are the time or they are not.
 */
export class ChunkReader {
  readonly #events: ChunkEvents;
  readonly #largestMessageBytes: (type: number) => number;
  readonly #maximumChunkStreams: number;
  readonly #chunkStreams = new Map<number, ChunkStream>();
  readonly #header = Buffer.alloc(LONGEST_HEADER_BYTES);
  #headerLength = 0;
  #chunkBytes = INITIAL_CHUNK_BYTES;
  #current: ChunkStream | undefined;
  /** Of the chunk in progress. */
  #missingBytes = 0;
  #repeatsExtended: boolean | undefined;
  #fault: ChunkFault | undefined;

  constructor({ events, largestMessageBytes, maximumChunkStreams }: ChunkReaderOptions) {
    this.#events = events;
    this.#largestMessageBytes = largestMessageBytes;
    this.#maximumChunkStreams = maximumChunkStreams ?? DEFAULT_MAXIMUM_CHUNK_STREAMS;
  }

  /** Takes `bytes[start, end)`. A fault is final. */
  push(bytes: Buffer, start: number, end: number): ChunkFault | undefined {
    let at = start;
    while (at < end && this.#fault === undefined) {
      at = this.#missingBytes > 0 ? this.#readPayload(bytes, at, end) : this.#readHeader(bytes, at, end);
    }
    return this.#fault;
  }

  /** The peer's Set Chunk Size, §5.4.1: from the next chunk on. */
  setChunkBytes(chunkBytes: number): void {
    if (chunkBytes < 1 || chunkBytes > LARGEST_CHUNK_BYTES) this.#fault = 'chunk-size-out-of-range';
    else this.#chunkBytes = chunkBytes;
  }

  /** The peer's Abort Message, §5.4.2. */
  abort(chunkStreamId: number): void {
    const chunkStream = this.#chunkStreams.get(chunkStreamId);
    if (chunkStream?.missingBytes === undefined) return;
    chunkStream.missingBytes = undefined;
    chunkStream.sink?.abort();
    chunkStream.sink = undefined;
  }

  /** Nothing more will come: messages in progress are aborted. */
  close(): void {
    for (const chunkStreamId of this.#chunkStreams.keys()) this.abort(chunkStreamId);
  }

  #readPayload(bytes: Buffer, start: number, end: number): number {
    const chunkStream = this.#current;
    const stop = Math.min(end, start + this.#missingBytes);
    this.#missingBytes -= stop - start;
    if (chunkStream?.missingBytes === undefined) return stop;
    chunkStream.missingBytes -= stop - start;
    chunkStream.sink?.push(bytes, start, stop);
    if (chunkStream.missingBytes === 0) this.#endMessage(chunkStream);
    return stop;
  }

  #endMessage(chunkStream: ChunkStream): void {
    const { sink } = chunkStream;
    chunkStream.missingBytes = undefined;
    chunkStream.sink = undefined;
    sink?.end();
  }

  #readHeader(bytes: Buffer, start: number, end: number): number {
    if (this.#headerLength === 0 && this.#continuesAt(bytes[start] ?? 0)) return start + 1;
    let at = start;
    for (;;) {
      const wanted = this.#headerBytes();
      if (this.#headerLength >= wanted) break;
      if (at >= end) return at;
      const stop = Math.min(end, at + wanted - this.#headerLength);
      this.#headerLength += bytes.copy(this.#header, this.#headerLength, at, stop);
      at = stop;
    }
    this.#beginChunk();
    return at;
  }

  /** The usual case, a header of one byte that continues a message: nothing is copied. */
  #continuesAt(byte: number): boolean {
    if (byte < 0xc2) return false;
    const chunkStream = this.#chunkStreams.get(byte & 0x3f);
    if (chunkStream?.missingBytes === undefined || chunkStream.extendedField !== undefined) return false;
    this.#beginPayload(chunkStream, chunkStream.missingBytes);
    return true;
  }

  /** How long the header is, as far as its bytes so far tell. */
  #headerBytes(): number {
    if (this.#headerLength === 0) return 1;
    const first = this.#header[0] ?? 0;
    const basicBytes = basicHeaderBytes(first);
    if (this.#headerLength < basicBytes) return basicBytes;
    const messageHeaderBytes = MESSAGE_HEADER_BYTES[first >> 6] ?? 0;
    const bytes = basicBytes + messageHeaderBytes;
    if (this.#headerLength < bytes) return bytes;
    return bytes + (this.#isExtended(first >> 6, basicBytes) ? EXTENDED_BYTES : 0);
  }

  #isExtended(format: number, basicBytes: number): boolean {
    if (format < 3) return this.#header.readUIntBE(basicBytes, 3) === EXTENDED_MARK;
    const chunkStream = this.#chunkStreams.get(this.#chunkStreamId());
    return chunkStream?.extendedField !== undefined && this.#repeatsExtended !== false;
  }

  /** §5.3.1.1. */
  #chunkStreamId(): number {
    const low = (this.#header[0] ?? 0) & 0x3f;
    if (low === 0) return 64 + (this.#header[1] ?? 0);
    return low === 1 ? 64 + this.#header.readUInt16LE(1) : low;
  }

  #beginChunk(): void {
    const first = this.#header[0] ?? 0;
    const format = first >> 6;
    const headerLength = this.#headerLength;
    this.#headerLength = 0;
    const chunkStream = this.#chunkStreamFor(format);
    if (chunkStream === undefined) return;
    if (format < 3) {
      this.#readMessageHeader(chunkStream, format, basicHeaderBytes(first));
    } else if (chunkStream.extendedField !== undefined && this.#repeatsExtended !== false) {
      this.#continueExtended(chunkStream, headerLength);
      return;
    }
    this.#continue(chunkStream, format);
  }

  #chunkStreamFor(format: number): ChunkStream | undefined {
    const chunkStreamId = this.#chunkStreamId();
    const known = this.#chunkStreams.get(chunkStreamId);
    if (known !== undefined) return known;
    // Some begin with a header that leaves the message stream out.
    if (format > 1) this.#fault = 'unknown-chunk-stream';
    else if (this.#chunkStreams.size >= this.#maximumChunkStreams) this.#fault = 'too-many-chunk-streams';
    if (this.#fault !== undefined) return undefined;
    const chunkStream: ChunkStream = {
      chunkStreamId,
      type: 0,
      streamId: 0,
      timestampMs: 0,
      byteLength: 0,
      deltaMs: 0,
      extendedField: undefined,
      missingBytes: undefined,
      sink: undefined,
    };
    this.#chunkStreams.set(chunkStreamId, chunkStream);
    return chunkStream;
  }

  /** §5.3.1.2.1 to §5.3.1.2.3. A message that was not complete will never be. */
  #readMessageHeader(chunkStream: ChunkStream, format: number, at: number): void {
    if (chunkStream.missingBytes !== undefined) this.abort(chunkStream.chunkStreamId);
    const field = this.#header.readUIntBE(at, 3);
    const isExtended = field === EXTENDED_MARK;
    const messageHeaderBytes = MESSAGE_HEADER_BYTES[format] ?? 0;
    const time = isExtended ? this.#header.readUInt32BE(at + messageHeaderBytes) : field;
    chunkStream.extendedField = isExtended ? time : undefined;
    if (format < 2) {
      chunkStream.byteLength = this.#header.readUIntBE(at + 3, 3);
      chunkStream.type = this.#header[at + 6] ?? 0;
    }
    if (format === 0) {
      chunkStream.streamId = this.#header.readUInt32LE(at + 7);
      chunkStream.timestampMs = time;
      chunkStream.deltaMs = time <= LARGEST_REPEATED_START_MS ? time : 0;
    } else {
      chunkStream.deltaMs = time;
      chunkStream.timestampMs = (chunkStream.timestampMs + time) >>> 0;
    }
  }

  /** The four bytes behind the header are the extended timestamp once more, or they are payload already. */
  #continueExtended(chunkStream: ChunkStream, headerLength: number): void {
    const behind = Buffer.from(this.#header.subarray(headerLength - EXTENDED_BYTES, headerLength));
    this.#repeatsExtended ??= behind.readUInt32BE(0) === chunkStream.extendedField;
    this.#continue(chunkStream, 3);
    if (!this.#repeatsExtended) this.push(behind, 0, EXTENDED_BYTES);
  }

  #continue(chunkStream: ChunkStream, format: number): void {
    const missingBytes = chunkStream.missingBytes;
    if (missingBytes !== undefined) {
      this.#beginPayload(chunkStream, missingBytes);
      return;
    }
    if (format === 3) chunkStream.timestampMs = (chunkStream.timestampMs + chunkStream.deltaMs) >>> 0;
    if (chunkStream.byteLength > this.#largestMessageBytes(chunkStream.type)) {
      this.#fault = 'message-too-large';
      return;
    }
    chunkStream.sink = this.#events.onMessage(chunkStream);
    if (chunkStream.byteLength === 0) {
      this.#endMessage(chunkStream);
      return;
    }
    chunkStream.missingBytes = chunkStream.byteLength;
    this.#beginPayload(chunkStream, chunkStream.byteLength);
  }

  #beginPayload(chunkStream: ChunkStream, messageMissingBytes: number): void {
    this.#current = chunkStream;
    this.#missingBytes = Math.min(this.#chunkBytes, messageMissingBytes);
  }
}

function basicHeaderBytes(first: number): number {
  const low = first & 0x3f;
  return low === 0 ? 2 : low === 1 ? 3 : 1;
}
