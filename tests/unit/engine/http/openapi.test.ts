import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { docsPagePolicy, writeDocsPage } from '../../../../src/engine/http/docs-page.ts';
import { jsonAnswer, streamAnswer } from '../../../../src/engine/http/answer.ts';
import { describeApi } from '../../../../src/engine/http/openapi.ts';
import { noInput, nothing, route } from '../../../../src/engine/http/route.ts';
import { webSocketRoute } from '../../../../src/engine/http/websocket-route.ts';

const Place = z.object({ placeId: z.string().regex(/^[a-z]+$/) });
const Count = z.string().regex(/^\d+$/).transform(Number);

const api = describeApi({
  version: 'v1',
  routes: [
    route({
      ...noInput,
      method: 'PUT',
      path: '/places/:placeId.json',
      scope: 'admin',
      summary: 'Replace a place',
      params: Place,
      query: z.strictObject({ limit: Count.default(5), from: Count }),
      body: z.object({ name: z.string() }),
      answer: jsonAnswer(z.object({ version: z.int() }), { statuses: [200, 503], statusOf: () => 200 }),
      handle: () => ({ version: 1 }),
    }),
    route({
      ...noInput,
      method: 'GET',
      path: '/places',
      scope: 'none',
      summary: 'Watch <all> places',
      answer: streamAnswer('video/x-flv'),
      handle: () => () => ({ [Symbol.dispose]: () => undefined }),
    }),
  ],
  webSocketRoutes: [
    webSocketRoute({
      path: '/events',
      scope: 'view',
      summary: 'Hear what changes',
      params: nothing,
      query: nothing,
      messages: { kind: 'json', schema: z.object({ sequence: z.int() }) },
      open: () => ({ kind: 'refused', code: 4404, reason: 'nothing' }),
    }),
  ],
});

describe('the description of an API', () => {
  it('says of a route what its schemas say', () => {
    const failure = {
      content: { 'application/json': { schema: expect.objectContaining({ type: 'object' }) } },
    };
    expect(api.paths['/places/{placeId}.json']).toEqual({
      put: {
        operationId: 'put_places_placeId_json',
        summary: 'Replace a place',
        description: 'Scope admin.',
        security: [{ token: [] }],
        parameters: [
          { name: 'placeId', in: 'path', required: true, schema: { type: 'string', pattern: '^[a-z]+$' } },
          {
            name: 'limit',
            in: 'query',
            required: false,
            schema: { type: 'string', pattern: String.raw`^\d+$` },
          },
          {
            name: 'from',
            in: 'query',
            required: true,
            schema: { type: 'string', pattern: String.raw`^\d+$` },
          },
        ],
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
            },
          },
        },
        responses: {
          200: expect.objectContaining({ description: 'As asked.' }),
          503: expect.objectContaining({ description: 'Not now.' }),
          default: expect.objectContaining(failure),
        },
      },
    });
  });

  it('knows streams, WebSockets, and what needs no token', () => {
    expect(api.paths['/places']?.['get']).toMatchObject({
      description: 'No token is needed.',
      security: [],
      responses: { 200: { content: { 'video/x-flv': { schema: { contentEncoding: 'binary' } } } } },
    });
    expect(api.paths['/events']?.['get']).toMatchObject({
      operationId: 'websocket_events',
      responses: { 101: { content: { 'application/json': { schema: { required: ['sequence'] } } } } },
    });
  });

  it('is a page that loads nothing and runs nothing', () => {
    const page = writeDocsPage(api);
    expect(page).toContain('Watch &#60;all&#62; places.');
    expect(page).not.toMatch(/<script|<link|<img|src=|https?:|\son\w+=|<all>/);
    expect(page.match(/<article>/g)).toHaveLength(3);
    expect(docsPagePolicy).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; /);
    expect(docsPagePolicy).not.toContain('unsafe');
  });
});
