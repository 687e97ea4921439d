import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { WebSocket } from 'ws';
import type { z } from 'zod';
import {
  ConfigView,
  EngineFailure,
  EngineStatus,
  Health,
  enginePaths,
  type CameraId,
  type ConfigUpdate,
  type StreamName,
} from '../../../shared/engine-api/index.ts';
import { EngineGarbage, EngineRefusal, engineFailureOf } from './engine-failure.ts';
import { PinnedAgent, type PinnedPeer } from './pinned-agent.ts';

export interface EngineTarget extends PinnedPeer {
  /** What to call it in messages. */
  readonly nodeName: string;
  readonly token: string;
}

/**
 * One engine's HTTPS API with its certificate pinned. Every method but `openLive` and `close` fails with `unreachable`,
 * `timed-out`, `cancelled`, `engine-certificate-changed`, `unauthorized` or `engine-unhealthy`.
 */
export interface EngineClient {
  /** Sends no token. */
  health(signal: AbortSignal): Promise<Health>;
  status(signal: AbortSignal): Promise<EngineStatus>;
  config(signal: AbortSignal): Promise<ConfigView>;
  /** Fails with `conflict` when the version is stale. */
  putConfig(update: ConfigUpdate, signal: AbortSignal): Promise<ConfigView>;
  /** Comes back connecting; the caller owns it. What goes wrong arrives as its `error` event. */
  openLive(cameraId: CameraId, stream: StreamName, sound?: 'aac'): WebSocket;
  /** Drops idle connections and ends running requests. Live connections are their callers'. */
  close(): void;
}

/** Names the way to make a client, so that others can be given one. */
export type ConnectEngine = (target: EngineTarget) => EngineClient;

interface Exchange<S extends z.ZodType> {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly body?: object;
  readonly answer: S;
  readonly hasToken: boolean;
}

const requestTimeoutMs = 5000;
/** A status of 1,000 cameras takes about 1 MB. */
const maximumAnswerBytes = 8 * 1024 * 1024;
/** A message holds a few FLV tags; a key frame of 4K video stays below 4 MB. */
const maximumLiveMessageBytes = 16 * 1024 * 1024;
const maximumLiveConnections = 64;

export function connectEngine(target: EngineTarget): EngineClient {
  return new HttpsEngineClient(target);
}

/** The engine closed a kept connection just as it was used again. */
class StaleConnection extends Error {
  override readonly name = 'StaleConnection';
}

class HttpsEngineClient implements EngineClient {
  readonly #target: EngineTarget;
  readonly #agent: PinnedAgent;
  readonly #freshAgent: PinnedAgent;
  readonly #liveAgent: PinnedAgent;

  constructor(target: EngineTarget) {
    this.#target = target;
    this.#agent = new PinnedAgent(target, { keepAlive: true, maxSockets: 4, timeout: 60_000 });
    this.#freshAgent = new PinnedAgent(target, { keepAlive: false, maxSockets: 4 });
    this.#liveAgent = new PinnedAgent(target, { keepAlive: false, maxSockets: maximumLiveConnections });
  }

  health(signal: AbortSignal): Promise<Health> {
    return this.#ask({ method: 'GET', path: enginePaths.health, answer: Health, hasToken: false }, signal);
  }

  status(signal: AbortSignal): Promise<EngineStatus> {
    return this.#ask(
      { method: 'GET', path: enginePaths.status, answer: EngineStatus, hasToken: true },
      signal,
    );
  }

  config(signal: AbortSignal): Promise<ConfigView> {
    return this.#ask({ method: 'GET', path: enginePaths.config, answer: ConfigView, hasToken: true }, signal);
  }

  putConfig(update: ConfigUpdate, signal: AbortSignal): Promise<ConfigView> {
    return this.#ask(
      { method: 'PUT', path: enginePaths.config, body: update, answer: ConfigView, hasToken: true },
      signal,
    );
  }

  openLive(cameraId: CameraId, stream: StreamName, sound?: 'aac'): WebSocket {
    const query = sound === undefined ? '' : `?sound=${sound}`;
    return new WebSocket(`wss://${this.#host()}${enginePaths.live(cameraId, stream)}${query}`, {
      agent: this.#liveAgent,
      headers: this.#authorization(),
      handshakeTimeout: requestTimeoutMs,
      perMessageDeflate: false,
      maxPayload: maximumLiveMessageBytes,
      followRedirects: false,
    });
  }

  close(): void {
    this.#agent.destroy();
    this.#freshAgent.destroy();
  }

  async #ask<S extends z.ZodType>(exchange: Exchange<S>, signal: AbortSignal): Promise<z.output<S>> {
    try {
      return exchange.answer.parse(await this.#exchange(exchange, signal));
    } catch (error) {
      throw engineFailureOf(error, this.#target.nodeName, signal);
    }
  }

  async #exchange(exchange: Exchange<z.ZodType>, signal: AbortSignal): Promise<unknown> {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]);
    const response = await this.#send(exchange, deadline);
    const text = await readText(response);
    deadline.throwIfAborted();
    const status = response.statusCode ?? 0;
    // An unhealthy engine answers 503 with the same body.
    const isAnswer =
      (status >= 200 && status < 300) || (exchange.path === enginePaths.health && status === 503);
    if (isAnswer) return JSON.parse(text);
    throw new EngineRefusal(status, parseFailure(text));
  }

  async #send(exchange: Exchange<z.ZodType>, signal: AbortSignal): Promise<IncomingMessage> {
    try {
      return await this.#sendOnce(exchange, signal);
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error;
      // Every request here may be repeated: a configuration names the version it replaces.
      return this.#sendOnce(exchange, signal, 'fresh');
    }
  }

  #sendOnce(
    exchange: Exchange<z.ZodType>,
    signal: AbortSignal,
    connection: 'kept' | 'fresh' = 'kept',
  ): Promise<IncomingMessage> {
    const body = exchange.body === undefined ? undefined : Buffer.from(JSON.stringify(exchange.body));
    return new Promise((resolve, reject) => {
      const outgoing = httpsRequest(
        `https://${this.#host()}${exchange.path}`,
        {
          method: exchange.method,
          agent: connection === 'kept' ? this.#agent : this.#freshAgent,
          signal,
          headers: {
            ...(exchange.hasToken && this.#authorization()),
            ...(body && { 'content-type': 'application/json', 'content-length': body.length }),
          },
        },
        resolve,
      );
      outgoing.on('error', (error) => {
        if (signal.aborted) reject(signal.reason);
        else reject(outgoing.reusedSocket ? new StaleConnection('', { cause: error }) : error);
      });
      outgoing.end(body);
    });
  }

  #authorization(): { readonly authorization: string } {
    return { authorization: `Bearer ${this.#target.token}` };
  }

  #host(): string {
    const { address, port } = this.#target;
    return `${address.includes(':') ? `[${address}]` : address}:${port}`;
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let byteLength = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    byteLength += chunk.length;
    if (byteLength > maximumAnswerBytes) throw new EngineGarbage('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseFailure(text: string): EngineFailure | undefined {
  try {
    return EngineFailure.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
