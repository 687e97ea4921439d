import { contentLength, isControl, isStartLine, parseMessageHead } from './message.ts';
import type { RtspMessage } from './message.ts';

export interface InterleavedEvents {
  onMessage(message: RtspMessage): void;
  /** The frame is `bytes[start, end)`, valid during the call only. */
  onFrame(channel: number, bytes: Buffer, range: FrameRange): void;
  /** Whether the session uses this channel: what tells a frame from noise when synchronisation was lost. */
  isKnownChannel(channel: number): boolean;
}

/** One object for all frames of a reader, to spare an allocation a packet: copy what must outlive the call. */
export interface FrameRange {
  readonly start: number;
  readonly end: number;
}

/** The peer sent more than is acceptable, or nothing that makes sense for too long. */
export type InterleavedFault = 'head-too-large' | 'body-too-large' | 'out-of-sync';

const DOLLAR = 0x24;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const FRAME_HEADER_BYTES = 4;
const LARGEST_FRAME_BYTES = FRAME_HEADER_BYTES + 0xffff;
const MAX_START_LINE_BYTES = 4 * 1024;
const MAX_HEAD_BYTES = 64 * 1024;
const MAX_BODY_BYTES = 1024 * 1024;
const MAX_SKIPPED_BYTES = 1024 * 1024;
const RESPONSE_START = 'RTSP/';
/** What a reader holds at most, besides a chunk that is being searched. */
export const MAX_HELD_BYTES = MAX_BODY_BYTES + LARGEST_FRAME_BYTES;

type Mode = 'boundary' | 'frame' | 'head' | 'body' | 'scan';

/**
 * Splits what a server sends on an RTSP connection into messages and interleaved frames (RFC 2326 §10.12), from chunks
 * cut anywhere. A frame that lies whole in a chunk is passed on where it lies; only one cut by the chunk's end is
 * completed in a buffer of its own. After bytes that are neither, it searches for the next frame or response.
 */
export class InterleavedReader {
  readonly #events: InterleavedEvents;
  readonly #range = { start: 0, end: 0 };
  #mode: Mode = 'boundary';
  /** Holds an unfinished frame, head or body, or what the search has to look at again. */
  #held: Buffer = Buffer.allocUnsafeSlow(2 * 1024);
  #heldLength = 0;
  /** Where the head's last line begins in what is held. */
  #lineStart = 0;
  #message: RtspMessage | undefined;
  #bodyLength = 0;
  /** Where the search starts, counted from where reading failed. */
  #scanOffset = 0;
  /** Since the last frame or message. */
  #skipped = 0;
  #skippedTotal = 0;
  #fault: InterleavedFault | undefined;

  constructor(events: InterleavedEvents) {
    this.#events = events;
  }

  /** The memory that is kept between chunks. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** Bytes thrown away in all, because they belonged to no frame and no message. */
  get skippedBytes(): number {
    return this.#skippedTotal;
  }

  /** Takes `chunk[0, length)`. A fault is final: the connection is of no more use. */
  push(received: Buffer, receivedLength: number): InterleavedFault | undefined {
    let chunk = received;
    let length = receivedLength;
    let position = 0;
    while ((position < length || this.#hasUnsearchedBytes()) && this.#fault === undefined) {
      switch (this.#mode) {
        case 'boundary':
          position = this.#readBoundary(chunk, position, length);
          break;
        case 'frame':
          position = this.#continueFrame(chunk, position, length);
          break;
        case 'head':
          position = this.#readHead(chunk, position, length);
          break;
        case 'body':
          position = this.#readBody(chunk, position, length);
          break;
        case 'scan':
          if (this.#heldLength > 0) {
            chunk = this.#joinHeld(chunk, position, length);
            length = chunk.length;
            position = 0;
          }
          position = this.#scan(chunk, position, length);
          break;
      }
    }
    return this.#fault;
  }

  #readBoundary(chunk: Buffer, start: number, length: number): number {
    let position = start;
    while (position + FRAME_HEADER_BYTES <= length && chunk[position] === DOLLAR) {
      const payload = position + FRAME_HEADER_BYTES;
      // The first byte of the payload decides in doubt.
      if (payload < length && !this.#isFrameStart(chunk, position)) {
        this.#startScan();
        return position;
      }
      const end = payload + (((chunk[position + 2] ?? 0) << 8) | (chunk[position + 3] ?? 0));
      if (end > length) break;
      this.#skipped = 0;
      this.#emitFrame(chunk, payload, end);
      position = end;
    }
    if (position >= length) return length;
    const byte = chunk[position] ?? 0;
    if (byte === DOLLAR) {
      this.#mode = 'frame';
      this.#hold(chunk, position, length);
      return length;
    }
    // Empty lines between messages are allowed (RFC 2326 §4.1).
    if (byte === CARRIAGE_RETURN || byte === LINE_FEED) return position + 1;
    if (isLetter(byte) && !isOtherLine(chunk, position, length)) {
      this.#mode = 'head';
      this.#lineStart = 0;
    } else {
      this.#startScan();
    }
    return position;
  }

  #continueFrame(chunk: Buffer, start: number, length: number): number {
    let position = start;
    // One byte more than the header, which says in doubt whether it is one.
    while (this.#heldLength <= FRAME_HEADER_BYTES && position < length && !this.#isHeldFrameWhole()) {
      this.#hold(chunk, position, position + 1);
      position += 1;
    }
    if (this.#heldLength < FRAME_HEADER_BYTES) return position;
    if (this.#heldLength > FRAME_HEADER_BYTES && !this.#isFrameStart(this.#held, 0)) {
      this.#startScan();
      return position;
    }
    const total = FRAME_HEADER_BYTES + this.#held.readUInt16BE(2);
    const missing = Math.min(total - this.#heldLength, length - position);
    this.#hold(chunk, position, position + missing);
    position += missing;
    if (this.#heldLength < total) return position;
    this.#mode = 'boundary';
    this.#heldLength = 0;
    this.#skipped = 0;
    this.#range.start = FRAME_HEADER_BYTES;
    this.#range.end = total;
    this.#events.onFrame(this.#held[1] ?? 0, this.#held, this.#range);
    return position;
  }

  #emitFrame(chunk: Buffer, start: number, end: number): void {
    this.#range.start = start;
    this.#range.end = end;
    this.#events.onFrame(chunk[start - 3] ?? 0, chunk, this.#range);
  }

  /** Collects lines until the empty one. */
  #readHead(chunk: Buffer, start: number, length: number): number {
    const lineStart = this.#lineStart;
    const limit = lineStart === 0 ? MAX_START_LINE_BYTES : MAX_HEAD_BYTES;
    const searchEnd = Math.min(length, start + limit - this.#heldLength + 1);
    const lineFeed = lineFeedIn(chunk, start, searchEnd);
    const end = lineFeed === undefined ? searchEnd : lineFeed + 1;
    if (this.#heldLength + end - start > limit) {
      if (lineStart === 0) this.#startScan();
      else this.#fault = 'head-too-large';
      return start;
    }
    this.#hold(chunk, start, end);
    if (lineFeed === undefined) {
      // Nothing to wait for: the rest of a frame whose length was wrong may begin with a letter.
      if (lineStart === 0 && !isText(chunk, start, end)) this.#startScan();
      return end;
    }
    this.#lineStart = this.#heldLength;
    const lineEnd = this.#heldLength - 1;
    if (lineStart === 0) {
      if (!isStartLine(this.#held.toString('latin1', 0, lineEnd))) this.#startScan();
    } else if (isEmptyLine(this.#held, lineStart, lineEnd)) this.#endHead();
    return end;
  }

  #endHead(): void {
    const head = this.#held.toString('utf8', 0, this.#heldLength).trimEnd();
    this.#heldLength = 0;
    const message = parseMessageHead(head);
    const length = message === undefined ? undefined : contentLength(message.headers);
    this.#skipped = 0;
    if (message === undefined || length === undefined || length === 0) {
      this.#mode = 'boundary';
      if (message !== undefined) this.#events.onMessage(message);
      return;
    }
    if (length > MAX_BODY_BYTES) {
      this.#fault = 'body-too-large';
      return;
    }
    this.#message = message;
    this.#bodyLength = length;
    this.#mode = 'body';
  }

  #readBody(chunk: Buffer, start: number, length: number): number {
    const end = Math.min(length, start + this.#bodyLength - this.#heldLength);
    this.#hold(chunk, start, end);
    if (this.#heldLength < this.#bodyLength) return end;
    const body = this.#held.toString('utf8', 0, this.#heldLength);
    this.#heldLength = 0;
    if (this.#held.length > LARGEST_FRAME_BYTES) this.#held = Buffer.allocUnsafeSlow(LARGEST_FRAME_BYTES);
    this.#mode = 'boundary';
    const message = this.#message;
    this.#message = undefined;
    if (message !== undefined) this.#events.onMessage({ ...message, body });
    return end;
  }

  /** What is there is no frame and no message: look for either behind its first byte, held bytes included. */
  #startScan(): void {
    this.#mode = 'scan';
    this.#scanOffset = 1;
  }

  #hasUnsearchedBytes(): boolean {
    return this.#mode === 'scan' && this.#scanOffset > 0 && this.#heldLength > 0;
  }

  /** Rare, so it may copy. */
  #joinHeld(chunk: Buffer, position: number, length: number): Buffer {
    const joined = Buffer.concat([
      this.#held.subarray(0, this.#heldLength),
      chunk.subarray(position, length),
    ]);
    this.#heldLength = 0;
    return joined;
  }

  /** Looks for a frame on a known channel or the start of a response. */
  #scan(chunk: Buffer, position: number, length: number): number {
    const found = this.#findStart(chunk, position + this.#scanOffset, length);
    this.#scanOffset = 0;
    this.#skipped += found.at - position;
    this.#skippedTotal += found.at - position;
    if (this.#skipped > MAX_SKIPPED_BYTES) this.#fault = 'out-of-sync';
    if (found.isWhole) {
      this.#mode = 'boundary';
      return found.at;
    }
    this.#hold(chunk, found.at, length);
    return length;
  }

  /** `isWhole` is false when only the first bytes of a possible start are there, or none. */
  #findStart(
    chunk: Buffer,
    from: number,
    length: number,
  ): { readonly at: number; readonly isWhole: boolean } {
    for (let at = from; at < length; at += 1) {
      const byte = chunk[at];
      if (byte === DOLLAR) {
        if (at + FRAME_HEADER_BYTES >= length) return { at, isWhole: false };
        if (this.#isPlausibleFrame(chunk, at)) return { at, isWhole: true };
      } else if (byte === RESPONSE_START.charCodeAt(0)) {
        const word = chunk.toString('latin1', at, Math.min(length, at + RESPONSE_START.length));
        if (word === RESPONSE_START) return { at, isWhole: true };
        if (at + word.length === length && RESPONSE_START.startsWith(word)) return { at, isWhole: false };
      }
    }
    return { at: length, isWhole: false };
  }

  #isHeldFrameWhole(): boolean {
    return this.#heldLength === FRAME_HEADER_BYTES && this.#held.readUInt16BE(2) === 0;
  }

  /**
   * Whether the header and the byte after it, of a frame in step, make one: on a channel in use, empty, or at least of
   * the version of RTP and RTCP. Otherwise a wrong length has led here.
   */
  #isFrameStart(bytes: Buffer, at: number): boolean {
    return (
      this.#events.isKnownChannel(bytes[at + 1] ?? 0) ||
      ((bytes[at + FRAME_HEADER_BYTES] ?? 0) & 0xc0) === 0x80 ||
      (bytes[at + 2] === 0 && bytes[at + 3] === 0)
    );
  }

  #isPlausibleFrame(bytes: Buffer, at: number): boolean {
    const isVersion2 = ((bytes[at + FRAME_HEADER_BYTES] ?? 0) & 0xc0) === 0x80;
    return isVersion2 && this.#events.isKnownChannel(bytes[at + 1] ?? 0);
  }

  #hold(source: Buffer, start: number, end: number): void {
    const needed = this.#heldLength + end - start;
    if (needed > this.#held.length) {
      // Doubling, so that a long body in short reads is not copied whole for each of them.
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(2 * needed, MAX_BODY_BYTES)));
      this.#held.copy(larger, 0, 0, this.#heldLength);
      this.#held = larger;
    }
    source.copy(this.#held, this.#heldLength, start, end);
    this.#heldLength = needed;
  }
}

/** Whether it holds no control characters; whatever else a camera writes into its reason phrase is for it to know. */
function isText(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (isControl(byte)) return false;
  }
  return true;
}

function isLetter(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

/** Whether the line that starts here lies whole in the chunk and starts no message. */
function isOtherLine(chunk: Buffer, position: number, length: number): boolean {
  const searchEnd = Math.min(length, position + MAX_START_LINE_BYTES + 1);
  const lineFeed = lineFeedIn(chunk, position, searchEnd);
  if (lineFeed === undefined) return searchEnd - position > MAX_START_LINE_BYTES;
  return !isStartLine(chunk.toString('latin1', position, lineFeed));
}

/** Looks at `chunk[start, end)` only: what lies behind it in the receive buffer is of another connection. */
function lineFeedIn(chunk: Buffer, start: number, end: number): number | undefined {
  const at = chunk.subarray(start, end).indexOf(LINE_FEED);
  return at === -1 ? undefined : start + at;
}

function isEmptyLine(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] !== CARRIAGE_RETURN) return false;
  return true;
}
