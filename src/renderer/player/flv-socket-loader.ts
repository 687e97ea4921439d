/* oxlint-disable no-underscore-dangle -- mpegts.js keeps a loader's state in fields of these names */
import type Mpegts from 'mpegts.js';

export interface FlvSocketEvents {
  readonly onConnected: () => void;
  readonly onBytes: (byteLength: number) => void;
  readonly onClosed: (code: number) => void;
}

/**
 * mpegts.js's own WebSocket loader keeps the close code to itself, and that code says why the engine hung up
 * (`liveCloseCodes`). This one reports it, and when the handshake is over.
 */
export function createFlvSocketLoader(
  mpegts: typeof Mpegts,
  events: FlvSocketEvents,
): Mpegts.CustomLoaderConstructor {
  return class FlvSocketLoader extends mpegts.BaseLoader {
    #socket: WebSocket | undefined;
    #receivedBytes = 0;

    constructor() {
      super('flv-socket-loader');
      this._needStash = true;
    }

    override open(source: Mpegts.MediaSegment): void {
      const socket = new WebSocket(source.url);
      this.#socket = socket;
      this._status = mpegts.LoaderStatus.kConnecting;
      socket.binaryType = 'arraybuffer';
      socket.addEventListener('open', () => {
        this._status = mpegts.LoaderStatus.kBuffering;
        events.onConnected();
      });
      socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        if (!(data instanceof ArrayBuffer) || this.#socket !== socket) return;
        const byteStart = this.#receivedBytes;
        this.#receivedBytes += data.byteLength;
        events.onBytes(data.byteLength);
        this.onDataArrival(data, byteStart, this.#receivedBytes);
      });
      socket.addEventListener('close', ({ code }) => {
        if (this.#socket !== socket) return;
        this.#socket = undefined;
        this._status = mpegts.LoaderStatus.kComplete;
        events.onClosed(code);
      });
    }

    override abort(): void {
      const socket = this.#socket;
      this.#socket = undefined;
      this._status = mpegts.LoaderStatus.kComplete;
      socket?.close();
    }

    override destroy(): void {
      this.abort();
      super.destroy();
    }
  };
}
