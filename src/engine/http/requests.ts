import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../shared/domain/clock.ts';
import { parseJson } from '../platform/state-file.ts';
import { ApiFailure } from './failure.ts';

const URL_LIMIT_CHARACTERS = 2_048;
const BODY_LIMIT_BYTES = 2 * 1_048_576;
/** Of a refused body so much is thrown away, and no longer waited for. */
const DISCARD_LIMIT_BYTES = 8 * 1_048_576;
const DISCARD_PATIENCE_MS = 2_000;

/** Path and query of a request. Throws `ApiFailure`. */
export function requestTarget(request: IncomingMessage): URL {
  const target = request.url ?? '';
  if (target.length > URL_LIMIT_CHARACTERS) {
    throw new ApiFailure(
      'invalid-request',
      `The address is longer than ${URL_LIMIT_CHARACTERS} characters.`,
      {
        status: 414,
      },
    );
  }
  const url = target.startsWith('/') ? URL.parse(`https://engine${target}`) : null;
  if (url === null || url.host !== 'engine') {
    throw new ApiFailure('invalid-request', 'The address was not understood.');
  }
  return url;
}

/** Reads and parses a JSON body of bounded size. Throws `ApiFailure`. */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  const tooLarge = new ApiFailure(
    'invalid-request',
    `The body is larger than ${BODY_LIMIT_BYTES} bytes, the most that is taken.`,
    { status: 413 },
  );
  if (!/^application\/json(;|$)/i.test(request.headers['content-type'] ?? '')) {
    throw new ApiFailure('invalid-request', 'The body must be JSON (content-type application/json).', {
      status: 415,
    });
  }
  if (Number(request.headers['content-length'] ?? 0) > BODY_LIMIT_BYTES) throw tooLarge;
  const chunks: Buffer[] = [];
  let byteLength = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) continue;
    byteLength += chunk.length;
    if (byteLength > BODY_LIMIT_BYTES) throw tooLarge;
    chunks.push(chunk);
  }
  const body = parseJson(Buffer.concat(chunks).toString('utf8'));
  if (body === undefined) throw new ApiFailure('invalid-request', 'The body is not valid JSON.');
  return body;
}

/**
 * Reads what remains of a refused body and throws it away. A client that still sends when its connection is closed may never
 * get to read why (RFC 9112 §9.6). Resolves when the body has ended, or more of it is not waited for.
 */
export async function discardBody(request: IncomingMessage, clock: Clock): Promise<void> {
  if (request.complete || request.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  let byteLength = 0;
  const onData = (chunk: Uint8Array): void => {
    byteLength += chunk.byteLength;
    if (byteLength > DISCARD_LIMIT_BYTES) resolve();
  };
  const patience = clock.after(DISCARD_PATIENCE_MS, resolve);
  request.on('data', onData).once('end', resolve).once('close', resolve);
  await promise;
  patience[Symbol.dispose]();
  request.off('data', onData).pause();
}
