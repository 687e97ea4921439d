import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { EngineApi } from '../../src/engine/http/engine-api.ts';
import { createEngineHttpServer } from '../../src/engine/http/server.ts';
import type { EngineHttpServer } from '../../src/engine/http/server.ts';
import { readOrMakeCertificate } from '../../src/engine/platform/certificate.ts';
import { engineLayout, makeDirectories } from '../../src/engine/platform/layout.ts';
import type { EngineLayout } from '../../src/engine/platform/layout.ts';
import { createTokenRegistry, issueToken } from '../../src/engine/platform/tokens.ts';
import type { TokenRegistry } from '../../src/engine/platform/tokens.ts';
import { ManualClock } from '../unit/engine/ingest/manual-clock.ts';
import { temporaryFolder } from './engine-process.ts';
import { MemoryLog } from './memory-log.ts';

export function unforeseen(): never {
  throw new Error('what nobody foresaw');
}

/** An engine that can do what a test says, and nothing else. */
export function playedEngine(abilities: Partial<EngineApi>): EngineApi {
  return {
    health: () => ({ status: 'failing' }),
    status: unforeseen,
    process: unforeseen,
    volumes: unforeseen,
    volumeMeters: unforeseen,
    indexMeter: unforeseen,
    config: unforeseen,
    updateConfig: unforeseen,
    segments: unforeseen,
    segmentFile: unforeseen,
    timeline: unforeseen,
    locks: { list: unforeseen, add: unforeseen, remove: unforeseen },
    openLive: unforeseen,
    live: unforeseen,
    hls: { playlist: unforeseen, file: unforeseen, status: unforeseen },
    events: { listen: unforeseen, status: unforeseen },
    snapshots: { live: unforeseen, recorded: unforeseen },
    ...abilities,
  };
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

interface AskOptions {
  readonly token?: string;
  readonly method?: string;
  readonly body?: string;
}

/** The HTTP server around a played engine, on loopback. */
export class HttpFixture implements AsyncDisposable {
  readonly folder: string;
  readonly layout: EngineLayout;
  readonly clock: ManualClock;
  readonly log: MemoryLog;
  readonly server: EngineHttpServer;
  readonly tokens: TokenRegistry;
  /** Scope admin. */
  readonly token: string;
  port = 0;
  readonly #dispose: () => PromiseLike<void>;

  static async open(engine: (folder: string) => EngineApi): Promise<HttpFixture> {
    const folder = await temporaryFolder();
    const fixture = new HttpFixture(engine(folder.path), folder);
    await fixture.tokens.start();
    await fixture.start();
    return fixture;
  }

  private constructor(engine: EngineApi, folder: Awaited<ReturnType<typeof temporaryFolder>>) {
    this.folder = folder.path;
    this.#dispose = () => folder[Symbol.asyncDispose]();
    this.clock = new ManualClock();
    this.log = new MemoryLog();
    this.layout = engineLayout(join(folder.path, 'engine'));
    makeDirectories(this.layout);
    ({ token: this.token } = issueToken(this.layout, { scope: 'admin', nowUtcMs: 0 }));
    this.tokens = createTokenRegistry(this.layout, this.clock, this.log);
    this.server = createEngineHttpServer({
      engine,
      certificate: readOrMakeCertificate(this.layout, Date.now()),
      tokens: this.tokens,
      clock: this.clock,
      log: this.log,
    });
  }

  async start(): Promise<void> {
    ({ port: this.port } = await this.server.start({ host: '127.0.0.1', port: 0 }));
  }

  /** The answer as it begins, for those who read it piece by piece. */
  open(
    path: string,
    { token = this.token, method = 'GET', body }: AskOptions = {},
  ): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const headers = {
      authorization: `Bearer ${token}`,
      // Kept open: only then does an answer that is too short show.
      connection: 'keep-alive',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const { port } = this;
    const trust = { rejectUnauthorized: false, agent: false };
    request({ host: '127.0.0.1', port, path, method, headers, ...trust }, resolve)
      .on('error', reject)
      .end(body);
    return promise;
  }

  async ask(path: string, options: AskOptions = {}): Promise<HttpAnswer> {
    const response = await this.open(path, options);
    const chunks: Buffer[] = [];
    for await (const chunk of response) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const { statusCode = 0, headers } = response;
    return { status: statusCode, headers, body: Buffer.concat(chunks).toString() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = this.server.stop(0);
    this.clock.advance(1);
    await stopped;
    await this.#dispose();
  }
}
