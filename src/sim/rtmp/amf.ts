/** The little of AMF 0 that a publisher needs. */

export type AmfInput = number | string | null | { readonly [name: string]: number | string };

export function amf(...values: readonly AmfInput[]): Buffer {
  return Buffer.concat(values.map(encoded));
}

function encoded(value: AmfInput): Buffer {
  if (value === null) return Buffer.of(5);
  if (typeof value === 'string') return Buffer.concat([Buffer.of(2), text(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  const properties = Object.entries(value).flatMap(([name, property]) => [text(name), encoded(property)]);
  return Buffer.concat([Buffer.of(3), ...properties, Buffer.of(0, 0, 9)]);
}

function text(value: string): Buffer {
  const utf8 = Buffer.from(value, 'utf8');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(utf8.length);
  return Buffer.concat([length, utf8]);
}

/** A server's answer: its name, and the code in the object that some carry. */
export interface Answer {
  readonly name: string;
  readonly code: string | undefined;
}

/** Looks for what a publisher waits for, without reading everything. */
export function parseAnswer(payload: Buffer): Answer {
  const name = payload.toString('latin1', 3, 3 + payload.readUInt16BE(1));
  const property = Buffer.from('\0\u0004code\u0002', 'latin1');
  const at = payload.indexOf(property);
  if (at < 0) return { name, code: undefined };
  const begin = at + property.length + 2;
  return { name, code: payload.toString('latin1', begin, begin + payload.readUInt16BE(begin - 2)) };
}
