import { InterleavedReader } from '../../../../src/engine/rtsp/interleaved-reader.ts';
import type { InterleavedFault } from '../../../../src/engine/rtsp/interleaved-reader.ts';
import type { RtspMessage } from '../../../../src/engine/rtsp/message.ts';

export type Unit = { readonly channel: number; readonly payload: string } | { readonly message: RtspMessage };

/** Feeds chunks to a reader whose channels 0 to 3 are in use, through one receive buffer as a socket does. */
export function readChunks(chunks: Iterable<Buffer>): {
  readonly units: readonly Unit[];
  readonly fault: InterleavedFault | undefined;
  readonly skippedBytes: number;
} {
  const units: Unit[] = [];
  const reader = new InterleavedReader({
    onMessage: (message) => units.push({ message }),
    onFrame: (channel, bytes, { start, end }) =>
      units.push({ channel, payload: bytes.toString('hex', start, end) }),
    isKnownChannel: (channel) => channel < 4,
  });
  const receiveBuffer = Buffer.alloc(256 * 1024);
  let fault: InterleavedFault | undefined;
  for (const chunk of chunks) {
    chunk.copy(receiveBuffer);
    fault = reader.push(receiveBuffer, chunk.length);
    // Whatever was not copied out is gone, as with the next read.
    receiveBuffer.fill(0xee, 0, chunk.length);
    if (fault !== undefined) break;
  }
  return { units, fault, skippedBytes: reader.skippedBytes };
}

export function* inChunksOf(size: number, bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export function frame(channel: number, payload: Buffer): Buffer {
  const header = Buffer.from([0x24, channel, 0, 0]);
  header.writeUInt16BE(payload.length, 2);
  return Buffer.concat([header, payload]);
}
