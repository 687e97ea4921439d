/** Builds ISO base media file format boxes (ISO/IEC 14496-12 §4.2): 32-bit size, four-character type, payload. */

/** Bytes of a box header with a 32-bit size. */
export const boxHeaderBytes = 8;

const ascii = new TextEncoder();

/** One box around the given payload pieces. */
export function box(type: string, ...payload: readonly Uint8Array[]): Uint8Array {
  const byteLength = payload.reduce((sum, piece) => sum + piece.byteLength, boxHeaderBytes);
  const bytes = new Uint8Array(byteLength);
  new DataView(bytes.buffer).setUint32(0, byteLength);
  bytes.set(fourCharacters(type), 4);
  let offset = boxHeaderBytes;
  for (const piece of payload) {
    bytes.set(piece, offset);
    offset += piece.byteLength;
  }
  return bytes;
}

/** What a full box carries before its own fields (§4.2.2). */
export interface FullBoxVersion {
  readonly version: 0 | 1;
  /** 24 bits. */
  readonly flags: number;
}

export function fullBox(
  type: string,
  { version, flags }: FullBoxVersion,
  ...payload: readonly Uint8Array[]
): Uint8Array {
  return box(type, uint32((version << 24) | flags), ...payload);
}

/** The four bytes of a box type or brand. */
export function fourCharacters(text: string): Uint8Array {
  const bytes = ascii.encode(text);
  if (bytes.byteLength !== 4) throw new RangeError(`A box type has four ASCII characters, not "${text}".`);
  return bytes;
}

export function uint8(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

export function uint16(...values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 2));
  values.forEach((value, index) => view.setUint16(index * 2, value));
  return new Uint8Array(view.buffer);
}

export function uint32(...values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => view.setUint32(index * 4, value));
  return new Uint8Array(view.buffer);
}

export function zeros(byteLength: number): Uint8Array {
  return new Uint8Array(byteLength);
}
