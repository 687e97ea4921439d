/** ADTS (ISO/IEC 13818-7 §6.2): AAC frames, each after a header of 7 bytes, or 9 with a checksum. */

const headerBytes = 7;
/** The length field has 13 bits. */
const maximumFrameBytes = 0x1fff;

/** Cuts AAC frames out of an ADTS stream that comes in pieces. Holds less than a frame. */
export class AdtsReader {
  #held: Buffer = Buffer.alloc(0);

  /** Whole frames without their headers; undefined when it is no ADTS stream (any more). */
  push(chunk: Buffer): readonly Buffer[] | undefined {
    const bytes = this.#held.byteLength === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const frames: Buffer[] = [];
    let offset = 0;
    while (offset + headerBytes <= bytes.byteLength) {
      const header = readHeader(bytes, offset);
      if (header === undefined) return undefined;
      if (offset + header.frameBytes > bytes.byteLength) break;
      frames.push(Buffer.from(bytes.subarray(offset + header.headerBytes, offset + header.frameBytes)));
      offset += header.frameBytes;
    }
    this.#held = Buffer.from(bytes.subarray(offset));
    return frames;
  }
}

function readHeader(
  bytes: Buffer,
  offset: number,
): { readonly headerBytes: number; readonly frameBytes: number } | undefined {
  // Twelve bits of syncword, and layer 0.
  if ((bytes.readUInt16BE(offset) & 0xfff6) !== 0xfff0) return undefined;
  const hasChecksum = ((bytes[offset + 1] ?? 0) & 1) === 0;
  const ownBytes = hasChecksum ? headerBytes + 2 : headerBytes;
  const frameBytes = (bytes.readUIntBE(offset + 3, 3) >> 5) & maximumFrameBytes;
  return frameBytes < ownBytes ? undefined : { headerBytes: ownBytes, frameBytes };
}
