import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { errorCode } from '../platform/layout.ts';
import type { Answer } from './answer.ts';
import type { AnswerMemory } from './answer-memory.ts';
import { parseByteRange } from './byte-range.ts';
import { ApiFailure } from './failure.ts';

const SLICE_BYTES = 64 * 1024;

export const commonHeaders = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

/** Sends what a route answered. Throws `ApiFailure` while nothing has been sent yet. */
export async function sendAnswer(
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  answer: Exclude<Answer, { kind: 'stream' }>,
  memory: AnswerMemory,
): Promise<void> {
  switch (answer.kind) {
    case 'json':
      sendJson(response, answer.status, { body: answer.body, headers: {} });
      return;
    case 'text':
      response
        .writeHead(200, { ...commonHeaders, ...answer.headers, 'content-type': answer.contentType })
        .end(answer.text);
      return;
    case 'file':
      await sendFile(request, response, answer);
      return;
    case 'bytes':
      await sendBytes(response, answer, memory);
      return;
  }
}

async function sendBytes(
  response: ServerResponse,
  answer: Extract<Answer, { kind: 'bytes' }>,
  memory: AnswerMemory,
): Promise<void> {
  using held = memory.hold(answer.chunks);
  if (held === undefined) {
    throw new ApiFailure(
      'unavailable',
      'Too much waits for clients that do not read. Ask again in a second.',
      {
        headers: { 'retry-after': '1' },
      },
    );
  }
  response.writeHead(200, {
    ...commonHeaders,
    'content-type': answer.contentType,
    'content-length': answer.chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0),
  });
  await pipeline(sliced(answer.chunks), response);
}

/** One write would encrypt all of it at once, for every client anew, whether that reads or not. */
function* sliced(chunks: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const chunk of chunks) {
    for (let start = 0; start < chunk.byteLength; start += SLICE_BYTES)
      yield chunk.subarray(start, start + SLICE_BYTES);
  }
}

async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { file, contentType }: Extract<Answer, { kind: 'file' }>,
): Promise<void> {
  const range = parseByteRange(request.headers.range, file.byteLength);
  if (range.kind === 'unsatisfiable') {
    throw new ApiFailure(
      'invalid-request',
      `The file has ${file.byteLength} bytes; the range asked for lies behind its end.`,
      {
        status: 416,
        headers: { 'content-range': `bytes */${file.byteLength}` },
      },
    );
  }
  const { first, last } = range.kind === 'part' ? range : { first: 0, last: file.byteLength - 1 };
  const headers = {
    ...commonHeaders,
    'content-type': contentType,
    'accept-ranges': 'bytes',
    'content-length': last - first + 1,
    ...(range.kind === 'part' ? { 'content-range': `bytes ${first}-${last}/${file.byteLength}` } : {}),
  };
  if (file.byteLength === 0) {
    response.writeHead(200, headers).end();
    return;
  }
  const chunks = file.read({ first, last })[Symbol.asyncIterator]();
  // Read before the status goes out: a file deleted a moment ago is a 404, not a broken download.
  const start = await chunks.next().catch((error: unknown) => {
    throw errorCode(error) === 'ENOENT'
      ? new ApiFailure('not-found', 'The segment was deleted to make room.')
      : new ApiFailure('unavailable', `The segment cannot be read (${errorCode(error)}).`);
  });
  response.writeHead(range.kind === 'part' ? 206 : 200, headers);
  const sent = { byteLength: 0 };
  await pipeline(counted(start, chunks, sent), response, { end: false });
  if (sent.byteLength < last - first + 1) {
    // The file became shorter; ending properly would leave the client waiting for the rest.
    response.destroy();
    return;
  }
  response.end();
}

/** What was read already and what follows; a client who leaves ends the reading. */
async function* counted(
  start: IteratorResult<Uint8Array>,
  rest: AsyncIterator<Uint8Array>,
  sent: { byteLength: number },
): AsyncGenerator<Uint8Array> {
  try {
    for (let next = start; next.done !== true; next = await rest.next()) {
      sent.byteLength += next.value.byteLength;
      yield next.value;
    }
  } finally {
    await rest.return?.();
  }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  content: { readonly body: object; readonly headers: Readonly<Record<string, string>> },
): void {
  const text = JSON.stringify(content.body);
  response
    .writeHead(status, {
      ...commonHeaders,
      ...content.headers,
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
    })
    .end(text);
}
