import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { SessionGrant, deskPaths } from '../../src/shared/contract/index.ts';
import { makeOptions, postSession, startTestDesk, type TestDesk } from './desk/desk-fixture.ts';
import { openDesk } from '../../src/main/open-desk.ts';

let test: TestDesk;
beforeAll(async () => {
  test = await startTestDesk();
});
afterAll(() => test[Symbol.asyncDispose]());

/** `fetch` sets Host and Origin itself, so a request that lies about them is written by hand. */
async function rawRequest(options: {
  readonly path: string;
  readonly method?: string;
  readonly headers: Record<string, string>;
}): Promise<number | undefined> {
  const request = httpRequest({ host: '127.0.0.1', port: test.desk.port, ...options, setHost: false });
  request.end();
  const [response] = await once(request, 'response');
  response.resume();
  return response.statusCode;
}

async function upgradeStatus(path: string, headers: Record<string, string>): Promise<number | 'open'> {
  const socket = new WebSocket(`ws://127.0.0.1:${test.desk.port}${path}`, { headers });
  return new Promise((resolve) => {
    socket.once('open', () => {
      socket.terminate();
      resolve('open');
    });
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      socket.terminate();
      resolve(response.statusCode ?? 0);
    });
    socket.on('error', () => undefined);
  });
}

describe('the page', () => {
  it('is served with headers that keep it to itself', async () => {
    const response = await fetch(`${test.origin}/`);
    expect([response.status, await response.text()]).toEqual([
      200,
      '<!doctype html><title>Belvedere</title>',
    ]);
    const { headers } = response;
    expect({
      cache: headers.get('cache-control'),
      type: headers.get('content-type'),
      opener: headers.get('cross-origin-opener-policy'),
      resource: headers.get('cross-origin-resource-policy'),
      sniff: headers.get('x-content-type-options'),
      referrer: headers.get('referrer-policy'),
      cookie: headers.get('set-cookie'),
    }).toEqual({
      cache: 'no-store',
      type: 'text/html; charset=utf-8',
      opener: 'same-origin',
      resource: 'same-origin',
      sniff: 'nosniff',
      referrer: 'no-referrer',
      cookie: null,
    });
    expect(headers.get('content-security-policy')).toContain(
      `connect-src 'self' ws://127.0.0.1:${test.desk.port}`,
    );
  });

  it('may keep files whose name holds their hash, and finds nothing outside its folder', async () => {
    const asset = await fetch(`${test.origin}/assets/main-abc123.js`);
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    for (const path of [
      '/../data/site.sqlite',
      '/%2e%2e/data/site.sqlite',
      '/assets/..%2f..%2fdata/site.sqlite',
      '/nothing',
    ]) {
      const status = await rawRequest({ path, headers: { host: `127.0.0.1:${test.desk.port}` } });
      expect([path, status === 403 || status === 404 || status === 400]).toEqual([path, true]);
    }
  });
});

describe('a request that is not from a page of this desk', () => {
  it.each(['attacker.example', 'localhost', '127.0.0.1'])('is refused under the name %s', async (host) => {
    expect(await rawRequest({ path: '/', headers: { host } })).toBe(421);
  });

  it('is refused with a foreign origin, or without one where something may change', async () => {
    const host = `127.0.0.1:${test.desk.port}`;
    const foreign = 'https://attacker.example';
    expect(await rawRequest({ path: '/', headers: { host, origin: foreign } })).toBe(403);
    expect(await rawRequest({ path: deskPaths.session, method: 'POST', headers: { host } })).toBe(403);
    expect(
      await rawRequest({ path: deskPaths.session, method: 'POST', headers: { host, origin: 'null' } }),
    ).toBe(403);
  });

  it('gets no WebSocket', async () => {
    const host = `127.0.0.1:${test.desk.port}`;
    const { origin } = test;
    for (const path of [deskPaths.rpc, `${deskPaths.liveMedia}?ticket=x`]) {
      expect(await upgradeStatus(path, { host, origin: 'https://attacker.example' })).toBe(403);
      expect(await upgradeStatus(path, { host })).toBe(403);
      expect(await upgradeStatus(path, { host: 'attacker.example', origin })).toBe(421);
    }
    expect(await upgradeStatus('/elsewhere', { host, origin })).toBe(404);
    expect(await upgradeStatus(deskPaths.liveMedia, { host, origin })).toBe(401);
    expect(await upgradeStatus(`${deskPaths.liveMedia}?ticket=${'A'.repeat(43)}`, { host, origin })).toBe(
      401,
    );
    expect(await upgradeStatus(deskPaths.rpc, { host, origin })).toBe('open');
  });
});

describe('signing in', () => {
  it('takes a code once', async () => {
    const code = test.desk.issueCode();
    const first = await postSession(test.origin, { code });
    expect(first.status).toBe(200);
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect(SessionGrant.safeParse(await first.json()).success).toBe(true);
    const second = await postSession(test.origin, { code });
    expect([second.status, await second.json()]).toEqual([
      401,
      {
        code: 'unauthorized',
        message: 'This link was used already or is older than a minute.',
        remedy: 'Open Belvedere again.',
      },
    ]);
  });

  it.each([
    ['a wrong code', { code: 'A'.repeat(43) }, 401],
    ['no code', {}, 401],
    ['something else', ['x'], 401],
    ['too much', { code: 'A'.repeat(5000) }, 413],
  ])('refuses %s', async (_name, body, status) => {
    expect((await postSession(test.origin, body)).status).toBe(status);
  });

  it('refuses forms, which other pages may send', async () => {
    const response = await postSession(test.origin, {}, { 'content-type': 'text/plain' });
    expect(response.status).toBe(415);
  });
});

describe('a port that is taken', () => {
  it('is named, with a way on, and leaves the data folder free', async () => {
    await using stack = new AsyncDisposableStack();
    const options = await makeOptions(stack, { port: test.desk.port });
    await expect(openDesk(options)).rejects.toMatchObject({
      failure: {
        code: 'port-in-use',
        message: `Port ${test.desk.port} on 127.0.0.1 is in use by another program.`,
        remedy: 'Choose another with --port, or leave it out to get a free one.',
      },
    });
    const desk = await openDesk({ ...options, port: 0 });
    stack.defer(() => desk.stop());
    expect(desk.port).not.toBe(test.desk.port);
  });
});
