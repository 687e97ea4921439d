import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { ViewerSink } from '../../src/engine/live/index.ts';
import { issueToken, revokeToken } from '../../src/engine/platform/tokens.ts';
import { EngineFailure, enginePaths, liveCloseCodes } from '../../src/shared/engine-api/index.ts';
import { HttpFixture, playedEngine, unforeseen } from './engine-http-fixture.ts';

/** The server around an engine that is played by the test: what the network does to it, and what it does not let through. */

let fixture: HttpFixture;
let sinks: ViewerSink[];
let endedViewings: number;

/** Each more than the network between two sockets holds, and four of them as much as may wait for clients. */
const hlsFiles = new Map(
  Array.from({ length: 5 }, (_, index) => [`segment-${index}.m4s`, new Uint8Array(32 * 1_048_576)]),
);

beforeEach(async () => {
  sinks = [];
  endedViewings = 0;
  fixture = await HttpFixture.open((folder) =>
    playedEngine({
      segmentFile: (_cameraId, segmentId) =>
        Promise.resolve({
          byteLength: 4,
          read: ({ first, last }) =>
            createReadStream(join(folder, `${segmentId}.mp4`), { start: first, end: last }),
        }),
      openLive: ({ cameraId }, sink) => {
        if (cameraId === 'nobody')
          return { kind: 'refused', code: liveCloseCodes.cameraUnknown, reason: 'No such stream.' };
        if (cameraId === 'crowded')
          return { kind: 'refused', code: liveCloseCodes.tooManyViewers, reason: 'Too many viewers.' };
        if (cameraId === 'ended') sink.close(liveCloseCodes.streamEnded, 'The camera was removed.');
        else sinks.push(sink);
        const viewer = { [Symbol.dispose]: () => void (endedViewings += 1) };
        return { kind: 'opened', viewer };
      },
      hls: {
        playlist: unforeseen,
        status: unforeseen,
        file: (_cameraId, _stream, name) => hlsFiles.get(name),
      },
    }),
  );
});

afterEach(() => fixture[Symbol.asyncDispose]());

async function ask(path: string): Promise<{ readonly status: number; readonly body: string }> {
  const { status, body } = await fixture.ask(path);
  return { status, body };
}

async function openViewer(bearer = fixture.token): Promise<WebSocket> {
  const viewer = new WebSocket(`wss://127.0.0.1:${fixture.port}${enginePaths.live('gate', 'main')}`, {
    rejectUnauthorized: false,
    headers: { authorization: `Bearer ${bearer}` },
  });
  await once(viewer, 'open');
  return viewer;
}

async function rawConnection(): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port: fixture.port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  return socket;
}

it('answers a fault of its own with 500, without its details', async () => {
  const { status, body } = await ask(enginePaths.status);
  expect({ status, failure: EngineFailure.parse(JSON.parse(body)) }).toEqual({
    status: 500,
    failure: {
      code: 'internal',
      message: 'The engine could not answer because of a fault of its own; its log has the details.',
    },
  });
  expect(fixture.log.text).toContain('A request failed for a reason nobody foresaw.');
});

it('answers 503 while it cannot record', async () => {
  expect(await ask(enginePaths.health)).toEqual({ status: 503, body: '{"status":"failing"}' });
});

it('lets whoever still sends a body that is refused read why', async () => {
  const socket = await rawConnection();
  const chunk = Buffer.alloc(64 * 1024);
  const chunks = 64;
  const received: Buffer[] = [];
  socket.on('data', (data: Buffer) => received.push(data));
  const closed = once(socket, 'close');
  socket.write(
    `PUT ${enginePaths.config} HTTP/1.1\r\nhost: engine\r\ncontent-type: application/json\r\ncontent-length: ${chunks * chunk.length}\r\n\r\n`,
  );
  for (let sent = 0; sent < chunks; sent += 1)
    await new Promise<void>((resolve, reject) => {
      socket.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
  await closed;
  expect(Buffer.concat(received).toString()).toMatch(/^HTTP\/1\.1 401 /);
});

it('answers 404 for a segment that was deleted after it was found', async () => {
  await writeFile(join(fixture.folder, '7.mp4'), 'data');
  expect(await ask(enginePaths.segment('gate', 7))).toEqual({ status: 200, body: 'data' });
  await unlink(join(fixture.folder, '7.mp4'));
  expect((await ask(enginePaths.segment('gate', 7))).status).toBe(404);
});

it('cuts off a download that has fewer bytes than it promised', async () => {
  await writeFile(join(fixture.folder, '7.mp4'), 'da');
  await expect(ask(enginePaths.segment('gate', 7))).rejects.toThrow('aborted');
});

it('answers what is no HTTP with 400 and lets nothing older than TLS 1.2 in', async () => {
  const socket = await rawConnection();
  socket.write('\u0000\u0001 nonsense\r\n\r\n');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);

  const old = connect({
    host: '127.0.0.1',
    port: fixture.port,
    rejectUnauthorized: false,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
  });
  const [error] = await once(old, 'error');
  expect(error).toBeInstanceOf(Error);
});

it('passes messages to a viewer as they are and tells how much waits', async () => {
  const viewer = await openViewer();
  const [sink] = sinks;
  if (sink === undefined) throw new Error('The viewer was not announced.');
  const received = once(viewer, 'message');
  sink.send(Uint8Array.of(1, 2, 3));
  expect(await received).toEqual([Buffer.of(1, 2, 3), true]);

  viewer.pause();
  const chunk = new Uint8Array(1_048_576);
  // More than the network between two sockets holds.
  for (let sent = 0; sent < 32; sent += 1) sink.send(chunk);
  expect(sink.bufferedBytes()).toBeGreaterThan(16 * 1_048_576);
  viewer.resume();
  await expect.poll(() => sink.bufferedBytes()).toBe(0);
  viewer.terminate();
  await expect.poll(() => endedViewings).toBe(1);
});

it('lets go of a viewer whose token is revoked, within seconds, and of no other', async () => {
  const lost = issueToken(fixture.layout, { scope: 'view', nowUtcMs: 0 });
  const [kept, revoked] = [await openViewer(), await openViewer(lost.token)];
  const silent = await openViewer(lost.token);
  // Does not take part in closing: it must not go on for that.
  silent.pause();
  revokeToken(fixture.layout, lost.id);
  const closed = once(revoked, 'close');
  fixture.clock.advance(5_000);
  expect((await closed)[0]).toBe(liveCloseCodes.unauthorized);
  await expect.poll(() => endedViewings).toBe(2);
  expect(kept.readyState).toBe(WebSocket.OPEN);
  silent.terminate();
  kept.terminate();
});

it('lets go of a viewer that is gone without a word, and keeps one that answers', async () => {
  const alive = await openViewer();
  const dead = await openViewer();
  // Reads nothing any more, so it answers no ping: like a laptop that was shut.
  dead.pause();
  const pinged = once(alive, 'ping');
  fixture.clock.advance(15_000);
  await pinged;
  // What comes back after this was sent behind the answer to the ping.
  alive.ping();
  await once(alive, 'pong');
  fixture.clock.advance(15_000);
  expect(endedViewings).toBe(0);
  alive.ping();
  await once(alive, 'pong');
  fixture.clock.advance(15_000);
  await expect.poll(() => endedViewings).toBe(1);
  expect(alive.readyState).toBe(WebSocket.OPEN);
  const closed = once(dead, 'close');
  dead.resume();
  await closed;
  alive.terminate();
});

it('gives up on a viewer that reads nothing, not even that it was closed', async () => {
  const stuck = await openViewer();
  const [sink] = sinks;
  if (sink === undefined) throw new Error('The viewer was not announced.');
  stuck.pause();
  const chunk = new Uint8Array(1_048_576);
  for (let sent = 0; sent < 32; sent += 1) sink.send(chunk);
  sink.close(liveCloseCodes.streamEnded, 'The camera sends nothing.');
  expect([endedViewings, sink.bufferedBytes() > 16 * 1_048_576]).toEqual([1, true]);
  fixture.clock.advance(5_000);
  await expect.poll(() => sink.bufferedBytes()).toBe(0);
  const closed = once(stuck, 'close');
  stuck.resume();
  await closed;
});

it('refuses viewers who send large messages', async () => {
  const viewer = await openViewer();
  viewer.send(Buffer.alloc(2_000));
  const [code] = await once(viewer, 'close');
  expect(code).toBe(1009);
});

it('ends viewers with 1001 when it stops', async () => {
  const viewer = await openViewer();
  const closed = once(viewer, 'close');
  const stopped = fixture.server.stop(1_000);
  expect((await closed)[0]).toBe(liveCloseCodes.shuttingDown);
  await stopped;
  await fixture.start();
});

it('streams over HTTP what a viewer without WebSocket gets, until the viewer leaves', async () => {
  const response = await fixture.open(enginePaths.liveFlv('gate', 'sub'));
  const [sink] = sinks;
  if (sink === undefined) throw new Error('The viewer was not announced.');
  expect([
    response.statusCode,
    response.headers['content-type'],
    response.headers['transfer-encoding'],
  ]).toEqual([200, 'video/x-flv', 'chunked']);
  sink.send(Uint8Array.of(1, 2, 3));
  expect(await once(response, 'data')).toEqual([Buffer.of(1, 2, 3)]);

  response.pause();
  const chunk = new Uint8Array(1_048_576);
  for (let sent = 0; sent < 32; sent += 1) sink.send(chunk);
  expect(sink.bufferedBytes()).toBeGreaterThan(16 * 1_048_576);
  response.resume();
  await expect.poll(() => sink.bufferedBytes(), { timeout: 10_000 }).toBe(0);
  response.destroy();
  await expect.poll(() => endedViewings).toBe(1);
});

function hlsPathOf(index: number): string {
  return `/hls/gate/main/segment-${index}.m4s`;
}

it('holds no more for clients that do not read than it may, and says when to ask again', async () => {
  const stuck = await Promise.all([0, 1, 2, 3].map((index) => fixture.open(hlsPathOf(index))));
  expect(stuck.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200]);
  const refused = await fixture.ask(hlsPathOf(4));
  expect([
    refused.status,
    refused.headers['retry-after'],
    EngineFailure.parse(JSON.parse(refused.body)).code,
  ]).toEqual([503, '1', 'unavailable']);
  // What waits for one costs nothing more for another.
  const also = await fixture.open(hlsPathOf(3));
  expect(also.statusCode).toBe(200);
  let received = 0;
  for await (const chunk of also) if (Buffer.isBuffer(chunk)) received += chunk.byteLength;
  expect(received).toBe(32 * 1_048_576);
  expect((await fixture.ask(hlsPathOf(4))).status).toBe(503);

  stuck[0]?.destroy();
  await expect.poll(async () => (await fixture.ask(hlsPathOf(4))).status, { timeout: 10_000 }).toBe(200);
  for (const response of stuck) response.destroy();
});

it('ends a stream over HTTP in order when the camera ends, and cuts off a viewer that is too slow', async () => {
  const ended = await fixture.open(enginePaths.liveFlv('gate', 'sub'));
  const slow = await fixture.open(enginePaths.liveFlv('gate', 'sub'));
  sinks[0]?.close(liveCloseCodes.streamEnded, 'The camera sends nothing.');
  sinks[1]?.close(liveCloseCodes.tooSlow, 'The connection is too slow for this stream.');
  ended.resume();
  await once(ended, 'end');
  expect(ended.complete).toBe(true);
  const [error] = await once(slow, 'error');
  expect([error, endedViewings]).toEqual([expect.objectContaining({ code: 'ECONNRESET' }), 2]);
});

it('cuts a stream over HTTP off whose token is revoked', async () => {
  const lost = issueToken(fixture.layout, { scope: 'view', nowUtcMs: 0 });
  const response = await fixture.open(enginePaths.liveFlv('gate', 'sub'), { token: lost.token });
  const kept = await fixture.open(enginePaths.liveFlv('gate', 'sub'));
  revokeToken(fixture.layout, lost.id);
  const cut = once(response, 'error');
  fixture.clock.advance(5_000);
  expect(await cut).toEqual([expect.objectContaining({ code: 'ECONNRESET' })]);
  expect([kept.destroyed, endedViewings]).toEqual([false, 1]);
  kept.destroy();
});

it('writes nothing to a stream over HTTP that it has ended, whatever still comes', async () => {
  const responses = await Promise.all(
    ['gate', 'yard'].map((cameraId) => fixture.open(enginePaths.liveFlv(cameraId, 'sub'))),
  );
  for (const sink of sinks) sink.send(Uint8Array.of(1));
  const stopped = fixture.server.stop(1_000);
  for (const sink of sinks) sink.send(Uint8Array.of(2));
  const received = await Promise.all(
    responses.map(async (response) => Buffer.concat(await response.toArray()).toString('hex')),
  );
  expect([received, endedViewings]).toEqual([['01', '01'], 2]);
  await stopped;
  await fixture.start();
});

it('ends a stream over HTTP that has ended before it began', async () => {
  const answer = await fixture.ask(enginePaths.liveFlv('ended', 'sub'));
  expect([answer.status, answer.body, endedViewings]).toEqual([200, '', 1]);
});

it.each([
  ['nobody', 404],
  ['crowded', 429],
])('refuses a stream over HTTP of camera %s with %i', async (cameraId, status) => {
  const answer = await fixture.ask(enginePaths.liveFlv(cameraId, 'main'));
  expect({
    status: answer.status,
    type: answer.headers['content-type'],
    failure: EngineFailure.safeParse(JSON.parse(answer.body)).success,
  }).toEqual({ status, type: 'application/json; charset=utf-8', failure: true });
});
