/**
 * So much is handed to a connection at a time. TLS encrypts what it is given in one piece, and keeps a buffer of that size for
 * as long as the connection lasts; and what is still here when a connection stalls can be seen to leave, or be dropped.
 */
const windowBytes = 64 * 1024;

/** Hands a piece of a message to the connection; `onWritten` is called later, once, when the network has it or never will. */
export type WritePiece = (
  piece: Uint8Array,
  options: { readonly isLastOfMessage: boolean },
  onWritten: () => void,
) => void;

/** Sends messages in small pieces, the next when the connection has taken the one before. */
export class PacedWriter {
  readonly #write: WritePiece;
  readonly #messages: Uint8Array[] = [];
  /** Of the first message, handed over already. */
  #offset = 0;
  #waitingBytes = 0;
  #handedOverBytes = 0;
  #writtenBytes = 0;

  constructor(write: WritePiece) {
    this.#write = write;
  }

  /** Accepted and not on the network yet. */
  get bufferedBytes(): number {
    return this.#waitingBytes + this.#handedOverBytes;
  }

  /** What the network has taken since the beginning. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** The bytes may not change any more. */
  send(bytes: Uint8Array): void {
    this.#messages.push(bytes);
    this.#waitingBytes += bytes.byteLength;
    this.#handOver(windowBytes);
  }

  /** Hands everything over: the connection is about to end in an orderly way. */
  flush(): void {
    this.#handOver(Number.POSITIVE_INFINITY);
  }

  /** Forgets what waits: the connection is about to end, and nobody would wait for it. */
  discard(): void {
    this.#messages.length = 0;
    this.#offset = 0;
    this.#waitingBytes = 0;
  }

  #handOver(limitBytes: number): void {
    for (let message = this.#messages[0]; message !== undefined; message = this.#messages[0]) {
      const byteLength = Math.min(message.byteLength - this.#offset, windowBytes);
      if (this.#handedOverBytes > 0 && this.#handedOverBytes + byteLength > limitBytes) return;
      const piece = message.subarray(this.#offset, this.#offset + byteLength);
      this.#offset += byteLength;
      const isLastOfMessage = this.#offset === message.byteLength;
      if (isLastOfMessage) {
        this.#messages.shift();
        this.#offset = 0;
      }
      this.#waitingBytes -= byteLength;
      this.#handedOverBytes += byteLength;
      this.#write(piece, { isLastOfMessage }, () => {
        this.#handedOverBytes -= byteLength;
        this.#writtenBytes += byteLength;
        this.#handOver(windowBytes);
      });
    }
  }
}
