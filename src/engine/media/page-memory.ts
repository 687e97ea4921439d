/** What the system maps memory in. */
export const pageBytes = 4096;

/** Fewer bytes side by side are copied: that costs less than to write them from where they lie. */
export const smallestInPlaceBytes = 64 * 1024;

const wasmPageBytes = 64 * 1024;
const pageMemories = new WeakSet<ArrayBufferLike>();

/**
 * Memory that begins at a page of the system, which direct I/O can read where it lies; the system hands it out as it is touched.
 * `byteLength` is a multiple of 64 KiB: it is a `WebAssembly.Memory`, the one kind whose address is known to be a page's.
 */
export function allocatePages(byteLength: number): ArrayBuffer {
  if (byteLength % wasmPageBytes !== 0)
    throw new RangeError(`Memory in pages has a multiple of ${wasmPageBytes} bytes, not ${byteLength}.`);
  const pages = byteLength / wasmPageBytes;
  const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages });
  pageMemories.add(buffer);
  return buffer;
}

/** How far into a page the bytes begin; undefined where nothing is known of their address. */
export function pageOffsetOf(bytes: Uint8Array): number | undefined {
  return pageMemories.has(bytes.buffer) ? bytes.byteOffset % pageBytes : undefined;
}
