const tagHeaderLength = 11;
const fileHeaderLength = 9;
const previousTagSizeLength = 4;
const videoTagType = 9;
const avcNalUnits = 1;

/** Counts coded pictures in an FLV byte stream (Adobe FLV 10.1, annex E), whatever its pieces. */
export class FlvFrameCounter {
  #pending = new Uint8Array(0);
  #sawHeader = false;
  frames = 0;

  /** @throws Error when the bytes are not FLV */
  push(chunk: Uint8Array): void {
    const bytes = new Uint8Array(this.#pending.length + chunk.length);
    bytes.set(this.#pending);
    bytes.set(chunk, this.#pending.length);
    let offset = 0;
    if (!this.#sawHeader) {
      if (bytes.length < fileHeaderLength + previousTagSizeLength) {
        this.#pending = bytes;
        return;
      }
      if (bytes[0] !== 0x46 || bytes[1] !== 0x4c || bytes[2] !== 0x56) throw new Error('not an FLV stream');
      this.#sawHeader = true;
      offset = fileHeaderLength + previousTagSizeLength;
    }
    while (bytes.length - offset >= tagHeaderLength) {
      const view = new DataView(bytes.buffer, offset);
      const size = view.getUint32(0) & 0xffffff;
      const whole = tagHeaderLength + size + previousTagSizeLength;
      if (bytes.length - offset < whole) break;
      const isPicture = bytes[offset + tagHeaderLength + 1] === avcNalUnits;
      if (view.getUint8(0) === videoTagType && size > 1 && isPicture) this.frames += 1;
      offset += whole;
    }
    this.#pending = bytes.slice(offset);
  }
}

/** Resolves with the count once `wanted` pictures have come, closing the socket; rejects when it closes before. */
export function countLiveFrames(socket: WebSocket, wanted: number, signal: AbortSignal): Promise<number> {
  const counter = new FlvFrameCounter();
  return new Promise((resolve, reject) => {
    const finish = (error?: Error) => {
      socket.close();
      if (error === undefined) resolve(counter.frames);
      else reject(error);
    };
    socket.addEventListener('message', ({ data }) => {
      try {
        counter.push(new Uint8Array(data));
      } catch (error) {
        finish(error instanceof Error ? error : new Error(String(error)));
      }
      if (counter.frames >= wanted) finish();
    });
    socket.addEventListener('close', ({ code, reason }) => {
      finish(new Error(`live stream closed after ${counter.frames} frames (${code} ${reason})`));
    });
    socket.addEventListener('error', () =>
      finish(new Error(`live stream failed after ${counter.frames} frames`)),
    );
    signal.addEventListener('abort', () => finish(new Error(`gave up after ${counter.frames} live frames`)));
  });
}
