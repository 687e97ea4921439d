import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  ConfigView,
  EngineFailure,
  EngineStatus,
  Health,
  SegmentList,
  TokenScope,
  enginePaths,
  liveCloseCodes,
} from '../../src/shared/engine-api/index.ts';
import type { CameraConfig } from '../../src/shared/engine-api/index.ts';
import { EngineProcess, runEngineCommand, temporaryFolder } from './engine-process.ts';
import type { Answer, AskOptions } from './engine-process.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let engine: EngineProcess;
const tokens = new Map<TokenScope, string>();

beforeAll(async () => {
  folder = await temporaryFolder();
  engine = await EngineProcess.start(folder.path);
  // Enrolled beside the running engine, which has to notice.
  for (const scope of TokenScope.options) tokens.set(scope, engine.enrol(scope).token);
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function token(scope: TokenScope): string {
  const found = tokens.get(scope);
  if (found === undefined) throw new Error(`No token of scope ${scope}.`);
  return found;
}

interface Refused {
  readonly what: string;
  readonly path?: string;
  readonly options?: AskOptions;
  readonly status: number;
}

function failure(answer: Answer): { readonly status: number; readonly code: string } {
  return { status: answer.status, code: EngineFailure.parse(answer.json()).code };
}

function put(version: number, cameras: readonly CameraConfig[]): Promise<Answer> {
  return engine.ask(enginePaths.config, {
    method: 'PUT',
    token: token('admin'),
    body: JSON.stringify({ version, cameras }),
  });
}

function openLive(path: string, bearer: string | undefined): WebSocket {
  return new WebSocket(`wss://127.0.0.1:${engine.port}${path}`, {
    rejectUnauthorized: false,
    headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
  });
}

describe('who may do what', () => {
  const update = JSON.stringify({ version: 999_999, cameras: [] });
  const ticketOrder = JSON.stringify({ stream: 'main' });
  const viewers = ['admin', 'view', 'peer'];
  const routes: readonly {
    readonly method: string;
    readonly path: string;
    readonly scopes: readonly string[];
    readonly granted: number;
    readonly body?: string;
  }[] = [
    { method: 'GET', path: enginePaths.status, scopes: viewers, granted: 200 },
    { method: 'GET', path: enginePaths.cameras, scopes: viewers, granted: 200 },
    { method: 'GET', path: enginePaths.camera('nobody'), scopes: viewers, granted: 404 },
    { method: 'GET', path: enginePaths.config, scopes: viewers, granted: 200 },
    { method: 'PUT', path: enginePaths.config, scopes: ['admin'], granted: 409, body: update },
    { method: 'GET', path: enginePaths.segments('gate'), scopes: viewers, granted: 200 },
    { method: 'GET', path: enginePaths.segment('gate', 1), scopes: viewers, granted: 404 },
    { method: 'GET', path: enginePaths.liveFlv('nobody', 'main'), scopes: viewers, granted: 404 },
    { method: 'GET', path: enginePaths.hlsPlaylist('nobody', 'main'), scopes: viewers, granted: 404 },
    { method: 'GET', path: '/hls/nobody/main/init-1.mp4', scopes: viewers, granted: 404 },
    {
      method: 'POST',
      path: enginePaths.hlsTickets('gate'),
      scopes: viewers,
      granted: 201,
      body: ticketOrder,
    },
    { method: 'GET', path: `${enginePaths.snapshot('gate')}?stream=x`, scopes: viewers, granted: 400 },
    { method: 'GET', path: enginePaths.metrics, scopes: ['admin', 'metrics'], granted: 200 },
  ];

  it.each(routes.flatMap((entry) => TokenScope.options.map((scope) => ({ ...entry, scope }))))(
    '$method $path with scope $scope',
    async ({ method, path, scopes, granted, scope, body }) => {
      const answer = await engine.ask(path, {
        method,
        token: token(scope),
        ...(body === undefined ? {} : { body }),
      });
      // Prometheus text is no JSON and no failure either.
      const outcome = answer.status === 403 ? failure(answer) : { status: answer.status };
      expect(outcome).toEqual(
        scopes.includes(scope) ? { status: granted } : { status: 403, code: 'forbidden' },
      );
    },
  );

  it.each(routes)('refuses $method $path without a token and with a wrong one', async ({ method, path }) => {
    const without = await engine.ask(path, { method });
    const wrong = await engine.ask(path, { method, token: 'A'.repeat(43) });
    expect([failure(without), failure(wrong), without.headers['www-authenticate']]).toEqual([
      { status: 401, code: 'unauthorized' },
      { status: 401, code: 'unauthorized' },
      'Bearer realm="belvedere-engine"',
    ]);
  });

  it('forgets a revoked token', async () => {
    const enrolment = engine.enrol('view');
    expect((await engine.ask(enginePaths.status, { token: enrolment.token })).status).toBe(200);
    expect(runEngineCommand(['revoke', '--dir', folder.path, '--token-id', enrolment.tokenId]).exitCode).toBe(
      0,
    );
    // Known tokens are looked up again once a second.
    await expect
      .poll(async () => (await engine.ask(enginePaths.status, { token: enrolment.token })).status, {
        timeout: 5_000,
      })
      .toBe(401);
  });

  it('proves itself with the key it was enrolled with', async () => {
    expect(await engine.presentedPin()).toBe(engine.enrol('view').certificatePin);
  });
});

describe('answers', () => {
  it('tells its health to anyone and its status to viewers', async () => {
    const health = await engine.ask(enginePaths.health);
    const status = EngineStatus.parse(
      (await engine.ask(enginePaths.status, { token: token('view') })).json(),
    );
    expect({ code: health.status, health: Health.parse(health.json()), nodeId: status.nodeId }).toEqual({
      code: 200,
      health: { status: 'ok' },
      nodeId: engine.enrol('view').nodeId,
    });
  });

  it('lists no footage of a camera it never had', async () => {
    const answer = await engine.ask(`${enginePaths.segments('nobody')}?from=0&to=5&limit=10`, {
      token: token('view'),
    });
    expect(SegmentList.parse(answer.json())).toEqual({ segments: [], truncated: false });
  });

  it('speaks Prometheus at /metrics', async () => {
    const answer = await engine.ask(enginePaths.metrics, { token: token('metrics') });
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.body.toString()).toContain('belvedere_http_requests_total{route="/health",status="200"}');
  });
});

describe('requests it cannot serve', () => {
  const json = { 'content-type': 'application/json' };
  const tooLarge = Buffer.alloc(2 * 1_048_576 + 1, 32);

  const invalid: readonly Refused[] = [
    { what: 'a wrong method', path: enginePaths.status, options: { method: 'DELETE' }, status: 405 },
    { what: 'a query that is not understood', path: `${enginePaths.segments('gate')}?limit=-1`, status: 400 },
    { what: 'a parameter given twice', path: `${enginePaths.segments('gate')}?limit=1&limit=2`, status: 400 },
    { what: 'an address too long', path: `/${'a'.repeat(3_000)}`, status: 414 },
    { what: 'no JSON', options: { body: '{', headers: json }, status: 400 },
    { what: 'JSON of another shape', options: { body: '{}', headers: json }, status: 400 },
    {
      what: 'another type of body',
      options: { body: 'a=1', headers: { 'content-type': 'text/plain' } },
      status: 415,
    },
    { what: 'a body too large, as it says itself', options: { body: tooLarge, headers: json }, status: 413 },
    {
      what: 'a body too large, in chunks',
      options: { body: tooLarge, headers: { ...json, 'transfer-encoding': 'chunked' } },
      status: 413,
    },
  ];

  it.each(invalid)('refuses $what', async ({ path = enginePaths.config, options, status }) => {
    const answer = await engine.ask(path, {
      method: options?.body ? 'PUT' : 'GET',
      ...options,
      token: token('admin'),
    });
    expect(failure(answer)).toEqual({ status, code: 'invalid-request' });
  });

  it.each(['/nothing', '/api/v1/cameras/..%2F..%2Fetc/segments', '/api/v1/cameras/gate/segments/0.mp4'])(
    'finds nothing at %s',
    async (path) => {
      expect(failure(await engine.ask(path, { token: token('admin') }))).toEqual({
        status: 404,
        code: 'not-found',
      });
    },
  );

  it('refuses headers that are too large, and goes on', async () => {
    const answer = await engine.ask(enginePaths.health, { headers: { 'x-large': 'a'.repeat(20_000) } });
    expect(failure(answer)).toEqual({ status: 431, code: 'invalid-request' });
    expect((await engine.ask(enginePaths.health)).status).toBe(200);
  });
});

describe('the configuration', () => {
  const password = 'p@ss/word 1234';
  const gate: CameraConfig = {
    id: 'gate',
    name: 'Gate',
    // Nothing listens there.
    main: 'rtsp://127.0.0.1:9/main',
    credentials: { username: 'admin', password },
    record: false,
  };
  const { credentials: _secret, ...gateWithoutSecret } = gate;
  it('is replaced as a whole, by who read the current version, and keeps its secrets', async () => {
    const applied = await put(0, [gate]);
    const stale = await put(0, []);
    // Read and written back without the password: the node still has it.
    const again = await put(1, [{ ...gateWithoutSecret, name: 'Main gate' }]);
    expect([ConfigView.parse(applied.json()), failure(stale), ConfigView.parse(again.json())]).toEqual([
      { version: 1, cameras: [{ ...gateWithoutSecret, hasCredentials: true }] },
      { status: 409, code: 'version-conflict' },
      { version: 2, cameras: [{ ...gateWithoutSecret, name: 'Main gate', hasCredentials: true }] },
    ]);
    expect([applied.body.toString(), again.body.toString(), engine.log].join('\n')).not.toContain(password);
  });

  it.each([
    ['a camera twice', [gate, gate]],
    ['a password in the address', [{ ...gate, main: 'rtsp://admin:secret@127.0.0.1/main' }]],
    ['an id that is a path', [{ ...gate, id: '../gate' }]],
  ])('refuses %s and changes nothing', async (_what, cameras) => {
    const before = await engine.ask(enginePaths.config, { token: token('view') });
    const { version } = ConfigView.parse(before.json());
    expect(failure(await put(version, cameras))).toEqual({ status: 400, code: 'invalid-request' });
    const after = await engine.ask(enginePaths.config, { token: token('view') });
    expect(after.json()).toEqual(before.json());
  });
});

describe('a live connection', () => {
  it.each([
    { what: 'no token', path: enginePaths.live('gate', 'main'), bearer: () => undefined, status: 401 },
    {
      what: 'a token of another scope',
      path: enginePaths.live('gate', 'main'),
      bearer: () => token('metrics'),
      status: 403,
    },
    { what: 'no token for events', path: enginePaths.events, bearer: () => undefined, status: 401 },
    {
      what: 'a token of another scope for events',
      path: enginePaths.events,
      bearer: () => token('metrics'),
      status: 403,
    },
    {
      what: 'half a place to resume events from',
      path: `${enginePaths.events}?after=5`,
      bearer: () => token('view'),
      status: 400,
    },
    {
      what: 'a wish that nobody can fulfil',
      path: `${enginePaths.live('gate', 'main')}?sound=loud`,
      bearer: () => token('view'),
      status: 400,
    },
    { what: 'another path', path: '/live/gate', bearer: () => token('view'), status: 404 },
    { what: 'another stream', path: '/live/gate/third', bearer: () => token('view'), status: 404 },
  ])('is refused with $what', async ({ path, bearer, status }) => {
    const socket = openLive(path, bearer());
    const { promise, resolve } = Promise.withResolvers<number>();
    socket.on('error', () => undefined);
    socket.on('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    expect(await promise).toBe(status);
  });

  it('is closed with a code of its own for an unknown camera', async () => {
    const socket = openLive(enginePaths.live('nobody', 'main'), token('view'));
    const { promise, resolve } = Promise.withResolvers<number>();
    socket.on('close', resolve);
    expect(await promise).toBe(liveCloseCodes.cameraUnknown);
  });
});
