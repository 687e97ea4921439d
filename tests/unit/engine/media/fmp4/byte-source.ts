import type { ByteSource } from '../../../../../src/engine/media/fmp4/index.ts';

/** A file in memory. */
export function byteSource(bytes: Uint8Array): ByteSource {
  return {
    byteLength: bytes.byteLength,
    read: (position, byteLength) => Promise.resolve(bytes.subarray(position, position + byteLength)),
  };
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Hexadecimal text as people group it, without the spaces. */
export function plain(text: string): string {
  return text.replaceAll(' ', '');
}
