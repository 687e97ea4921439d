import { contentLength, parseMessageHead } from '../rtsp/index.ts';
import type { RtspHeaders } from '../rtsp/index.ts';

export interface PlayerRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: RtspHeaders;
}

export interface RequestEvents {
  onRequest(request: PlayerRequest): void;
  /** The player's RTCP, or whatever else it interleaves; its content does not matter here. */
  onFrame(): void;
}

/** What a player sent is no RTSP, or too large; reading ends. */
export type RequestFault = 'malformed' | 'too-large';

const DOLLAR = 0x24;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const FRAME_HEADER_BYTES = 4;
const LARGEST_HEAD_BYTES = 8 * 1024;
/** Bodies carry parameters that nobody here knows. */
const LARGEST_BODY_BYTES = 4 * 1024;

/** Splits what a player sends into requests and interleaved frames (RFC 2326 §10.12), from chunks cut anywhere. */
export class RequestReader {
  readonly #events: RequestEvents;
  #head = Buffer.allocUnsafe(1024);
  #headLength = 0;
  /** Of a frame's header, while it is incomplete. */
  #frameHeaderLength = 0;
  #frameHeader = Buffer.alloc(FRAME_HEADER_BYTES);
  /** Of a frame or body, still to be skipped. */
  #skip = 0;
  #request: PlayerRequest | undefined;
  #fault: RequestFault | undefined;

  constructor(events: RequestEvents) {
    this.#events = events;
  }

  /** A fault is final. */
  push(chunk: Uint8Array): RequestFault | undefined {
    let position = 0;
    while (position < chunk.length && this.#fault === undefined) {
      if (this.#skip > 0) position = this.#readSkipped(chunk, position);
      else if (this.#frameHeaderLength > 0 || (this.#headLength === 0 && chunk[position] === DOLLAR)) {
        position = this.#readFrameHeader(chunk, position);
      } else position = this.#readHead(chunk, position);
    }
    return this.#fault;
  }

  #readSkipped(chunk: Uint8Array, position: number): number {
    const end = Math.min(chunk.length, position + this.#skip);
    this.#skip -= end - position;
    if (this.#skip === 0) this.#deliver();
    return end;
  }

  #readFrameHeader(chunk: Uint8Array, position: number): number {
    this.#frameHeader[this.#frameHeaderLength] = chunk[position] ?? 0;
    this.#frameHeaderLength += 1;
    if (this.#frameHeaderLength === FRAME_HEADER_BYTES) {
      this.#frameHeaderLength = 0;
      this.#skip = this.#frameHeader.readUInt16BE(2);
      this.#events.onFrame();
    }
    return position + 1;
  }

  #readHead(chunk: Uint8Array, position: number): number {
    const byte = chunk[position];
    // Empty lines between messages are allowed: RFC 2326 §4.1.
    if (this.#headLength === 0 && (byte === CARRIAGE_RETURN || byte === LINE_FEED)) return position + 1;
    const lineFeed = chunk.indexOf(LINE_FEED, position);
    const end = lineFeed === -1 ? chunk.length : lineFeed + 1;
    if (this.#headLength + end - position > LARGEST_HEAD_BYTES) {
      this.#fault = 'too-large';
      return end;
    }
    this.#hold(chunk, position, end);
    if (lineFeed !== -1 && this.#endsWithEmptyLine()) this.#endHead();
    return end;
  }

  #endsWithEmptyLine(): boolean {
    return /\n\r?\n$/.test(
      this.#head.toString('latin1', Math.max(0, this.#headLength - 3), this.#headLength),
    );
  }

  #endHead(): void {
    const message = parseMessageHead(this.#head.toString('utf8', 0, this.#headLength).trimEnd());
    this.#headLength = 0;
    const bodyBytes = message === undefined ? undefined : contentLength(message.headers);
    if (message === undefined || bodyBytes === undefined) {
      this.#fault = 'malformed';
      return;
    }
    if (bodyBytes > LARGEST_BODY_BYTES) {
      this.#fault = 'too-large';
      return;
    }
    // We ask players nothing, so an answer is none of ours.
    if (message.kind === 'request') {
      const { method, uri, headers } = message;
      this.#request = { method, uri, headers };
    }
    this.#skip = bodyBytes;
    if (bodyBytes === 0) this.#deliver();
  }

  #deliver(): void {
    const request = this.#request;
    this.#request = undefined;
    if (request !== undefined) this.#events.onRequest(request);
  }

  #hold(chunk: Uint8Array, start: number, end: number): void {
    const needed = this.#headLength + end - start;
    if (needed > this.#head.length) {
      const larger = Buffer.allocUnsafe(Math.min(LARGEST_HEAD_BYTES, 2 * needed));
      this.#head.copy(larger, 0, 0, this.#headLength);
      this.#head = larger;
    }
    this.#head.set(chunk.subarray(start, end), this.#headLength);
    this.#headLength = needed;
  }
}
