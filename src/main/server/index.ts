import { existsSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import fastifyStatic from '@fastify/static';
import Fastify, { type FastifyInstance } from 'fastify';
import { SessionGrant, SessionRequest, deskPaths } from '../../shared/contract/index.ts';
import type { Failure } from '../../shared/contract/index.ts';
import { DeskError } from '../failure.ts';
import type { Log } from '../platform/ports.ts';
import { admit } from './guard.ts';
import type { OneTimeSecrets, SessionTokens } from './one-time-secrets.ts';
import type { LiveRelay } from './relay.ts';
import type { RpcServer } from './rpc.ts';
import { rpcLimits } from './rpc.ts';
import { securityHeaders } from './security-headers.ts';

/** Only this machine: a wall display in another room goes through a master, never through the desk. */
const loopbackAddress = '127.0.0.1';

export const serverLimits = {
  connections: 256,
  bodyBytes: 1024,
  requestMs: 10_000,
} as const;

export interface DeskServerOptions {
  /** 0 chooses a free one. */
  readonly port: number;
  /** The built page. */
  readonly pageDirectory: string;
  readonly codes: OneTimeSecrets<true>;
  readonly tokens: SessionTokens;
  readonly rpc: RpcServer;
  readonly relay: LiveRelay;
  readonly log: Log;
}

/** What the desk serves on loopback: the page, the sign-in, RPC and live media. */
export class DeskServer {
  readonly #options: DeskServerOptions;
  readonly #http: FastifyInstance;
  #authority = '';

  constructor(options: DeskServerOptions) {
    this.#options = options;
    this.#http = Fastify({
      logger: false,
      bodyLimit: serverLimits.bodyBytes,
      requestTimeout: serverLimits.requestMs,
      forceCloseConnections: true,
    });
    this.#http.server.maxConnections = serverLimits.connections;
  }

  /** Answers the port. Throws `port-in-use`. */
  async start(): Promise<number> {
    this.#protect();
    this.#serveSession();
    this.#servePage();
    this.#http.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade({ request, socket, head }),
    );
    try {
      await this.#http.listen({ host: loopbackAddress, port: this.#options.port });
    } catch (error) {
      await this.#http.close();
      throw asDeskError(error, this.#options.port);
    }
    const { port } = addressOf(this.#http);
    this.#authority = `${loopbackAddress}:${port}`;
    return port;
  }

  async stop(): Promise<void> {
    this.#options.rpc.stop();
    this.#options.relay.stop();
    await this.#http.close();
  }

  #protect(): void {
    this.#http.removeAllContentTypeParsers();
    this.#http.addContentTypeParser(
      'application/json',
      { parseAs: 'string' },
      this.#http.getDefaultJsonParser('error', 'error'),
    );
    this.#http.addHook('onRequest', async (request, reply) => {
      reply.headers(securityHeaders(this.#authority));
      const needsOrigin = request.method !== 'GET' && request.method !== 'HEAD';
      const admission = admit({ headers: request.headers, needsOrigin }, this.#authority);
      if (admission.kind === 'refused')
        await reply
          .code(admission.status)
          .send({ code: 'unauthorized', message: admission.reason } satisfies Failure);
    });
    this.#http.setNotFoundHandler((_request, reply) =>
      reply.code(404).send({ code: 'not-found', message: 'There is nothing here.' } satisfies Failure),
    );
    this.#http.setErrorHandler((error, request, reply) => {
      const status = statusOf(error);
      if (status >= 500) this.#options.log.error({ method: request.method, error }, 'A request met a bug.');
      const failure: Failure =
        status >= 500
          ? { code: 'internal', message: 'Something went wrong inside Belvedere.' }
          : { code: 'invalid-input', message: 'The desk cannot read this request.' };
      return reply.code(status).send(failure);
    });
  }

  #serveSession(): void {
    const { codes, tokens, log } = this.#options;
    this.#http.post(deskPaths.session, async (request, reply) => {
      reply.header('cache-control', 'no-store');
      const parsed = SessionRequest.safeParse(request.body);
      if (!parsed.success || codes.redeem(parsed.data.code) === undefined) {
        log.warn({}, 'A window came with a code that is wrong, used or too old.');
        const failure: Failure = {
          code: 'unauthorized',
          message: 'This link was used already or is older than a minute.',
          remedy: 'Open Belvedere again.',
        };
        return reply.code(401).send(failure);
      }
      return SessionGrant.parse({ token: tokens.issue() });
    });
  }

  #servePage(): void {
    const { pageDirectory, log } = this.#options;
    if (!existsSync(pageDirectory)) {
      log.warn({ pageDirectory }, 'The page is not built, so only the desk answers.');
      return;
    }
    this.#http.register(fastifyStatic, {
      root: pageDirectory,
      cacheControl: false,
      dotfiles: 'ignore',
      index: ['index.html'],
      // Files under assets carry a hash of their content in their name; everything else is asked for again.
      setHeaders: (reply, path) => {
        const isHashed = path.slice(pageDirectory.length).replaceAll('\\', '/').startsWith('/assets/');
        reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-store');
      },
    });
  }

  #upgrade(upgrade: {
    readonly request: IncomingMessage;
    readonly socket: Duplex;
    readonly head: Buffer;
  }): void {
    const { request, socket, head } = upgrade;
    const { rpc, relay, log } = this.#options;
    socket.on('error', (error) => log.debug({ error }, 'A socket failed.'));
    const admission = admit({ headers: request.headers, needsOrigin: true }, this.#authority);
    if (admission.kind === 'refused') return refuse(socket, admission.status);
    const url = URL.parse(request.url ?? '', `http://${this.#authority}`);
    if (url?.pathname === deskPaths.rpc) {
      if (rpc.connectionCount >= rpcLimits.connections) return refuse(socket, 503);
      return rpc.accept(request, socket, head);
    }
    if (url?.pathname === deskPaths.liveMedia) {
      const target = relay.redeem(url.searchParams.get('ticket') ?? '');
      if (target === undefined) return refuse(socket, 401);
      return relay.accept(upgrade, target);
    }
    refuse(socket, 404);
  }
}

const reasonPhrases = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  421: 'Misdirected Request',
  503: 'Service Unavailable',
} as const;

function refuse(socket: Duplex, status: keyof typeof reasonPhrases): void {
  socket.end(`HTTP/1.1 ${status} ${reasonPhrases[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function statusOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500;
  return typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 600
    ? error.statusCode
    : 500;
}

function addressOf(http: FastifyInstance): AddressInfo {
  const address = http.server.address();
  if (address === null || typeof address === 'string') throw new Error('The desk does not listen on a port.');
  return address;
}

function asDeskError(error: unknown, port: number): unknown {
  if (!(error instanceof Error && 'code' in error)) return error;
  if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') return error;
  return new DeskError(
    {
      code: 'port-in-use',
      message:
        error.code === 'EADDRINUSE'
          ? `Port ${port} on 127.0.0.1 is in use by another program.`
          : `Port ${port} on 127.0.0.1 is reserved by the operating system.`,
      remedy: 'Choose another with --port, or leave it out to get a free one.',
    },
    { cause: error },
  );
}
