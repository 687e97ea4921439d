/** Cameras that push, as they are in the field: simulated ones over real sockets. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import type { Sample } from '../../../src/engine/media/sample.ts';
import type { FlvClip } from '../../../src/sim/rtmp/flv-bodies.ts';
import { PushRefused } from '../../../src/sim/rtmp/publisher.ts';
import { hevcClip, sceneClip, simulatePublisher } from './simulated.ts';
import { PUSH_KEY, PUSH_NAME, startRtmpServer } from './rtmp-fixture.ts';

/** The NAL units of the clip's frame as they stand in a sample. */
function pictureOf(clip: FlvClip, frame: number, prefixBytes: number): string {
  const body = clip.frames[frame % clip.frames.length]?.body;
  if (body === undefined) throw new Error('The clip has no such frame.');
  return body.subarray(prefixBytes).toString('hex');
}

function hexOf({ data }: Sample): string {
  return Buffer.from(data).toString('hex');
}

const LATE = 0xffffff - 500;

describe('every picture comes as it was sent', () => {
  it.each([
    ['chunks of 128 bytes', { chunking: { chunkBytes: 128 } }],
    ['chunks of 4096 bytes', { chunking: { chunkBytes: 4_096 } }],
    ['chunks of 65536 bytes', { chunking: { chunkBytes: 65_536 } }],
    ['extended timestamps on every chunk', { startTimestampMs: LATE, chunking: { chunkBytes: 1_000 } }],
    [
      'extended timestamps on the first chunk only',
      { startTimestampMs: LATE, chunking: { chunkBytes: 1_000, repeatsExtended: false } },
    ],
    ['timestamps that wrap', { startTimestampMs: 2 ** 32 - 500 }],
    ['no word of the tracks beforehand', { announcesTracks: false }],
    ['the key as a part of the path', { streamName: `${PUSH_NAME}/${PUSH_KEY}` }],
  ])('with %s', async (_, options) => {
    await using server = await startRtmpServer();
    const { ingest, subscriber } = server.take();
    const clip = await sceneClip();
    using camera = simulatePublisher(server.port, clip, options);
    await camera.start();
    await subscriber.until(() => subscriber.video.length >= 20);
    await camera.stop();
    await subscriber.until(() => subscriber.interruptions.length > 0);

    const count = camera.framesSent;
    expect({
      pictures: subscriber.video.map(hexOf),
      interruptions: subscriber.interruptions.map(({ kind }) => kind),
      descriptions: subscriber.descriptions.map(({ video, audio }) => [video.codec, audio?.codec]),
      lost: ingest.status().framesLost,
    }).toEqual({
      pictures: Array.from({ length: count }, (__, index) => pictureOf(clip, index, 5)),
      interruptions: ['closed-by-camera'],
      descriptions: [['h264', 'aac']],
      lost: 0,
    });
    const steps = subscriber.video.map(
      ({ dts90k }, index, all) => dts90k - (all[index - 1]?.dts90k ?? dts90k - 6_000),
    );
    expect(steps.filter((step) => Math.abs(step - 6_000) > 1_000)).toEqual([]);
  });

  it.each([
    ['as Enhanced RTMP has it', { hevcForm: 'enhanced' }, 5],
    ['under the codec id that cameras chose', { hevcForm: 'legacy' }, 5],
  ] as const)('H.265 %s, with G.711', async (_, form, prefixBytes) => {
    await using server = await startRtmpServer();
    const { subscriber } = server.take();
    const clip = await hevcClip(form);
    using camera = simulatePublisher(server.port, clip);
    await camera.start();
    await subscriber.until(() => subscriber.video.length >= 20 && subscriber.audio.length >= 20);
    expect(subscriber.descriptions.map(({ video, audio }) => [video.codec, audio])).toEqual([
      ['h265', { kind: 'audio', codec: 'pcma', sampleRate: 8_000, channels: 1 }],
    ]);
    expect(subscriber.video.slice(0, 20).map(hexOf)).toEqual(
      Array.from({ length: 20 }, (__, index) => pictureOf(clip, index, prefixBytes)),
    );
  });
});

describe('a camera that comes again', () => {
  it('takes over at once from a connection that is dead and does not know it', async () => {
    await using server = await startRtmpServer();
    const { ingest, subscriber } = server.take();
    const clip = await sceneClip();
    using first = simulatePublisher(server.port, clip);
    await first.start();
    await subscriber.until(() => subscriber.video.length >= 5);
    first.freeze();
    using second = simulatePublisher(server.port, clip);
    await second.start();
    await subscriber.until(() => subscriber.video.length >= 15);

    expect({
      interruptions: subscriber.interruptions,
      takeovers: server.server.status().takeovers,
      publishing: server.server.status().publishing,
      isFirstClosed: first.isEnded,
      state: ingest.status().state.kind,
    }).toEqual({
      interruptions: [],
      takeovers: 1,
      publishing: 1,
      isFirstClosed: true,
      state: 'streaming',
    });
    const times = subscriber.video.map(({ dts90k }) => dts90k);
    expect(times).toEqual(times.toSorted((left, right) => left - right));
  });

  it('after it was killed loses no picture of its new connection', async () => {
    await using server = await startRtmpServer();
    const { ingest, subscriber } = server.take();
    const clip = await sceneClip();
    for (let life = 0; life < 4; life += 1) {
      using camera = simulatePublisher(server.port, clip);
      const before = subscriber.video.length;
      await camera.start();
      await subscriber.until(() => subscriber.video.length >= before + 3);
      const gone = subscriber.interruptions.length;
      camera.drop();
      await subscriber.until(() => subscriber.interruptions.length > gone);
      expect(subscriber.video.slice(before, before + 1).map(hexOf)).toEqual([pictureOf(clip, 0, 5)]);
    }
    expect([ingest.status().reconnects, subscriber.interruptions.map(({ kind }) => kind)]).toEqual([
      3,
      Array.from({ length: 4 }, () => 'closed-by-camera'),
    ]);
  });

  it('and pushes at another resolution, goes on with another description', async () => {
    await using server = await startRtmpServer();
    const { subscriber } = server.take();
    using first = simulatePublisher(server.port, await sceneClip());
    await first.start();
    await subscriber.until(() => subscriber.video.length >= 3);
    using second = simulatePublisher(server.port, await hevcClip({}));
    await second.start();
    const seen = subscriber.video.length;
    await subscriber.until(() => subscriber.video.length >= seen + 3);
    expect(subscriber.descriptions.map(({ generation, video }) => [generation, video.codec])).toEqual([
      [1, 'h264'],
      [2, 'h265'],
    ]);
  });
});

it('a mistake of ours with what a camera pushes costs that connection, not the engine', async () => {
  await using server = await startRtmpServer();
  const { subscriber } = server.take();
  const clip = await sceneClip();
  using camera = simulatePublisher(server.port, clip);
  await camera.start();
  await subscriber.until(() => subscriber.video.length >= 5);
  const take = vi.spyOn(server.slabPool, 'take').mockImplementation(() => {
    throw new Error('a fault of the pool');
  });
  await subscriber.until(() => subscriber.interruptions.length > 0);
  take.mockRestore();
  expect(subscriber.interruptions).toEqual([
    { kind: 'protocol', detail: 'What the camera sent could not be processed.' },
  ]);
  expect(server.log.text).toContain('Could not process what an RTMP peer sent; it is disconnected.');
  using again = simulatePublisher(server.port, clip);
  await again.start();
  const before = subscriber.video.length;
  await subscriber.until(() => subscriber.video.length > before);
});

it('an engine that stops says so, and not that the camera did something', async () => {
  const server = await startRtmpServer();
  const { ingest, subscriber } = server.take();
  using camera = simulatePublisher(server.port, await sceneClip());
  await camera.start();
  await subscriber.until(() => subscriber.video.length > 0);
  await server.server.stop();
  await ingest.stop();
  expect([subscriber.interruptions.map(({ kind }) => kind), server.server.status().connections]).toEqual([
    ['stopped'],
    0,
  ]);
});

describe('who may not push', () => {
  it('is refused, waits longer each time, and the key is nowhere to be read', async () => {
    await using server = await startRtmpServer();
    const clip = await sceneClip();
    const wrong = [
      `${PUSH_NAME}?key=not-the-key`,
      `${PUSH_NAME}/${PUSH_KEY}x`,
      PUSH_NAME,
      `nobody?key=${PUSH_KEY}`,
    ];
    const startedAt = performance.now();
    for (const streamName of wrong) {
      using intruder = simulatePublisher(server.port, clip, { streamName });
      await expect(intruder.start()).rejects.toEqual(new PushRefused('NetStream.Publish.BadName'));
    }
    expect(performance.now() - startedAt).toBeGreaterThan(1_000);
    expect(server.server.status()).toMatchObject({ wrongKeys: 4, publishing: 0 });
    expect(server.log.text).not.toMatch(/key-of-the|not-the-key/);
  });

  it('does not keep out the camera that may', async () => {
    await using server = await startRtmpServer({ names: [PUSH_NAME, 'yard'] });
    const { subscriber } = server.take();
    const clip = await sceneClip();
    using intruder = simulatePublisher(server.port, clip, { streamName: 'yard?key=wrong' });
    await expect(intruder.start()).rejects.toEqual(new PushRefused('NetStream.Publish.BadName'));
    using camera = simulatePublisher(server.port, clip);
    await camera.start();
    await subscriber.until(() => subscriber.video.length > 0);
  });
});

describe('connections that lead nowhere', () => {
  it('are ended, and what they hold is given back: 5 that say nothing, and 5 that stop in mid-picture', async () => {
    await using server = await startRtmpServer({
      limits: { admissionTimeoutMs: 1_000, idleTimeoutMs: 2_000 },
      names: [PUSH_NAME, ...Array.from({ length: 5 }, (_, index) => `stuck-${index}`)],
    });
    const clip = await sceneClip();
    const { ingest, subscriber } = server.take();
    using good = simulatePublisher(server.port, clip);
    await good.start();
    const silent = Array.from({ length: 5 }, () => once(connect(server.port, '127.0.0.1').resume(), 'close'));
    const stuck = await Promise.all(
      Array.from({ length: 5 }, async (_, index) => {
        const stream = server.take(`stuck-${index}`);
        const camera = simulatePublisher(server.port, clip, { streamName: `stuck-${index}?key=${PUSH_KEY}` });
        await camera.start();
        await stream.subscriber.until(() => stream.subscriber.video.length > 0);
        camera.freeze();
        return stream;
      }),
    );
    await Promise.all(silent);
    await Promise.all(
      stuck.map(({ subscriber: other }) => other.until(() => other.interruptions.length > 0)),
    );

    const seen = subscriber.video.length;
    await subscriber.until(() => subscriber.video.length > seen + 5);
    expect({
      kinds: stuck.map(({ subscriber: other }) => other.interruptions[0]?.kind),
      connections: server.server.status().connections,
      good: [ingest.status().framesLost, subscriber.interruptions],
    }).toEqual({
      kinds: Array.from({ length: 5 }, () => 'silent'),
      connections: 1,
      good: [0, []],
    });
    const largestGapMs = Math.max(
      ...subscriber.video.map(
        ({ arrivalMonotonicMs }, index, all) =>
          arrivalMonotonicMs - (all[index - 1]?.arrivalMonotonicMs ?? arrivalMonotonicMs),
      ),
    );
    expect(largestGapMs).toBeLessThan(1_000);
  });

  it('are not taken beyond the limits, or from elsewhere', async () => {
    await using server = await startRtmpServer({ limits: { maximumConnectionsPerAddress: 2 } });
    const taken = [connect(server.port, '127.0.0.1'), connect(server.port, '127.0.0.1')];
    await Promise.all(taken.map((socket) => once(socket, 'connect')));
    await once(connect(server.port, '127.0.0.1').resume(), 'close');
    expect(server.server.status()).toMatchObject({ connections: 2, refusedLimit: 1 });
    for (const socket of taken) socket.destroy();
  });

  it('that speak something else are closed', async () => {
    await using server = await startRtmpServer();
    for (const text of ['GET / HTTP/1.1\r\n\r\n', `\u0003${'\0'.repeat(3_072)}\u0086\0\0\0`]) {
      const socket = connect(server.port, '127.0.0.1');
      socket.write(text, 'latin1');
      await once(socket.resume(), 'close');
    }
    expect(server.server.status().connections).toBe(0);
  });
});
