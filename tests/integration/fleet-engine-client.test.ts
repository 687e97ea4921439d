import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { createServer as createPlainServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { selfSignedCertificatePem } from '../../src/engine/platform/certificate.ts';
import { connectEngine, type EngineClient } from '../../src/main/platform/engine-client/index.ts';
import { readEngineVersion } from '../../src/main/platform/engine-client/version-probe.ts';
import { failureOf } from './sim-node-fixture.ts';

const token = randomBytes(32).toString('base64url');
const never = new AbortController().signal;
const status = {
  nodeId: '5c1e0f5a-0001-4000-8000-000000000001',
  version: '0.1.0',
  nowUtcMs: 1,
  startedUtcMs: 0,
  configVersion: 3,
  cpuCores: 0.1,
  residentBytes: 1,
  volumes: [],
  cameras: [],
};

interface Certificate {
  readonly key: string;
  readonly cert: string;
  readonly pin: string;
}

/** Long expired: nodes start with clocks that are wrong, and only the key counts. */
function makeCertificate(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: selfSignedCertificatePem(privateKey, Date.UTC(2001, 0, 1)),
    pin: createHash('sha256').update(spki).digest('base64'),
  };
}

/** An HTTPS server that notes every byte of every request it understands. */
class TestEngine {
  readonly requests: IncomingMessage[] = [];
  readonly pin: string;
  readonly #server: Server;
  connectionCount = 0;

  private constructor(
    certificate: Certificate,
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ) {
    this.pin = certificate.pin;
    this.#server = createServer(certificate, (request, response) => {
      this.requests.push(request);
      answer(request, response);
    });
    const live = new WebSocketServer({ server: this.#server });
    live.on('connection', (socket, request) => {
      this.requests.push(request);
      socket.send(Buffer.from('FLV'));
    });
    this.#server.on('secureConnection', () => {
      this.connectionCount += 1;
    });
  }

  static async start(
    answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
      response.end(JSON.stringify(status)),
  ): Promise<TestEngine> {
    const engine = new TestEngine(makeCertificate(), answer);
    engine.#server.listen(0, '127.0.0.1');
    await once(engine.#server, 'listening');
    return engine;
  }

  get port(): number {
    const bound = this.#server.address();
    return typeof bound === 'object' && bound ? bound.port : 0;
  }

  client(certificatePin = this.pin): EngineClient {
    return connectEngine({ nodeName: 'rec-1', address: '127.0.0.1', port: this.port, certificatePin, token });
  }

  closeIdle(): void {
    this.#server.closeIdleConnections();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

const otherPin = createHash('sha256').update('another key').digest('base64');
const engines: TestEngine[] = [];
async function startEngine(...answer: Parameters<typeof TestEngine.start>): Promise<TestEngine> {
  const engine = await TestEngine.start(...answer);
  engines.push(engine);
  return engine;
}
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
});

describe('the client of an engine', () => {
  it('presents its token to the engine whose key is pinned, on a kept connection', async () => {
    const engine = await startEngine();
    const client = engine.client();
    expect(await client.status(never)).toEqual(status);
    expect(await client.status(never)).toEqual(status);
    expect(engine.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/api/v1/status', `Bearer ${token}`],
      ['/api/v1/status', `Bearer ${token}`],
    ]);
    expect(engine.connectionCount).toBe(1);
    client.close();
  });

  it('sends nothing at all to whoever has another key', async () => {
    const engine = await startEngine();
    const client = engine.client(otherPin);
    expect(await failureOf(client.status(never))).toEqual({
      code: 'engine-certificate-changed',
      message:
        'Whoever answers for the engine on node rec-1 does not hold the key that the engine had when it was deployed; nothing was sent to it.',
      remedy: expect.any(String),
    });
    expect(await failureOf(client.putConfig({ version: 0, cameras: [] }, never))).toMatchObject({
      code: 'engine-certificate-changed',
    });
    const live = client.openLive('dock', 'main');
    const [error] = await once(live, 'error');
    expect(String(error)).toBe('PinMismatch: the certificate has another public key');
    expect(engine.requests).toEqual([]);
    client.close();
  });

  it('opens live video with the same pin and token', async () => {
    const engine = await startEngine();
    const live = engine.client().openLive('dock', 'sub');
    const [message] = await once(live, 'message');
    expect(String(message)).toBe('FLV');
    expect(engine.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/live/dock/sub', `Bearer ${token}`],
    ]);
    live.terminate();
    const converted = engine.client().openLive('dock', 'sub', 'aac');
    await once(converted, 'message');
    expect(engine.requests.at(-1)?.url).toBe('/live/dock/sub?sound=aac');
    converted.terminate();
  });

  it('asks for health without a token, also when the engine is failing', async () => {
    const engine = await startEngine((_request, response) => {
      response.writeHead(503).end(JSON.stringify({ status: 'failing' }));
    });
    const client = engine.client();
    expect(await client.health(never)).toEqual({ status: 'failing' });
    expect(engine.requests[0]?.headers.authorization).toBeUndefined();
    client.close();
  });

  it('repeats a request when the engine had closed the kept connection', async () => {
    const engine = await startEngine();
    const client = engine.client();
    await client.status(never);
    engine.closeIdle();
    expect(await client.status(never)).toEqual(status);
    client.close();
  });

  it.each([
    [401, { code: 'unauthorized', message: 'No.' }, 'unauthorized'],
    [403, { code: 'forbidden', message: 'No.' }, 'unauthorized'],
    [409, { code: 'version-conflict', message: 'At 4.' }, 'conflict'],
    [404, { code: 'not-found', message: 'No such camera.' }, 'not-found'],
    [500, { code: 'internal', message: 'Broken.' }, 'engine-unhealthy'],
    [500, 'not its API', 'engine-unhealthy'],
    [200, { status: 'something else' }, 'engine-unhealthy'],
    [200, '<html>', 'engine-unhealthy'],
    [200, 'x'.repeat(9 * 1024 * 1024), 'engine-unhealthy'],
  ])('makes one failure of status %i', async (code, body, expected) => {
    const engine = await startEngine((_request, response) => {
      response.on('error', () => {});
      response.writeHead(code).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    const client = engine.client();
    const failure = await failureOf(client.status(never));
    expect(failure).toMatchObject({ code: expected, message: expect.stringContaining('rec-1') });
    expect(JSON.stringify(failure)).not.toContain(token);
    client.close();
  });

  it('says that nobody is there, that something else is, and that a request was cancelled', async () => {
    const plain = createPlainServer((socket) =>
      socket
        .on('error', () => {})
        .resume()
        .end('SSH-2.0-other\r\n'),
    );
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const bound = plain.address();
    const port = typeof bound === 'object' && bound ? bound.port : 0;
    const target = { nodeName: 'rec-1', address: '127.0.0.1', port, certificatePin: otherPin, token };
    expect(await failureOf(connectEngine(target).status(never))).toMatchObject({ code: 'unreachable' });
    plain.close();
    await once(plain, 'close');
    expect(await failureOf(connectEngine(target).status(never))).toEqual({
      code: 'unreachable',
      message: 'The engine on node rec-1 cannot be reached: nothing accepts connections there.',
      remedy: 'Check that the node is on and that its engine runs.',
    });
    const asked = Promise.withResolvers<void>();
    const silent = await startEngine(() => asked.resolve());
    const cancel = new AbortController();
    const answer = failureOf(silent.client().status(cancel.signal));
    await asked.promise;
    cancel.abort();
    expect(await answer).toMatchObject({ code: 'cancelled' });
  });

  it('reads the version of an engine that is not watched', async () => {
    const engine = await startEngine();
    const endpoint = { address: '127.0.0.1', port: engine.port, certificatePin: engine.pin, token };
    expect(await readEngineVersion(connectEngine, endpoint, never)).toBe('0.1.0');
  });
});
