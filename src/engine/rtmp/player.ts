import type { ViewerSink } from '../live/index.ts';
import { liveCloseCodes } from '../../shared/engine-api/index.ts';
import { sayStatus } from './answers.ts';
import { chunkStreams, messageChunks, messageTypes, userControlEvents } from './message.ts';
import type { MessageWriter } from './message.ts';

export interface PlayerOutlet {
  readonly writer: MessageWriter;
  /** Sends pieces together; they are shared and never change. */
  write(pieces: Iterable<Uint8Array>): void;
  bufferedBytes(): number;
  /** Ends the connection when everything is sent; `reason` is a sentence for the log. */
  close(reason: string): void;
  onTooSlow(): void;
}

const FLV_FILE_HEADER_BYTES = 13;
const FLV_SIGNATURE = 0x46;
const FLV_TAG_HEADER_BYTES = 11;
const FLV_TAG_END_BYTES = 4;

/**
 * Sends a live stream to an RTMP player. What comes is FLV as every viewer of the stream gets it; a tag's body is a
 * message's payload, and is sent on where it lies.
 */
export class RtmpPlayer implements ViewerSink {
  readonly #outlet: PlayerOutlet;
  readonly #streamId: number;
  #isStarted = false;
  /** Players begin at 0. */
  #originMs: number | undefined;

  constructor(streamId: number, outlet: PlayerOutlet) {
    this.#streamId = streamId;
    this.#outlet = outlet;
  }

  /** Tells the player that it may wait for the stream; harmless when it has been told. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const { writer } = this.#outlet;
    writer.userControl(userControlEvents.streamBegin, this.#streamId);
    for (const code of ['NetStream.Play.Reset', 'NetStream.Play.Start'] as const) {
      sayStatus(writer, this.#streamId, { level: 'status', code, description: 'Live.' });
    }
    this.#outlet.write([
      ...messageChunks(
        {
          chunkStreamId: chunkStreams.data,
          type: messageTypes.data,
          streamId: this.#streamId,
          timestampMs: 0,
          payload: SAMPLE_ACCESS,
        },
        writer.chunkBytes,
      ),
    ]);
  }

  send(bytes: Uint8Array): void {
    this.start();
    this.#outlet.write(this.#messages(bytes));
  }

  bufferedBytes(): number {
    return this.#outlet.bufferedBytes();
  }

  close(code: number, reason: string): void {
    if (code === liveCloseCodes.tooSlow) this.#outlet.onTooSlow();
    const { writer } = this.#outlet;
    const notice = { level: 'status', code: 'NetStream.Play.Stop', description: reason } as const;
    sayStatus(writer, this.#streamId, notice);
    writer.userControl(userControlEvents.streamEnd, this.#streamId);
    this.#outlet.close(reason);
  }

  /** What was sent to us are whole tags, the first time after a file header. */
  *#messages(bytes: Uint8Array): Generator<Uint8Array> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = bytes[0] === FLV_SIGNATURE ? FLV_FILE_HEADER_BYTES : 0;
    while (at + FLV_TAG_HEADER_BYTES <= bytes.byteLength) {
      const typeAndSize = view.getUint32(at);
      const byteLength = typeAndSize & 0xffffff;
      const begin = at + FLV_TAG_HEADER_BYTES;
      // The low 24 bits of the time, then its high 8 bits.
      const timestampMs = (view.getUint32(at + 4) >>> 8) + view.getUint8(at + 7) * 2 ** 24;
      this.#originMs ??= timestampMs;
      const type = typeAndSize >>> 24;
      yield* messageChunks(
        {
          chunkStreamId: chunkStreamOf(type),
          type,
          streamId: this.#streamId,
          timestampMs: Math.max(0, timestampMs - this.#originMs),
          payload: bytes.subarray(begin, begin + byteLength),
        },
        this.#outlet.writer.chunkBytes,
      );
      at = begin + byteLength + FLV_TAG_END_BYTES;
    }
  }
}

/** `|RtmpSampleAccess` with two booleans, which some players wait for. */
const SAMPLE_ACCESS = Buffer.concat([
  Buffer.of(2, 0, 17),
  Buffer.from('|RtmpSampleAccess', 'latin1'),
  Buffer.of(1, 1, 1, 1),
]);

/** FLV's tag types are RTMP's message types. */
function chunkStreamOf(type: number): number {
  if (type === messageTypes.audio) return chunkStreams.audio;
  return type === messageTypes.video ? chunkStreams.video : chunkStreams.data;
}
