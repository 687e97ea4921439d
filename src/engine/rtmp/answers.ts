import { SENT_CHUNK_BYTES } from './message.ts';
import type { MessageWriter } from './message.ts';

/** What servers of this protocol say they are; some encoders look at it. */
const SERVER_VERSION = 'FMS/3,0,1,123';
const SERVER_CAPABILITIES = 31;
const WINDOW_BYTES = 2_500_000;

/** The answer to `connect`, and what has to be said with it: Adobe's Real Time Messaging Protocol 1.0 §7.2.1.1. */
export function sayWelcome(writer: MessageWriter, transactionId: number): void {
  writer.announceWindow(WINDOW_BYTES);
  writer.announceChunkBytes(SENT_CHUNK_BYTES);
  writer.command([
    '_result',
    transactionId,
    { fmsVer: SERVER_VERSION, capabilities: SERVER_CAPABILITIES },
    {
      level: 'status',
      code: 'NetConnection.Connect.Success',
      description: 'Connection succeeded.',
      objectEncoding: 0,
    },
  ]);
}

export interface StreamNotice {
  readonly level: 'status' | 'error';
  /** Such as `NetStream.Publish.Start`. */
  readonly code: string;
  /** A sentence for a person. */
  readonly description: string;
}

/** How a stream fares: `onStatus`, §7.2.2. */
export function sayStatus(
  writer: MessageWriter,
  streamId: number,
  { level, code, description }: StreamNotice,
): void {
  writer.command(['onStatus', 0, null, { level, code, description }], streamId);
}

/** That a camera may push, in both forms that encoders wait for. */
export function sayPublished(writer: MessageWriter, streamId: number): void {
  const level = 'status';
  const code = 'NetStream.Publish.Start';
  const description = 'The stream is taken.';
  writer.command(['onFCPublish', 0, null, { level, code, description }], streamId);
  sayStatus(writer, streamId, { level, code, description });
}
