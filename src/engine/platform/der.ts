/** The few forms of the Distinguished Encoding Rules (ITU-T X.690 §10) that a self-signed certificate needs. */
const tags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
  context3: 0xa3,
  boolean: 0x01,
} as const;

export function derSequence(...parts: readonly Uint8Array[]): Buffer {
  return element(tags.sequence, ...parts);
}

export function derSet(...parts: readonly Uint8Array[]): Buffer {
  return element(tags.set, ...parts);
}

/** Explicit context tag, `[0]` or `[3]`. */
export function derExplicit(tag: 0 | 3, part: Uint8Array): Buffer {
  return element(tag === 0 ? tags.context0 : tags.context3, part);
}

/** A non-negative integer, big-endian. */
export function derInteger(magnitude: Uint8Array): Buffer {
  const first = magnitude.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Buffer.of(0) : magnitude.subarray(first);
  // A set top bit would make it negative.
  const sign = (digits[0] ?? 0) >= 0x80 ? Buffer.of(0) : Buffer.alloc(0);
  return element(tags.integer, sign, digits);
}

export function derBoolean(value: boolean): Buffer {
  return element(tags.boolean, Buffer.of(value ? 0xff : 0));
}

/** `unusedBits` at the end of the last byte do not belong to the string. */
export function derBitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return element(tags.bitString, Buffer.of(unusedBits), bytes);
}

export function derOctetString(bytes: Uint8Array): Buffer {
  return element(tags.octetString, bytes);
}

export function derUtf8String(text: string): Buffer {
  return element(tags.utf8String, Buffer.from(text, 'utf8'));
}

/** Dotted decimal, such as `2.5.4.3`. */
export function derObjectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(tags.objectIdentifier, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** RFC 5280 §4.1.2.5: UTCTime until 2049, GeneralizedTime from 2050. */
export function derTime(utcMs: number): Buffer {
  const digits = `${new Date(utcMs)
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/\D/g, '')}Z`;
  return new Date(utcMs).getUTCFullYear() < 2050
    ? element(tags.utcTime, Buffer.from(digits.slice(2), 'ascii'))
    : element(tags.generalizedTime, Buffer.from(digits, 'ascii'));
}

function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(content.length)]), content]);
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) digits.unshift((rest & 0x7f) | 0x80);
  return digits;
}
