/** Writes RTP packets for tests: RFC 3550 §5.1. */
export interface PacketFields {
  readonly sequence: number;
  readonly timestamp: number;
  readonly payload: Buffer;
  readonly marker?: boolean;
  readonly payloadType?: number;
  readonly source?: number;
  readonly contributing?: number;
  readonly extensionWords?: number;
  readonly padding?: number;
}

export function rtpPacket(fields: PacketFields): Buffer {
  const { sequence, timestamp, payload, marker = false, payloadType = 96, source = 0x5e_ed } = fields;
  const { contributing = 0, extensionWords, padding = 0 } = fields;
  const header = Buffer.alloc(12 + 4 * contributing);
  header[0] = 0x80 | (padding > 0 ? 0x20 : 0) | (extensionWords === undefined ? 0 : 0x10) | contributing;
  header[1] = (marker ? 0x80 : 0) | payloadType;
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE(timestamp >>> 0, 4);
  header.writeUInt32BE(source, 8);
  const extension = Buffer.alloc(extensionWords === undefined ? 0 : 4 + 4 * extensionWords, 0xe0);
  if (extensionWords !== undefined) extension.writeUInt16BE(extensionWords, 2);
  const tail = Buffer.alloc(padding);
  if (padding > 0) tail[padding - 1] = padding;
  return Buffer.concat([header, extension, payload, tail]);
}

/** FU-A payloads of a NAL unit (RFC 6184 §5.8). */
export function fragments(nal: Buffer, size: number): readonly Buffer[] {
  const head = nal[0] ?? 0;
  const count = Math.ceil((nal.length - 1) / size);
  return Array.from({ length: count }, (_, index) => {
    const from = 1 + index * size;
    const flags = (index === 0 ? 0x80 : 0) | (index === count - 1 ? 0x40 : 0);
    return Buffer.concat([
      Buffer.from([(head & 0xe0) | 28, flags | (head & 0x1f)]),
      nal.subarray(from, from + size),
    ]);
  });
}

/** A STAP-A payload (RFC 6184 §5.7.1). */
export function aggregate(...nals: readonly Buffer[]): Buffer {
  const sized = nals.flatMap((nal) => [Buffer.from([nal.length >> 8, nal.length & 0xff]), nal]);
  return Buffer.concat([Buffer.from([24]), ...sized]);
}
