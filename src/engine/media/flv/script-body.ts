import { ByteCollector } from './body-reader.ts';
import type { FlvBody, FlvBodyReader } from './body-reader.ts';

const USUAL_BYTES = 512;
/** What describes a stream is small; a larger body is passed over. */
const LARGEST_BYTES = 16 * 1024;

/** Reads the bodies of script tags (Adobe Flash Video File Format Specification 10.1 §E.4.4), whole or not at all. */
export class FlvScriptReader implements FlvBodyReader {
  readonly #onScript: (body: Buffer) => void;
  readonly #collected = new ByteCollector(USUAL_BYTES);

  constructor(onScript: (body: Buffer) => void) {
    this.#onScript = onScript;
  }

  begin({ byteLength }: FlvBody): void {
    this.#collected.restart(byteLength > LARGEST_BYTES ? 0 : byteLength);
  }

  push(bytes: Buffer, start: number, end: number): void {
    this.#collected.take(bytes, start, end);
  }

  end(): void {
    const { bytes, isComplete } = this.#collected;
    if (isComplete && bytes.length > 0) this.#onScript(bytes);
  }

  abort(): void {
    this.#collected.restart(0);
  }
}
