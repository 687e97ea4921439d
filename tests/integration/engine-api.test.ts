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
import { routes, webSocketRoutes } from './engine-routes.ts';

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

interface Decision {
  readonly scopes: readonly string[] | 'anybody';
  readonly path: string;
  /** The status. */
  readonly granted: number;
  readonly body?: object | undefined;
}

/** What the engine answers to a request of this route. */
async function statusOf(
  { route, path, body }: Pick<Decision, 'path' | 'body'> & { readonly route: string },
  bearer: string | undefined,
): Promise<number> {
  const method = route.split(' ')[0] ?? '';
  if (method === 'WebSocket') return handshakeStatus(path, bearer);
  const { status } = await engine.ask(path, {
    method,
    ...(bearer === undefined ? {} : { token: bearer }),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return status;
}

async function handshakeStatus(path: string, bearer: string | undefined): Promise<number> {
  const socket = openLive(path, bearer);
  const { promise, resolve } = Promise.withResolvers<number>();
  socket.on('error', () => undefined);
  socket.on('open', () => {
    resolve(101);
    socket.terminate();
  });
  socket.on('unexpected-response', (request, response) => {
    resolve(response.statusCode ?? 0);
    request.destroy();
  });
  return promise;
}

function openLive(path: string, bearer: string | undefined): WebSocket {
  return new WebSocket(`wss://127.0.0.1:${engine.port}${path}`, {
    rejectUnauthorized: false,
    headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
  });
}

const viewers = ['admin', 'view', 'peer'];

function viewed(path: string, granted = 200): Decision {
  return { scopes: viewers, path, granted };
}

function administered(path: string, granted: number, body?: object): Decision {
  return { scopes: ['admin'], path, granted, body };
}

/** Needs no token: what then comes. */
function open(path: string, granted = 200): Decision {
  return { scopes: 'anybody', path, granted };
}

describe('who may do what', () => {
  const lockId = '5c1e0f5a-0001-4000-8000-000000000001';
  const ticket = 'A'.repeat(43);

  /** Every route of the engine, as it is told to those who use it, and what a fitting token gets. */
  const decisions: Readonly<Record<string, Decision>> = {
    'GET /health': open(enginePaths.health),
    'GET /docs': open(enginePaths.docs),
    'GET /docs/openapi.json': open(enginePaths.openApi),
    'GET /metrics': { scopes: ['admin', 'metrics'], path: enginePaths.metrics, granted: 200 },
    'GET /api/v1/status': viewed(enginePaths.status),
    'GET /api/v1/volumes': viewed(enginePaths.volumes),
    'GET /api/v1/config': viewed(enginePaths.config),
    'PUT /api/v1/config': administered(enginePaths.config, 409, { version: 999_999, cameras: [] }),
    'GET /api/v1/cameras': viewed(enginePaths.cameras),
    'GET /api/v1/cameras/:cameraId': viewed(enginePaths.camera('nobody'), 404),
    'GET /api/v1/cameras/:cameraId/segments': viewed(enginePaths.segments('gate')),
    'GET /api/v1/cameras/:cameraId/segments/:segmentId.mp4': viewed(enginePaths.segment('gate', 1), 404),
    'GET /api/v1/cameras/:cameraId/timeline': viewed(`${enginePaths.timeline('gate')}?from=0&to=5`),
    'GET /api/v1/cameras/:cameraId/snapshot': viewed(`${enginePaths.snapshot('gate')}?stream=x`, 400),
    'GET /api/v1/locks': viewed(enginePaths.locks),
    'POST /api/v1/locks': administered(enginePaths.locks, 400, {}),
    'DELETE /api/v1/locks/:lockId': administered(enginePaths.lock(lockId), 404),
    'GET /live/:cameraId/:stream.flv': viewed(enginePaths.liveFlv('nobody', 'main'), 404),
    'GET /hls/:cameraId/:stream/index.m3u8': viewed(enginePaths.hlsPlaylist('nobody', 'main'), 404),
    'GET /hls/:cameraId/:stream/:file': viewed('/hls/nobody/main/init-1.mp4', 404),
    'POST /api/v1/cameras/:cameraId/hls-tickets': {
      ...viewed(enginePaths.hlsTickets('gate'), 201),
      body: { stream: 'main' },
    },
    // The ticket is the secret.
    'GET /hls-ticket/:ticket/index.m3u8': open(`/hls-ticket/${ticket}/index.m3u8`, 401),
    'GET /hls-ticket/:ticket/:file': open(`/hls-ticket/${ticket}/init-1.mp4`, 401),
    'WebSocket /live/:cameraId/:stream': viewed(enginePaths.live('nobody', 'main'), 101),
    'WebSocket /api/v1/events': viewed(enginePaths.events, 101),
  };

  it('is decided here for every route and every WebSocket', () => {
    const real = [
      ...routes.map(({ method, path }) => `${method} ${path}`),
      ...webSocketRoutes.map(({ path }) => `WebSocket ${path}`),
    ];
    expect(Object.keys(decisions).sort()).toEqual(real.sort());
  });

  const decided = Object.entries(decisions).map(([route, decision]) => ({ route, ...decision }));

  it.each(decided.flatMap((entry) => TokenScope.options.map((scope) => ({ ...entry, scope }))))(
    '$route with scope $scope',
    async ({ route, scopes, granted, scope, ...request }) => {
      const isGranted = scopes === 'anybody' || scopes.includes(scope);
      expect(await statusOf({ route, ...request }, token(scope))).toBe(isGranted ? granted : 403);
    },
  );

  it.each(decided)('$route without a token and with a wrong one', async ({ scopes, granted, ...request }) => {
    const expected = scopes === 'anybody' ? granted : 401;
    const statuses = [await statusOf(request, undefined), await statusOf(request, 'A'.repeat(43))];
    expect(statuses).toEqual([expected, expected]);
  });

  it('says why it refuses', async () => {
    const without = await engine.ask(enginePaths.status);
    const wrongScope = await engine.ask(enginePaths.status, { token: token('metrics') });
    expect([failure(without), without.headers['www-authenticate'], failure(wrongScope)]).toEqual([
      { status: 401, code: 'unauthorized' },
      'Bearer realm="belvedere-engine"',
      { status: 403, code: 'forbidden' },
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
    {
      what: 'half a place to resume events from',
      path: `${enginePaths.events}?after=5`,
      status: 400,
    },
    {
      what: 'a wish that nobody can fulfil',
      path: `${enginePaths.live('gate', 'main')}?sound=loud`,
      status: 400,
    },
    { what: 'another path', path: '/live/gate', status: 404 },
    { what: 'another stream', path: '/live/gate/third', status: 404 },
  ])('is refused with $what', async ({ path, status }) => {
    expect(await handshakeStatus(path, token('view'))).toBe(status);
  });

  it('is closed with a code of its own for an unknown camera', async () => {
    const socket = openLive(enginePaths.live('nobody', 'main'), token('view'));
    const { promise, resolve } = Promise.withResolvers<number>();
    socket.on('close', resolve);
    expect(await promise).toBe(liveCloseCodes.cameraUnknown);
  });
});
