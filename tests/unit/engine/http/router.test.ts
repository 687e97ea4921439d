import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { jsonAnswer } from '../../../../src/engine/http/answer.ts';
import { noInput, route } from '../../../../src/engine/http/route.ts';
import { compilePath, createRouter } from '../../../../src/engine/http/router.ts';
import { enginePaths } from '../../../../src/shared/engine-api/index.ts';

const plain = {
  ...noInput,
  scope: 'view',
  summary: 'Do nothing',
  answer: jsonAnswer(z.object({})),
  handle: () => ({}),
} as const;

describe('matching paths', () => {
  it('reads the parameters that enginePaths wrote', () => {
    const segment = compilePath('/api/v1/cameras/:cameraId/segments/:segmentId.mp4');
    const live = compilePath('/live/:cameraId/:stream');
    expect([segment(enginePaths.segment('cam-1', 42)), live(enginePaths.live('cam-1', 'sub'))]).toEqual([
      { cameraId: 'cam-1', segmentId: '42' },
      { cameraId: 'cam-1', stream: 'sub' },
    ]);
  });

  it.each(['/live/cam-1', '/live/cam-1/main/', '/live//main', '/live/cam-1/main/x', 'x/live/cam-1/main'])(
    'does not find %s',
    (path) => {
      expect(compilePath('/live/:cameraId/:stream')(path)).toBeUndefined();
    },
  );

  it('takes a dot for a dot', () => {
    expect(compilePath('/a/:id.mp4')('/a/1xmp4')).toBeUndefined();
  });

  it('tells a wrong method from an unknown path', () => {
    const get = route({ ...plain, method: 'GET', path: '/config' });
    const put = route({ ...plain, method: 'PUT', path: '/config' });
    const router = createRouter([get, put]);
    expect([
      router.match('PUT', '/config'),
      router.match('DELETE', '/config'),
      router.match('GET', '/x'),
    ]).toEqual([
      { kind: 'found', route: put, params: {} },
      { kind: 'wrong-method', allowed: ['GET', 'PUT'] },
      { kind: 'not-found' },
    ]);
  });
});

describe('parsing what came', () => {
  const echo = route({
    method: 'PUT',
    scope: 'admin',
    path: '/:id',
    summary: 'Give back what came',
    params: z.object({ id: z.string().regex(/^\d+$/).transform(Number) }),
    query: z.strictObject({ limit: z.coerce.number().default(5) }),
    body: z.object({ name: z.string() }),
    answer: jsonAnswer(z.object({ params: z.unknown(), query: z.unknown(), body: z.unknown() })),
    handle: ({ params, query, body }) => ({ params, query, body }),
  });
  const ask = (params: Record<string, string>, query: string, body: unknown) =>
    echo.answer({
      params,
      query: new URLSearchParams(query),
      bearer: undefined,
      readBody: () => Promise.resolve(body),
    });

  it('gives the handler parsed values only', async () => {
    await expect(ask({ id: '7' }, '', { name: 'a', more: true })).resolves.toEqual({
      kind: 'json',
      status: 200,
      body: { params: { id: 7 }, query: { limit: 5 }, body: { name: 'a' } },
    });
  });

  it.each([
    { id: 'x', query: '', body: { name: 'a' }, code: 'not-found' },
    { id: '7', query: 'limit=many', body: { name: 'a' }, code: 'invalid-request' },
    { id: '7', query: 'other=1', body: { name: 'a' }, code: 'invalid-request' },
    { id: '7', query: 'limit=1&limit=2', body: { name: 'a' }, code: 'invalid-request' },
    { id: '7', query: '', body: { name: 1 }, code: 'invalid-request' },
    { id: '7', query: '', body: undefined, code: 'invalid-request' },
  ])('refuses /$id?$query with $body as $code', async ({ id, query, body, code }) => {
    await expect(ask({ id }, query, body)).rejects.toMatchObject({ name: 'ApiFailure', code });
  });
});
