import { allocatePages, pageBytes } from '../media/page-memory.ts';

/** A few buffers at addresses that direct I/O accepts. The one given back last is handed out first: an idle disk keeps to one. */
export class AlignedBuffers {
  readonly bufferBytes: number;
  readonly #free: Uint8Array[];
  readonly #waiting: ((buffer: Uint8Array) => void)[] = [];

  /** `bufferBytes` are whole pages, and all buffers together a multiple of 64 KiB. */
  constructor({ count, bufferBytes }: { readonly count: number; readonly bufferBytes: number }) {
    if (bufferBytes % pageBytes !== 0)
      throw new RangeError(`A buffer has whole pages of ${pageBytes} bytes, not ${bufferBytes} bytes.`);
    this.bufferBytes = bufferBytes;
    const memory = allocatePages(count * bufferBytes);
    this.#free = Array.from(
      { length: count },
      (_, index) => new Uint8Array(memory, (count - 1 - index) * bufferBytes, bufferBytes),
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
