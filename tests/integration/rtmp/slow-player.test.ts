/** Players that do not read, and players that leave: a bare client, so that the test decides when it reads. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import type { ViewerSink } from '../../../src/engine/live/index.ts';
import type { OpenLive } from '../../../src/engine/rtmp/index.ts';
import { liveCloseCodes } from '../../../src/shared/engine-api/index.ts';
import { amf } from '../../../src/sim/rtmp/amf.ts';
import { chunked, messageTypes } from '../../../src/sim/rtmp/chunks.ts';
import { startRtmpServer } from './rtmp-fixture.ts';

const account = { username: 'wall', password: 'secret' };

function command(payload: Buffer): Buffer {
  return chunked(
    { chunkStreamId: 3, type: messageTypes.command, streamId: 1, timestampMs: 0, payload },
    { chunkBytes: 128, repeatsExtended: true },
  );
}

/** Asks to play, and reads nothing of what comes. */
function startPlayer(port: number, streamName: string): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.pause();
  socket.on('error', () => undefined);
  socket.write(
    Buffer.concat([
      Buffer.of(3),
      Buffer.alloc(2 * 1_536),
      command(amf('connect', 1, { app: 'live' })),
      command(amf('createStream', 2, null)),
      command(amf('play', 3, null, streamName)),
    ]),
  );
  return socket;
}

/** A stream that sends when the test does. */
function scriptedLive(): {
  readonly openLive: OpenLive;
  readonly sink: Promise<ViewerSink>;
  readonly left: Promise<void>;
} {
  const opened = Promise.withResolvers<ViewerSink>();
  const left = Promise.withResolvers<void>();
  return {
    openLive: (_, sink) => {
      opened.resolve(sink);
      return { kind: 'opened', viewer: { [Symbol.dispose]: () => left.resolve() } };
    },
    sink: opened.promise,
    left: left.promise,
  };
}

function largeTag(): Buffer {
  const bytes = Buffer.alloc(11 + 200_000 + 4);
  bytes.writeUInt8(9, 0);
  bytes.writeUIntBE(200_000, 1, 3);
  return bytes;
}

it('who does not read is seen to fall behind, and is ended without being waited for', async () => {
  const { openLive, sink: opened, left } = scriptedLive();
  await using server = await startRtmpServer({ accounts: [account], openLive });
  const player = startPlayer(server.port, 'gate/main?user=wall&password=secret');
  const sink = await opened;
  const tag = largeTag();
  const limitBytes = 8 * 1024 ** 2;
  let sentBytes = 0;
  while (sink.bufferedBytes() <= limitBytes && sentBytes < 20 * limitBytes) {
    sink.send(tag);
    sentBytes += tag.length;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  expect(sink.bufferedBytes()).toBeGreaterThan(limitBytes);
  sink.close(liveCloseCodes.tooSlow, 'The connection is too slow for this stream.');
  await left;
  const closed = once(player, 'close');
  await expect
    .poll(() => server.server.status(), { timeout: 10_000 })
    .toMatchObject({ connections: 0, playing: 0, closedAsTooSlow: 1 });
  player.resume();
  await closed;
});

it('who pauses gets nothing, and goes on when it likes', async () => {
  let viewers = 0;
  let opened = Promise.withResolvers<void>();
  let left = Promise.withResolvers<void>();
  await using server = await startRtmpServer({
    accounts: [account],
    openLive: () => {
      viewers += 1;
      opened.resolve();
      const leave = (): void => {
        viewers -= 1;
        left.resolve();
      };
      return { kind: 'opened', viewer: { [Symbol.dispose]: leave } };
    },
  });
  const player = startPlayer(server.port, 'gate/main?user=wall&password=secret');
  await opened.promise;
  player.write(command(Buffer.concat([amf('pause', 0, null), Buffer.of(1, 1), amf(0)])));
  await left.promise;
  expect([viewers, server.server.status().playing]).toEqual([0, 1]);
  opened = Promise.withResolvers();
  left = Promise.withResolvers();
  player.write(command(Buffer.concat([amf('pause', 0, null), Buffer.of(1, 0), amf(0)])));
  await opened.promise;
  expect([viewers, server.server.status().playing]).toEqual([1, 1]);
  player.destroy();
  await left.promise;
  expect(viewers).toBe(0);
});

it('who pauses and says nothing more loses its place', async () => {
  const { openLive, sink, left } = scriptedLive();
  await using server = await startRtmpServer({
    accounts: [account],
    openLive,
    limits: { pauseTimeoutMs: 500 },
  });
  const player = startPlayer(server.port, 'gate/main?user=wall&password=secret');
  const closed = once(player, 'close');
  await sink;
  player.write(command(Buffer.concat([amf('pause', 0, null), Buffer.of(1, 1), amf(0)])));
  await left;
  expect(server.server.status().playing).toBe(1);
  player.resume();
  await closed;
  await expect.poll(() => server.server.status()).toMatchObject({ connections: 0, playing: 0 });
});

it('who plays, asks and asks, and reads no answer is let go of', async () => {
  const { openLive, sink, left } = scriptedLive();
  await using server = await startRtmpServer({ accounts: [account], openLive });
  const player = startPlayer(server.port, 'gate/main?user=wall&password=secret');
  await sink;
  const question = command(amf('releaseStream', 9, null, 'gate'));
  const flood = Buffer.concat(Array.from({ length: 10_000 }, () => question));
  // Far more than any answer that would still be kept, and the buffers of the system.
  for (let written = 0; written < 200 && !player.destroyed; written += 1) {
    // A reset is an answer too.
    if (!player.write(flood)) await once(player, 'drain').catch(() => undefined);
  }
  await left;
  expect(server.server.status()).toMatchObject({ connections: 0, playing: 0 });
});

it('who leaves is forgotten, and who is one too many is refused', async () => {
  const { openLive, sink, left } = scriptedLive();
  await using server = await startRtmpServer({ accounts: [account], openLive, players: 1 });
  const first = startPlayer(server.port, 'gate-sub?user=wall&password=secret');
  await sink;
  const second = startPlayer(server.port, 'gate-sub?user=wall&password=secret');
  await once(second.resume(), 'close');
  expect(server.server.status()).toMatchObject({ playing: 1, refusedLimit: 1, unauthorized: 0 });
  first.destroy();
  await left;
  await expect.poll(() => server.server.status()).toMatchObject({ connections: 0, playing: 0 });
});
