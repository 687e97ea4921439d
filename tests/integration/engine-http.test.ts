import { once } from 'node:events';
import { unlink, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { EngineApi } from '../../src/engine/http/engine-api.ts';
import { createEngineHttpServer } from '../../src/engine/http/server.ts';
import type { EngineHttpServer } from '../../src/engine/http/server.ts';
import type { ViewerSink } from '../../src/engine/live/index.ts';
import { readOrMakeCertificate } from '../../src/engine/platform/certificate.ts';
import { engineLayout, makeDirectories } from '../../src/engine/platform/layout.ts';
import type { EngineLayout } from '../../src/engine/platform/layout.ts';
import { createTokenRegistry, issueToken, revokeToken } from '../../src/engine/platform/tokens.ts';
import { EngineFailure, enginePaths, liveCloseCodes } from '../../src/shared/engine-api/index.ts';
import { ManualClock } from '../unit/engine/ingest/manual-clock.ts';
import { temporaryFolder } from './engine-process.ts';
import { MemoryLog } from './memory-log.ts';

/** The server around an engine that is played by the test: what the network does to it, and what it does not let through. */

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let clock: ManualClock;
let log: MemoryLog;
let server: EngineHttpServer;
let port: number;
let token: string;
let layout: EngineLayout;
let sinks: ViewerSink[];
let endedViewings: number;

function unforeseen(): never {
  throw new Error('what nobody foresaw');
}

beforeEach(async () => {
  folder = await temporaryFolder();
  clock = new ManualClock();
  log = new MemoryLog();
  sinks = [];
  endedViewings = 0;
  layout = engineLayout(join(folder.path, 'engine'));
  makeDirectories(layout);
  ({ token } = issueToken(layout, { scope: 'admin', nowUtcMs: 0 }));
  const tokens = createTokenRegistry(layout, clock, log);
  tokens.start();
  const engine: EngineApi = {
    health: () => ({ status: 'failing' }),
    status: unforeseen,
    process: unforeseen,
    config: () => ({ version: 0, cameras: [] }),
    updateConfig: unforeseen,
    segments: () => Promise.resolve({ segments: [], truncated: false }),
    segmentFile: (_cameraId, segmentId) =>
      Promise.resolve({ path: join(folder.path, `${segmentId}.mp4`), byteLength: 4 }),
    openLive: (_cameraId, _stream, sink) => {
      sinks.push(sink);
      const viewer = { [Symbol.dispose]: () => void (endedViewings += 1) };
      return { kind: 'opened', viewer };
    },
    live: unforeseen,
  };
  server = createEngineHttpServer({
    engine,
    certificate: readOrMakeCertificate(layout, Date.now()),
    tokens,
    clock,
    log,
  });
  ({ port } = await server.start({ host: '127.0.0.1', port: 0 }));
});

afterEach(async () => {
  const stopped = server.stop(0);
  clock.advance(1);
  await stopped;
  await folder[Symbol.asyncDispose]();
});

function ask(path: string): Promise<{ readonly status: number; readonly body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  // Kept open: only then does an answer that is too short show.
  const headers = { authorization: `Bearer ${token}`, connection: 'keep-alive' };
  const options = { host: '127.0.0.1', port, path, headers, rejectUnauthorized: false, agent: false };
  request(options, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
    );
  })
    .on('error', reject)
    .end();
  return promise;
}

async function openViewer(bearer = token): Promise<WebSocket> {
  const viewer = new WebSocket(`wss://127.0.0.1:${port}${enginePaths.live('gate', 'main')}`, {
    rejectUnauthorized: false,
    headers: { authorization: `Bearer ${bearer}` },
  });
  await once(viewer, 'open');
  return viewer;
}

async function rawConnection(): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
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
  expect(log.text).toContain('A request failed for a reason nobody foresaw.');
});

it('answers 503 while it cannot record', async () => {
  expect(await ask(enginePaths.health)).toEqual({ status: 503, body: '{"status":"failing"}' });
});

it('answers 404 for a segment that was deleted after it was found', async () => {
  await writeFile(join(folder.path, '7.mp4'), 'data');
  expect(await ask(enginePaths.segment('gate', 7))).toEqual({ status: 200, body: 'data' });
  await unlink(join(folder.path, '7.mp4'));
  expect((await ask(enginePaths.segment('gate', 7))).status).toBe(404);
});

it('cuts off a download that has fewer bytes than it promised', async () => {
  await writeFile(join(folder.path, '7.mp4'), 'da');
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
    port,
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
  const lost = issueToken(layout, { scope: 'view', nowUtcMs: 0 });
  const [kept, revoked] = [await openViewer(), await openViewer(lost.token)];
  const silent = await openViewer(lost.token);
  // Does not take part in closing: it must not go on for that.
  silent.pause();
  revokeToken(layout, lost.id);
  const closed = once(revoked, 'close');
  clock.advance(5_000);
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
  clock.advance(15_000);
  await pinged;
  // What comes back after this was sent behind the answer to the ping.
  alive.ping();
  await once(alive, 'pong');
  clock.advance(15_000);
  await expect.poll(() => endedViewings).toBe(1);
  expect(alive.readyState).toBe(WebSocket.OPEN);
  const closed = once(dead, 'close');
  dead.resume();
  await closed;
  alive.terminate();
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
  const stopped = server.stop(1_000);
  expect((await closed)[0]).toBe(liveCloseCodes.shuttingDown);
  await stopped;
  ({ port } = await server.start({ host: '127.0.0.1', port: 0 }));
});
