import type { ServerResponse } from 'node:http';
import { liveCloseCodes } from '../../shared/engine-api/index.ts';
import type { OpenStream } from './answer.ts';
import { commonHeaders } from './send-answer.ts';
import { ApiFailure } from './failure.ts';
import type { LongConnections } from './long-connections.ts';
import { PacedWriter } from './paced-writer.ts';

interface StreamAnswerOptions {
  readonly contentType: string;
  readonly open: OpenStream;
  readonly connections: LongConnections;
  readonly tokenId: string | undefined;
}

/** Sends an answer without an end; resolves when the client is gone or the stream has ended. Throws `ApiFailure` before that. */
export async function sendStream(response: ServerResponse, options: StreamAnswerOptions): Promise<void> {
  const { contentType, open, connections, tokenId } = options;
  const closed = new Promise<void>((resolve) => {
    response.once('close', resolve);
  });
  using session = new DisposableStack();
  const writer = new PacedWriter((piece, _options, onWritten) => void response.write(piece, onWritten));
  // Nothing may be written after the end.
  const close = (code: number): void => {
    if (session.disposed) return;
    session.dispose();
    const isOrderly = code === liveCloseCodes.streamEnded || code === liveCloseCodes.shuttingDown;
    if (isOrderly) {
      writer.flush();
      response.end();
    } else {
      writer.discard();
      response.destroy();
    }
  };
  const entry = connections.add({ tokenId, close });
  if (entry === undefined) {
    throw new ApiFailure('too-many', `This engine serves ${connections.maximum} viewers at most.`);
  }
  session.use(entry);
  for (const [name, value] of Object.entries({ ...commonHeaders, 'content-type': contentType })) {
    response.setHeader(name, value);
  }
  const outlet = {
    send: (bytes: Uint8Array) => {
      if (!session.disposed) writer.send(bytes);
    },
    bufferedBytes: () => writer.bufferedBytes,
    close,
  };
  const stream = open(outlet);
  // It may have ended before it began.
  if (session.disposed) stream[Symbol.dispose]();
  else session.use(stream);
  if (!response.headersSent) response.flushHeaders();
  await closed;
}
