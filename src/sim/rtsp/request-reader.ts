/** Cuts the bytes of an RTSP connection into requests (RFC 2326 §4, §6) and interleaved frames (§10.12). */

export interface RtspRequest {
  readonly method: string;
  readonly url: string;
  /** Values by lower-case name; a repeated header keeps its first value. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** The peer sent something that is neither a request nor an interleaved frame, or more of it than is allowed. */
export class RtspSyntaxError extends Error {
  override readonly name = 'RtspSyntaxError';
}

const maximumHeadLength = 16 * 1024;
const maximumBodyLength = 64 * 1024;
const maximumHeaderCount = 64;
const dollar = 0x24;

export class RtspRequestReader {
  readonly #onInterleaved: (packet: Buffer) => void;
  #pending: Buffer = Buffer.alloc(0);

  /** `onInterleaved` gets what interleaved frames carry: RTCP of the viewer. */
  constructor(onInterleaved: (packet: Buffer) => void = () => undefined) {
    this.#onInterleaved = onInterleaved;
  }

  /** Adds received bytes and returns the requests completed by them. */
  push(chunk: Buffer): RtspRequest[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const requests: RtspRequest[] = [];
    for (;;) {
      if (this.#pending[0] === dollar) {
        if (!this.#takeInterleaved()) return requests;
        continue;
      }
      const request = this.#takeRequest();
      if (request === undefined) return requests;
      requests.push(request);
    }
  }

  #takeInterleaved(): boolean {
    if (this.#pending.length < 4) return false;
    const end = 4 + this.#pending.readUInt16BE(2);
    if (this.#pending.length < end) return false;
    this.#onInterleaved(this.#pending.subarray(4, end));
    this.#pending = this.#pending.subarray(end);
    return true;
  }

  #takeRequest(): RtspRequest | undefined {
    const headEnd = this.#pending.indexOf('\r\n\r\n');
    if (headEnd === -1 ? this.#pending.length > maximumHeadLength : headEnd > maximumHeadLength) {
      throw new RtspSyntaxError(`The request head is longer than ${maximumHeadLength} bytes.`);
    }
    if (headEnd === -1) return undefined;

    const [requestLine = '', ...headerLines] = this.#pending.toString('utf8', 0, headEnd).split('\r\n');
    const [, method, url] = /^([A-Z_]{1,32}) (\S{1,2048}) RTSP\/1\.0$/.exec(requestLine) ?? [];
    if (method === undefined || url === undefined)
      throw new RtspSyntaxError('The request line is malformed.');
    const headers = parseHeaders(headerLines);
    const bodyLength = parseBodyLength(headers.get('content-length'));
    const bodyStart = headEnd + 4;
    if (this.#pending.length < bodyStart + bodyLength) return undefined;
    const body = this.#pending.toString('utf8', bodyStart, bodyStart + bodyLength);
    this.#pending = this.#pending.subarray(bodyStart + bodyLength);
    return { method, url, headers, body };
  }
}

function parseHeaders(lines: readonly string[]): Map<string, string> {
  if (lines.length > maximumHeaderCount) {
    throw new RtspSyntaxError(`The request has more than ${maximumHeaderCount} headers.`);
  }
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) throw new RtspSyntaxError('A header line has no name.');
    const name = line.slice(0, colon).trim().toLowerCase();
    if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  return headers;
}

function parseBodyLength(text: string | undefined): number {
  if (text === undefined) return 0;
  const length = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(length <= maximumBodyLength)) {
    throw new RtspSyntaxError(`Content-Length must be at most ${maximumBodyLength}.`);
  }
  return length;
}
