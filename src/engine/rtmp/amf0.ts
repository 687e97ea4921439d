/** Action Message Format 0 (Adobe, "Action Message Format -- AMF 0"): the values in RTMP's commands. */

/** Objects and ECMA arrays are maps: their keys come from the peer, and may be `constructor`. */
export type AmfValue =
  | number
  | boolean
  | string
  | null
  | undefined
  | readonly AmfValue[]
  | ReadonlyMap<string, AmfValue>;

const markers = {
  number: 0,
  boolean: 1,
  string: 2,
  object: 3,
  null: 5,
  undefined: 6,
  ecmaArray: 8,
  objectEnd: 9,
  strictArray: 10,
  date: 11,
  longString: 12,
  unsupported: 13,
  xmlDocument: 15,
  typedObject: 16,
} as const;

const LARGEST_STRING_BYTES = 8 * 1024;
const DEEPEST_NESTING = 8;
const MOST_VALUES = 1_000;

/** Reads values up to the end. Undefined where the bytes are no AMF 0, end too early, or are more than anybody needs. */
export function decodeAmf0(bytes: Uint8Array): readonly AmfValue[] | undefined {
  return new Decoder(bytes).values();
}

/** What went wrong inside the decoder; it does not leave this file. */
class Malformed extends Error {}

class Decoder {
  readonly #bytes: Buffer;
  #at = 0;
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  values(): readonly AmfValue[] | undefined {
    const values: AmfValue[] = [];
    try {
      while (this.#at < this.#bytes.length) values.push(this.#value(0));
      return values;
    } catch (error) {
      if (error instanceof Malformed) return undefined;
      throw error;
    }
  }

  #value(depth: number): AmfValue {
    this.#count += 1;
    if (depth > DEEPEST_NESTING || this.#count > MOST_VALUES) throw new Malformed();
    const marker = this.#bytes.readUInt8(this.#take(1));
    switch (marker) {
      case markers.number:
        return this.#bytes.readDoubleBE(this.#take(8));
      case markers.boolean:
        return this.#bytes[this.#take(1)] !== 0;
      case markers.string:
        return this.#text(this.#bytes.readUInt16BE(this.#take(2)));
      case markers.longString:
      case markers.xmlDocument:
        return this.#text(this.#bytes.readUInt32BE(this.#take(4)));
      case markers.null:
        return null;
      case markers.undefined:
      case markers.unsupported:
        return undefined;
      case markers.typedObject:
        this.#text(this.#bytes.readUInt16BE(this.#take(2))); // class name
        return this.#properties(depth);
      case markers.ecmaArray:
        this.#take(4); // A hint at how many follow; what ends them is the end marker.
        return this.#properties(depth);
      case markers.object:
        return this.#properties(depth);
      case markers.strictArray:
        return this.#items(depth);
      case markers.date: {
        const utcMs = this.#bytes.readDoubleBE(this.#take(8));
        this.#take(2); // time zone, reserved
        return utcMs;
      }
      default:
        // References, movie clips, record sets, and AMF 3 from here on: nothing that publishers need.
        throw new Malformed();
    }
  }

  #properties(depth: number): ReadonlyMap<string, AmfValue> {
    const properties = new Map<string, AmfValue>();
    for (;;) {
      const name = this.#text(this.#bytes.readUInt16BE(this.#take(2)));
      if (name === '' && this.#bytes[this.#at] === markers.objectEnd) {
        this.#take(1);
        return properties;
      }
      properties.set(name, this.#value(depth + 1));
    }
  }

  #items(depth: number): readonly AmfValue[] {
    const count = this.#bytes.readUInt32BE(this.#take(4));
    if (count > MOST_VALUES) throw new Malformed();
    const items: AmfValue[] = [];
    while (items.length < count) items.push(this.#value(depth + 1));
    return items;
  }

  #text(byteLength: number): string {
    if (byteLength > LARGEST_STRING_BYTES) throw new Malformed();
    const start = this.#take(byteLength);
    return this.#bytes.toString('utf8', start, start + byteLength);
  }

  /** Moves on over so many bytes, and yields where they are. */
  #take(byteLength: number): number {
    const start = this.#at;
    this.#at += byteLength;
    if (this.#at > this.#bytes.length) throw new Malformed();
    return start;
  }
}

/** What we send: no arrays, one level of objects. */
export type AmfAnswer =
  | number
  | boolean
  | string
  | null
  | Readonly<Record<string, number | boolean | string>>;

export function encodeAmf0(values: readonly AmfAnswer[]): Buffer {
  return Buffer.concat(values.map(encodeValue));
}

function encodeValue(value: AmfAnswer): Buffer {
  if (value === null) return Buffer.of(markers.null);
  if (typeof value === 'boolean') return Buffer.of(markers.boolean, value ? 1 : 0);
  if (typeof value === 'string') return Buffer.concat([Buffer.of(markers.string), shortText(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  return Buffer.concat([
    Buffer.of(markers.object),
    ...Object.entries(value).flatMap(([name, property]) => [shortText(name), encodeValue(property)]),
    shortText(''),
    Buffer.of(markers.objectEnd),
  ]);
}

function shortText(text: string): Buffer {
  const utf8 = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(utf8.length);
  return Buffer.concat([length, utf8]);
}
