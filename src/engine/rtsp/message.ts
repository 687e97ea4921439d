/** RTSP messages: RFC 2326 and RFC 7826, with the liberties cameras take. */

export interface RtspResponse {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
  readonly headers: RtspHeaders;
  readonly body: string;
}

/** A request from the server; rare. */
export interface RtspServerRequest {
  readonly kind: 'request';
  readonly method: string;
  readonly uri: string;
  readonly headers: RtspHeaders;
  readonly body: string;
}

export type RtspMessage = RtspResponse | RtspServerRequest;

/** Header fields by name, whatever its case; a name may occur several times. */
export class RtspHeaders {
  readonly #fields: ReadonlyMap<string, readonly string[]>;

  constructor(fields: ReadonlyMap<string, readonly string[]>) {
    this.#fields = fields;
  }

  get(name: string): string | undefined {
    return this.#fields.get(name.toLowerCase())?.[0];
  }

  all(name: string): readonly string[] {
    return this.#fields.get(name.toLowerCase()) ?? [];
  }
}

/** `Content-Length`, 0 when absent, undefined when it is no number. */
export function contentLength(headers: RtspHeaders): number | undefined {
  const value = headers.get('content-length')?.trim() ?? '0';
  return /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

/**
 * Expressions on what a peer sent must not be able to divide a text between two neighbours in several ways: a text that
 * fits none of them would take as many steps as there are ways.
 */
const STATUS_LINE = /^RTSP\/\d\.\d[ \t]+(\d{3})(?:[ \t]([^\r\n]*))?$/i;
const REQUEST_LINE = /^([A-Z_]{3,20})[ \t]+(\S+)[ \t]+RTSP\/\d\.\d$/;
const TAB = 0x09;
const CARRIAGE_RETURN = 0x0d;
const FOLDED_LINE = /^[ \t]/;

/** Whether a line, read byte by byte and without its end, may start a message. */
export function isStartLine(line: string): boolean {
  let end = line.length;
  while (end > 0 && ' \t\r'.includes(line.charAt(end - 1))) end -= 1;
  const text = line.slice(0, end);
  if (!STATUS_LINE.test(text) && !REQUEST_LINE.test(text)) return false;
  for (let at = 0; at < text.length; at += 1) {
    if (isControl(text.charCodeAt(at))) return false;
  }
  return true;
}

/** Control characters but tab and carriage return: no line of a message has them. Bytes above ASCII may be any language. */
export function isControl(byte: number): boolean {
  return byte < 0x20 && byte !== TAB && byte !== CARRIAGE_RETURN;
}

/** Parses a message's head: start line and fields, without the empty line. Undefined when the start line is none. */
export function parseMessageHead(head: string): RtspMessage | undefined {
  const [start = '', ...lines] = head.split(/\r\n|\n|\r/);
  const headers = new RtspHeaders(parseFields(lines));
  const status = STATUS_LINE.exec(start);
  if (status !== null) {
    return {
      kind: 'response',
      status: Number(status[1]),
      reason: (status[2] ?? '').trim(),
      headers,
      body: '',
    };
  }
  const request = REQUEST_LINE.exec(start);
  if (request === null) return undefined;
  return { kind: 'request', method: request[1] ?? '', uri: request[2] ?? '', headers, body: '' };
}

function parseFields(lines: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>();
  let values: string[] | undefined;
  for (const line of lines) {
    if (FOLDED_LINE.test(line)) {
      const last = values?.pop();
      if (last !== undefined) values?.push(`${last} ${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    values = fields.get(name) ?? [];
    values.push(line.slice(colon + 1).trim());
    fields.set(name, values);
  }
  return fields;
}

export interface RtspRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Line breaks would let a value smuggle in a header of its own. */
export function formatRequest(request: RtspRequest): string {
  const lines = request.headers.map(([name, value]) => `${name}: ${onOneLine(value)}\r\n`);
  return `${request.method} ${onOneLine(request.uri)} RTSP/1.0\r\n${lines.join('')}\r\n`;
}

function onOneLine(text: string): string {
  return text.replaceAll(/[\r\n]/g, '');
}
