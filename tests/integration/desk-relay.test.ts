import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { liveCloseCodes } from '../../src/shared/engine-api/index.ts';
import { liveRelayCloseCodes } from '../../src/shared/contract/index.ts';
import { fail } from '../../src/main/failure.ts';
import type { LiveEngine } from '../../src/main/platform/ports.ts';
import { OneTimeSecrets } from '../../src/main/server/one-time-secrets.ts';
import { LiveRelay, type LiveTarget, type RelayLimits, relayLimits } from '../../src/main/server/relay.ts';
import { ManualClock } from '../unit/main/manual-clock.ts';
import { type LiveEngineFixture, startLiveEngine } from './desk/live-engine-fixture.ts';
import { MemoryLog } from './memory-log.ts';

const target: LiveTarget = { cameraId: 'gate', stream: 'main' };

interface RelayFixture extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly relay: LiveRelay;
  openPage(): WebSocket;
}

/** The relay behind a plain HTTP server; its door is proven elsewhere. */
async function startRelay(
  forCamera: () => LiveEngine,
  limits: Partial<RelayLimits> = {},
): Promise<RelayFixture> {
  const clock = new ManualClock();
  const tickets = new OneTimeSecrets<LiveTarget>({ clock, lifetimeMs: 30_000, maximum: 8 });
  const relay = new LiveRelay({
    tickets,
    engines: { forCamera, liveSound: () => ({ kind: 'none' }) },
    clock,
    log: new MemoryLog(),
    limits: { ...relayLimits, ...limits },
  });
  const server = createServer();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    relay.accept({ request, socket, head }, target),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The fixture does not listen.');
  return {
    clock,
    relay,
    openPage: () => new WebSocket(`ws://127.0.0.1:${address.port}`, { perMessageDeflate: false }),
    [Symbol.asyncDispose]: async () => {
      relay.stop();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function closeOf(socket: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = await once(socket, 'close');
  return { code, reason: String(reason) };
}

let fixture: LiveEngineFixture;
beforeEach(async () => {
  fixture = await startLiveEngine();
});
afterEach(() => fixture[Symbol.asyncDispose]());

describe('the media relay', () => {
  it('passes every message on as it is, in order', async () => {
    await using running = await startRelay(() => fixture.engine);
    const viewerComes = fixture.nextViewer();
    const page = running.openPage();
    const { viewer } = await viewerComes;
    const sent = [randomBytes(13), Buffer.alloc(0), randomBytes(200_000), randomBytes(1)];
    const received: Buffer[] = [];
    const everything = new Promise<void>((resolve) => {
      page.on('message', (message: Buffer, isBinary) => {
        expect(isBinary).toBe(true);
        received.push(message);
        if (received.length === sent.length) resolve();
      });
    });
    for (const message of sent) viewer.send(message);
    await everything;
    expect(received).toEqual(sent);
    page.close();
    expect((await closeOf(viewer)).code).toBe(1000);
  });

  it('holds the engine back while the page does not read, in bounded memory, and loses nothing', async () => {
    await using running = await startRelay(() => fixture.engine, { highWaterBytes: 256 * 1024 });
    const viewerComes = fixture.nextViewer();
    const page = running.openPage();
    await once(page, 'open');
    const { viewer, socket } = await viewerComes;
    page.pause();

    // The engine sends until its own socket takes no more: what the relay and the kernel hold is all there is in between.
    const message = randomBytes(64 * 1024);
    let sentCount = 0;
    const bound = 1024;
    while (viewer.bufferedAmount < 4 * 1024 * 1024 && sentCount < bound) {
      await new Promise<void>((resolve) => {
        viewer.send(message, () => undefined);
        setImmediate(resolve);
      });
      sentCount += 1;
    }
    expect(sentCount).toBeLessThan(bound);
    expect(socket.writableNeedDrain).toBe(true);

    let receivedCount = 0;
    const everything = new Promise<void>((resolve) => {
      page.on('message', (received: Buffer) => {
        if (!received.equals(message)) throw new Error('A message was changed.');
        receivedCount += 1;
        if (receivedCount === sentCount) resolve();
      });
    });
    page.resume();
    await everything;
    expect(viewer.readyState).toBe(WebSocket.OPEN);
  });

  it('gives up a page that takes nothing at all', async () => {
    await using running = await startRelay(() => fixture.engine, { highWaterBytes: 64 * 1024 });
    const viewerComes = fixture.nextViewer();
    const page = running.openPage();
    await once(page, 'open');
    const { viewer } = await viewerComes;
    page.pause();
    while (viewer.bufferedAmount < 1024 * 1024) {
      viewer.send(randomBytes(64 * 1024));
      await new Promise((resolve) => void setImmediate(resolve));
    }
    const viewerCloses = closeOf(viewer);
    running.clock.advance(relayLimits.stallMs);
    await viewerCloses;
    page.resume();
    expect(await closeOf(page)).toEqual({
      code: liveRelayCloseCodes.tooSlow,
      reason: 'The page read too slowly.',
    });
  });

  it("passes the engine's own reason on", async () => {
    await using running = await startRelay(() => fixture.engine);
    const viewerComes = fixture.nextViewer();
    const page = running.openPage();
    const { viewer } = await viewerComes;
    viewer.close(liveCloseCodes.streamEnded, 'The camera changed its size.');
    expect(await closeOf(page)).toEqual({
      code: liveCloseCodes.streamEnded,
      reason: 'The camera changed its size.',
    });
  });

  it('says when the engine went away in the middle', async () => {
    await using running = await startRelay(() => fixture.engine);
    const viewerComes = fixture.nextViewer();
    const page = running.openPage();
    const { viewer } = await viewerComes;
    viewer.terminate();
    expect(await closeOf(page)).toEqual({
      code: liveRelayCloseCodes.engineUnavailable,
      reason: 'The engine went away.',
    });
  });

  it('says when nobody listens at the engine', async () => {
    const gone = await startLiveEngine();
    await gone[Symbol.asyncDispose]();
    await using running = await startRelay(() => gone.engine);
    expect(await closeOf(running.openPage())).toEqual({
      code: liveRelayCloseCodes.engineUnavailable,
      reason: 'The engine went away.',
    });
  });

  it('notices an engine that says nothing any more', async () => {
    await using running = await startRelay(() => fixture.engine);
    const viewerComes = fixture.nextViewer();
    const page = running.openPage();
    const { viewer, socket } = await viewerComes;
    const firstMessage = once(page, 'message');
    viewer.send(Buffer.from('FLV'));
    await firstMessage;
    socket.pause();
    const closes = closeOf(page);
    for (let ping = 0; ping < 3; ping += 1) running.clock.advance(relayLimits.enginePingMs);
    expect(await closes).toEqual({
      code: liveRelayCloseCodes.engineUnavailable,
      reason: 'The engine went silent.',
    });
  });

  it.each([
    ['not-assigned', liveRelayCloseCodes.notAssigned],
    ['engine-unavailable', liveRelayCloseCodes.engineUnavailable],
  ] as const)('says why there is no engine: %s', async (code, closeCode) => {
    await using running = await startRelay(() => {
      throw fail(code, 'Node rec-2 is down.');
    });
    expect(await closeOf(running.openPage())).toEqual({ code: closeCode, reason: 'Node rec-2 is down.' });
  });

  it('keeps to its number of pictures', async () => {
    await using running = await startRelay(() => fixture.engine, { connections: 1 });
    const viewerComes = fixture.nextViewer();
    running.openPage();
    await viewerComes;
    expect(await closeOf(running.openPage())).toEqual({
      code: liveRelayCloseCodes.tooManyViewers,
      reason: '1 live pictures are open on this desk already.',
    });
  });

  it('lets go of the engine when the page leaves, and of both when the desk stops', async () => {
    await using running = await startRelay(() => fixture.engine);
    const firstComes = fixture.nextViewer();
    const leaving = running.openPage();
    const first = await firstComes;
    leaving.terminate();
    await once(first.viewer, 'close');

    const secondComes = fixture.nextViewer();
    const staying = running.openPage();
    const second = await secondComes;
    const closes = [closeOf(staying), once(second.viewer, 'close')] as const;
    running.relay.stop();
    expect(await closes[0]).toEqual({ code: liveRelayCloseCodes.shuttingDown, reason: 'The desk stops.' });
    await closes[1];
  });
});
