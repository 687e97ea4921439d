import { ChunkReader } from '../../../../src/engine/rtmp/chunk-reader.ts';
import type { ChunkFault } from '../../../../src/engine/rtmp/chunk-reader.ts';

export interface ReadMessage {
  readonly type: number;
  readonly streamId: number;
  readonly timestampMs: number;
  readonly payload: string;
  readonly isAborted?: true;
}

export interface ReadChunks {
  readonly messages: readonly ReadMessage[];
  readonly fault: ChunkFault | undefined;
}

/** What a reader makes of pieces. */
export function readChunks(
  pieces: readonly Buffer[],
  options: {
    readonly chunkBytes?: number;
    readonly largestMessageBytes?: number;
    readonly maximumChunkStreams?: number;
  } = {},
): ReadChunks {
  const messages: ReadMessage[] = [];
  const reader = new ChunkReader({
    events: {
      onMessage: ({ type, streamId, timestampMs }) => {
        const received: Buffer[] = [];
        const told = (): Omit<ReadMessage, 'isAborted'> => ({
          type,
          streamId,
          timestampMs,
          payload: Buffer.concat(received).toString('latin1'),
        });
        return {
          push: (bytes, start, end) => void received.push(Buffer.from(bytes.subarray(start, end))),
          end: () => void messages.push(told()),
          abort: () => void messages.push({ ...told(), isAborted: true }),
        };
      },
    },
    largestMessageBytes: () => options.largestMessageBytes ?? 100_000,
    ...(options.maximumChunkStreams === undefined
      ? {}
      : { maximumChunkStreams: options.maximumChunkStreams }),
  });
  if (options.chunkBytes !== undefined) reader.setChunkBytes(options.chunkBytes);
  let fault: ChunkFault | undefined;
  for (const piece of pieces) fault = reader.push(piece, 0, piece.length);
  return { messages, fault };
}

export function inPiecesOf(bytes: Buffer, pieceBytes: number): readonly Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, index) =>
    bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  );
}
