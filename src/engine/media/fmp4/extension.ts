import { box } from './box.ts';

const identifierBytes = 16;

/** A `uuid` box (ISO/IEC 14496-12 §11.1): content of our own that every reader skips. `identifier` is 16 bytes. */
export function writeExtension(identifier: Uint8Array, content: Uint8Array): Uint8Array {
  return box('uuid', identifier, content);
}

/** The content of the extension with this identifier among those `scanFile` found. */
export function findExtension(
  extensions: readonly Uint8Array[],
  identifier: Uint8Array,
): Uint8Array | undefined {
  return extensions
    .find((payload) => Buffer.compare(payload.subarray(0, identifierBytes), identifier) === 0)
    ?.subarray(identifierBytes);
}
