import type { OpusTrack } from '../media/sample.ts';
import { opusPacketSamples } from '../media/opus.ts';

/** RFC 3533 §6: the CRC of a page, polynomial 0x04c11db7, not reflected, starting at 0. */
const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let remainder = index << 24;
  for (let bit = 0; bit < 8; bit += 1) {
    remainder = (remainder << 1) ^ (remainder < 0 ? 0x04c11db7 : 0);
  }
  return remainder >>> 0;
});

const pageHeaderBytes = 27;
const lacingLimit = 255;
const serialNumber = 1;
/** Header types, RFC 3533 §6. */
const firstPage = 2;
const ordinaryPage = 0;

/** Opus packets as an Ogg stream (RFC 7845), one page a packet, for a reader that wants them as they come. */
export class OggOpusWriter {
  #sequence = 0;
  #samples = 0n;

  /** Identification and comment headers, RFC 7845 §5. Nothing is skipped: the stream was joined somewhere. */
  head({ channels, sampleRate }: OpusTrack): Buffer {
    const identification = Buffer.alloc(19);
    identification.write('OpusHead', 'latin1');
    identification.writeUInt8(1, 8);
    identification.writeUInt8(channels, 9);
    identification.writeUInt32LE(sampleRate, 12);
    const comment = Buffer.alloc(16);
    comment.write('OpusTags', 'latin1');
    return Buffer.concat([this.#page(identification, firstPage), this.#page(comment, ordinaryPage)]);
  }

  packet(data: Uint8Array): Buffer {
    this.#samples += BigInt(opusPacketSamples(data));
    return this.#page(data, ordinaryPage);
  }

  #page(data: Uint8Array, type: number): Buffer {
    const segments = Math.floor(data.byteLength / lacingLimit) + 1;
    if (segments > lacingLimit)
      throw new RangeError('An Opus packet of more than 64 kB has no place in a page.');
    const page = Buffer.alloc(pageHeaderBytes + segments + data.byteLength);
    page.write('OggS', 'latin1');
    page.writeUInt8(type, 5);
    page.writeBigUInt64LE(this.#samples, 6);
    page.writeUInt32LE(serialNumber, 14);
    page.writeUInt32LE(this.#sequence, 18);
    page.writeUInt8(segments, 26);
    page.fill(lacingLimit, pageHeaderBytes, pageHeaderBytes + segments - 1);
    page.writeUInt8(data.byteLength % lacingLimit, pageHeaderBytes + segments - 1);
    page.set(data, pageHeaderBytes + segments);
    page.writeUInt32LE(checksum(page), 22);
    this.#sequence += 1;
    return page;
  }
}

function checksum(page: Uint8Array): number {
  let remainder = 0;
  for (const byte of page) remainder = (remainder << 8) ^ (crcTable[(remainder >>> 24) ^ byte] ?? 0);
  return remainder >>> 0;
}
