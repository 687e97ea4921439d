import { request } from 'node:https';
import type { RequestOptions } from 'node:https';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  json(): unknown;
}

export interface AskOptions {
  readonly method?: string;
  readonly token?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request to an engine on this machine, on a connection of its own. */
export function askEngine(port: number, path: string, options: AskOptions = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const asked = request(engineRequest(port, path, options), (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () => {
      const body = Buffer.concat(chunks);
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body,
        json: () => JSON.parse(body.toString('utf8')),
      });
    });
  });
  asked.on('error', reject);
  asked.end(options.body);
  return promise;
}

export function engineRequest(port: number, path: string, options: AskOptions = {}): RequestOptions {
  return {
    host: '127.0.0.1',
    port,
    path,
    method: options.method ?? 'GET',
    headers: {
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    // Trust is the pin's, which a test of its own checks.
    rejectUnauthorized: false,
    agent: false,
  };
}
