/** A viewer's end of a live stream. None of these may throw; `close` may dispose of the viewing, and nothing else calls back. */
export interface ViewerSink {
  /** One binary message; the bytes are shared with other viewers and never change. */
  send(bytes: Uint8Array): void;
  /** Bytes accepted by `send` that have not reached the network. */
  bufferedBytes(): number;
  /** `code` is one of `liveCloseCodes`. */
  close(code: number, reason: string): void;
}
