import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { templateOf } from '../../src/engine/http/openapi.ts';
import type { Route } from '../../src/engine/http/route.ts';
import { enginePaths } from '../../src/shared/engine-api/index.ts';
import { EngineProcess, temporaryFolder } from './engine-process.ts';
import type { Answer } from './engine-process.ts';
import { routes, webSocketRoutes } from './engine-routes.ts';

/** The running engine against its own description. */

const Schema = z.record(z.string(), z.unknown());
const Content = z.record(z.string(), z.object({ schema: Schema }));
const Operation = z.object({
  operationId: z.string(),
  parameters: z.array(z.object({ name: z.string(), in: z.enum(['path', 'query']), schema: Schema })),
  responses: z.record(z.string(), z.object({ content: Content.optional() })),
});
const Document = z.object({
  openapi: z.literal('3.1.0'),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
});

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let engine: EngineProcess;
let token: string;
let document: z.infer<typeof Document>;

beforeAll(async () => {
  folder = await temporaryFolder();
  engine = await EngineProcess.start(join(folder.path, 'engine'));
  ({ token } = engine.enrol('admin'));
  document = Document.parse((await engine.ask(enginePaths.openApi)).json());
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function operationOf({ path, method }: Pick<Route, 'path' | 'method'>): z.infer<typeof Operation> {
  const operation = document.paths[templateOf(path)]?.[method.toLowerCase()];
  if (operation === undefined) throw new Error(`${method} ${path} is not described.`);
  return operation;
}

function routeOf(method: string, path: string): Route {
  const found = routes.find((candidate) => candidate.method === method && candidate.path === path);
  if (found === undefined) throw new Error(`There is no route ${method} ${path}.`);
  return found;
}

/** What the description promises for this answer, as something that can check it. */
function promised(answered: Route, status: number): z.ZodType {
  const { responses } = operationOf(answered);
  const content = (responses[String(status)] ?? responses['default'])?.content ?? {};
  return z.fromJSONSchema(content['application/json']?.schema ?? {});
}

describe('the description of the API', () => {
  it('has every route and every WebSocket, and nothing else', () => {
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    const real = [
      ...routes.map(({ method, path }) => `${method.toLowerCase()} ${templateOf(path)}`),
      ...webSocketRoutes.map(({ path }) => `get ${templateOf(path)}`),
    ];
    expect(described.sort()).toEqual(real.sort());
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('describes every parameter of every path, with a schema that can be read', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const { parameters, responses } of Object.values(methods)) {
        const inPath = parameters.filter((parameter) => parameter.in === 'path');
        expect({ path, names: inPath.map(({ name }) => name) }).toEqual({ path, names });
        for (const { schema } of parameters) expect(() => z.fromJSONSchema(schema)).not.toThrow();
        expect(Object.keys(responses).length).toBeGreaterThan(1);
      }
    }
  });

  it('is a page for people, which needs no token and loads nothing', async () => {
    const page = await engine.ask(enginePaths.docs);
    expect({
      status: page.status,
      type: page.headers['content-type'],
      policy: page.headers['content-security-policy'],
    }).toEqual({
      status: 200,
      type: 'text/html; charset=utf-8',
      policy: expect.stringContaining("default-src 'none'"),
    });
    for (const { path } of routes) expect(page.body.toString()).toContain(`<code>${templateOf(path)}</code>`);
  });

  const asked: readonly {
    readonly route: string;
    readonly path: string;
    readonly method?: string;
    readonly body?: string;
  }[] = [
    { route: enginePaths.health, path: enginePaths.health },
    { route: enginePaths.status, path: enginePaths.status },
    { route: enginePaths.config, path: enginePaths.config },
    { route: enginePaths.cameras, path: enginePaths.cameras },
    { route: enginePaths.camera(':cameraId'), path: enginePaths.camera('gate') },
    {
      route: enginePaths.config,
      path: enginePaths.config,
      method: 'PUT',
      body: JSON.stringify({ version: 0, cameras: [] }),
    },
    { route: enginePaths.segments(':cameraId'), path: enginePaths.segments('gate') },
    {
      route: enginePaths.hlsTickets(':cameraId'),
      path: enginePaths.hlsTickets('gate'),
      method: 'POST',
      body: JSON.stringify({ stream: 'main' }),
    },
    // Refusals are described too.
    { route: enginePaths.segments(':cameraId'), path: `${enginePaths.segments('gate')}?limit=x` },
    { route: '/hls/:cameraId/:stream/index.m3u8', path: enginePaths.hlsPlaylist('gate', 'main') },
    { route: '/live/:cameraId/:stream.flv', path: enginePaths.liveFlv('gate', 'main') },
    { route: enginePaths.snapshot(':cameraId'), path: enginePaths.snapshot('gate') },
  ];

  it.each(asked)('is kept by $method $path', async ({ route, path, method = 'GET', body }) => {
    const options = { method, token, ...(body === undefined ? {} : { body }) };
    const answer: Answer = await engine.ask(path, options);
    const answered = routeOf(method, route);
    const content = answer.json();
    expect(promised(answered, answer.status).safeParse(content)).toMatchObject({ success: true });
    // Nothing comes that is not described.
    const { answerDescription } = answered;
    const isAsPromised = answer.status < 300 && answerDescription.kind === 'json';
    expect(isAsPromised ? answerDescription.schema.parse(content) : content).toEqual(content);
  });
});
