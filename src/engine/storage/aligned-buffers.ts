/** What direct I/O wants addresses, lengths and file positions to be multiples of, in bytes: no disk has larger blocks. */
export const directBlockBytes = 4096;

const wasmPageBytes = 64 * 1024;

/**
 * A few buffers at addresses that direct I/O accepts. All lie in one `WebAssembly.Memory`, which the system aligns to pages
 * and hands out only as they are touched; the one given back last is handed out first, so an idle disk keeps to one buffer.
 */
export class AlignedBuffers {
  readonly bufferBytes: number;
  readonly #free: Uint8Array[];
  readonly #waiting: ((buffer: Uint8Array) => void)[] = [];

  /** `bufferBytes` is a multiple of 64 KiB. */
  constructor({ count, bufferBytes }: { readonly count: number; readonly bufferBytes: number }) {
    if (bufferBytes % wasmPageBytes !== 0)
      throw new RangeError(`A buffer has a multiple of ${wasmPageBytes} bytes, not ${bufferBytes}.`);
    this.bufferBytes = bufferBytes;
    const pages = (count * bufferBytes) / wasmPageBytes;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.#free = Array.from(
      { length: count },
      (_, index) => new Uint8Array(memory.buffer, (count - 1 - index) * bufferBytes, bufferBytes),
    );
  }

  /** A buffer, at once or when one is given back: in the order of asking. */
  take(): Promise<Uint8Array> | Uint8Array {
    const buffer = this.#free.pop();
    return buffer ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  giveBack(buffer: Uint8Array): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(buffer);
    else next(buffer);
  }
}
