import { request as requestPlain, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Credentials } from '../../../shared/engine-api/index.ts';
import { answerChallenge, strongestChallenge } from './digest.ts';

export interface CameraRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A longer answer is an `AnswerTooLong`. */
  readonly maximumBytes: number;
  readonly timeoutMs: number;
}

export interface CameraAnswer {
  readonly status: number;
  /** `WWW-Authenticate`, one entry a header line. */
  readonly challenges: readonly string[];
  readonly body: Buffer;
}

export class AnswerTooLong extends Error {
  override readonly name = 'AnswerTooLong';
}

/**
 * One HTTP exchange with a camera. Redirects are not followed, since they could lead anywhere. Rejects with the socket's or
 * HTTP parser's error, `AnswerTooLong`, or the signal's reason (`TimeoutError` after `timeoutMs`).
 */
export async function askCamera(request: CameraRequest, signal: AbortSignal): Promise<CameraAnswer> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(request.timeoutMs)]);
  const response = await send(request, deadline);
  const chunks: Buffer[] = [];
  let byteLength = 0;
  // Errors of the stream, and the abort that destroys it, end the loop by rejecting.
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    byteLength += chunk.length;
    if (byteLength > request.maximumBytes) {
      throw new AnswerTooLong(`more than ${request.maximumBytes} bytes`);
    }
    chunks.push(chunk);
  }
  deadline.throwIfAborted();
  return {
    status: response.statusCode ?? 0,
    challenges: response.headersDistinct['www-authenticate'] ?? [],
    body: Buffer.concat(chunks),
  };
}

function send(request: CameraRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const body = request.body === undefined ? undefined : Buffer.from(request.body, 'utf8');
  const options: RequestOptions = {
    method: request.method,
    headers: { ...request.headers, ...(body && { 'content-length': body.length }) },
    // A connection an exchange: many cameras close kept ones at any moment.
    agent: false,
    signal,
  };
  return new Promise((resolve, reject) => {
    const outgoing =
      request.url.protocol === 'https:'
        ? // Cameras come with certificates that nobody signed; digest authentication does not need to trust them.
          requestTls(request.url, { ...options, rejectUnauthorized: false }, resolve)
        : requestPlain(request.url, options, resolve);
    outgoing.on('error', (error) => reject(signal.aborted ? signal.reason : error));
    outgoing.end(body);
  });
}

/** The same; a 401 with a Digest challenge is answered once. */
export async function askCameraWithDigest(
  request: CameraRequest,
  credentials: Credentials | undefined,
  signal: AbortSignal,
): Promise<CameraAnswer> {
  const first = await askCamera(request, signal);
  const challenge = first.status === 401 ? strongestChallenge(first.challenges) : undefined;
  if (!challenge || !credentials) return first;
  const authorization = answerChallenge(challenge, credentials, {
    method: request.method,
    uri: `${request.url.pathname}${request.url.search}`,
  });
  return askCamera({ ...request, headers: { ...request.headers, authorization } }, signal);
}
