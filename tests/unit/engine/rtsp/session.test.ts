/** What cameras do in the field, one test each. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { RtpReceiver } from '../../../../src/engine/rtsp/rtp.ts';
import { frame } from './collecting-reader.ts';
import { senderReport } from './rtcp-packets.ts';
import { rtpPacket } from './rtp-packets.ts';
import { orderlyServer, sessionWith, settle } from './scripted-server.ts';
import type { Bench, ScriptedRequest, ServerScript } from './scripted-server.ts';

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

interface Received {
  readonly receiver: RtpReceiver;
  readonly sequences: number[];
}

function receiverFor(payloadType: number): Received {
  const sequences: number[] = [];
  const receiver = new RtpReceiver({
    payloadType,
    onPacket: ({ bytes, start }) => sequences.push(bytes.readUInt16BE(start - 10)),
  });
  return { receiver, sequences };
}

const video = (sequence: number, source = 7): Buffer =>
  rtpPacket({ sequence, timestamp: 0, payload: Buffer.of(1), source });

/** Opens, describes, and plays the video. */
async function play(bench: Bench): Promise<Received> {
  const received = receiverFor(96);
  await bench.session.open();
  const { media } = await bench.session.describe();
  const [track] = media;
  if (track === undefined) throw new Error('There is no track.');
  await bench.session.setUp(track, received.receiver);
  await bench.session.play();
  return received;
}

const header = (request: ScriptedRequest | undefined, name: string): string | undefined =>
  request?.headers.get(name);

/** Asks for a password with the challenges that `challengesFor` gives, until the answer names the nonce. */
function guarded(challengesFor: (request: ScriptedRequest) => readonly string[] | undefined): ServerScript {
  const orderly = orderlyServer();
  return (request) => {
    const challenges = challengesFor(request);
    if (challenges === undefined) return orderly(request);
    return { status: 401, headers: challenges.map((value) => `WWW-Authenticate: ${value}`) };
  };
}

async function methodsAfter(bench: Bench, seconds: number): Promise<readonly string[]> {
  await play(bench);
  const before = bench.server.requests.length;
  for (let second = 0; second < seconds; second += 1) {
    bench.clock.advance(1_000);
    await settle();
  }
  return bench.server.requests.slice(before).map(({ method }) => method);
}

const LISTS_GET_PARAMETER: ServerScript = () => ({ headers: ['Public: OPTIONS, GET_PARAMETER'] });

describe('authentication', () => {
  it('prefers SHA-256 to MD5 to Basic, in whatever order they come', async () => {
    const bench = sessionWith(
      guarded((request) =>
        header(request, 'authorization') === undefined
          ? [
              'Basic realm="c"',
              'Digest realm="c", nonce="m", algorithm=MD5',
              'Digest realm="c", nonce="s", algorithm=SHA-256',
              'Negotiate',
            ]
          : undefined,
      ),
    );
    await play(bench);
    const answers = bench.server.requests.map((request) => header(request, 'authorization'));
    expect(answers[0]).toBeUndefined();
    expect(answers.slice(1).map((answer) => /nonce="s".*algorithm=SHA-256/.test(answer ?? ''))).toEqual(
      Array(4).fill(true),
    );
  });

  it('hashes the password as it is and the URI of the request, byte for byte', async () => {
    const bench = sessionWith(
      guarded((request) =>
        header(request, 'authorization') === undefined ? ['Digest realm="c", nonce="n"'] : undefined,
      ),
      { url: 'rtsp://camera/cam/realmonitor?channel=1&subtype=0' },
    );
    await play(bench);
    const secret = md5('admin:c:p%40ss:w"ö');
    const answered = bench.server.requests.slice(1);
    expect(answered.map((request) => header(request, 'authorization'))).toEqual(
      answered.map(
        ({ method, uri }) =>
          `Digest username="admin", realm="c", nonce="n", uri="${uri}", response="${md5(`${secret}:n:${md5(`${method}:${uri}`)}`)}"`,
      ),
    );
    expect(bench.server.lines).toEqual([
      'OPTIONS rtsp://camera/cam/realmonitor?channel=1&subtype=0',
      'OPTIONS rtsp://camera/cam/realmonitor?channel=1&subtype=0',
      'DESCRIBE rtsp://camera/cam/realmonitor?channel=1&subtype=0',
      'SETUP rtsp://camera/live/track1',
      'PLAY rtsp://camera/live/',
    ]);
  });

  it('answers a new nonce in the middle of the session, stale or not', async () => {
    let nonce = 'one';
    let suffix = '';
    const bench = sessionWith(
      guarded((request) =>
        header(request, 'authorization')?.includes(`nonce="${nonce}"`) === true
          ? undefined
          : [`Digest realm="c", nonce="${nonce}"${suffix}`],
      ),
    );
    await play(bench);
    nonce = 'two';
    bench.clock.advance(10_000);
    await settle();
    nonce = 'three';
    suffix = ', stale=true';
    bench.clock.advance(10_000);
    await settle();
    const nonces = bench.server.requests
      .slice(5)
      .map((request) => [request.method, /nonce="(\w+)"/.exec(header(request, 'authorization') ?? '')?.[1]]);
    expect(nonces).toEqual([
      ['OPTIONS', 'one'],
      ['OPTIONS', 'two'],
      ['OPTIONS', 'two'],
      ['OPTIONS', 'three'],
    ]);
    expect(bench.ended).toEqual([]);
  });

  it('tries a wrong password once', async () => {
    const bench = sessionWith(guarded(() => ['Digest realm="c", nonce="n"']));
    await expect(bench.session.open()).rejects.toMatchObject({ kind: 'refused-credentials' });
    expect(bench.server.lines).toHaveLength(2);
  });
});

describe('descriptions', () => {
  it.each([
    { what: 'no Content-Base and no Content-Type', headers: [], base: 'rtsp://camera/live' },
    {
      what: 'a Content-Base that is no address',
      headers: ['Content-Base: /live', 'Content-Type: text/plain'],
      base: 'rtsp://camera/live',
    },
    {
      what: 'a Content-Base of an inner network',
      headers: ['Content-Base: rtsp://10.0.0.9:554/inner', 'Content-Type: application/sdp; charset=utf-8'],
      base: 'rtsp://10.0.0.9:554/inner',
    },
  ])('are taken with $what', async ({ headers, base }) => {
    const orderly = orderlyServer();
    const bench = sessionWith(orderlyServer({ DESCRIBE: (request) => ({ ...orderly(request), headers }) }));
    await play(bench);
    expect(bench.server.lines.slice(2)).toEqual([`SETUP ${base}/track1`, `PLAY ${base}`]);
    expect(bench.server.dialled).toEqual(['camera:554']);
  });

  it('never lead to a SETUP of a track towards the camera, and no request asks for one', async () => {
    const bench = sessionWith(orderlyServer());
    await bench.session.open();
    const { media } = await bench.session.describe();
    const backchannel = media.find(({ direction }) => direction === 'sendonly');
    if (backchannel === undefined) throw new Error('There is no backchannel.');
    await expect(bench.session.setUp(backchannel, receiverFor(0).receiver)).rejects.toMatchObject({
      kind: 'unsupported',
    });
    expect(bench.server.requests.map(({ method }) => method)).toEqual(['OPTIONS', 'DESCRIBE']);
    expect(bench.server.requests.some(({ headers }) => headers.has('require'))).toBe(false);
  });
});

describe('sessions', () => {
  it('may change from one SETUP to the next; the last one holds', async () => {
    let setups = 0;
    const bench = sessionWith(
      orderlyServer({
        SETUP: ({ headers }) => {
          setups += 1;
          return { headers: [`Transport: ${headers.get('transport')}`, `Session:   id${setups};timeout=30`] };
        },
      }),
    );
    const { session, server } = bench;
    await session.open();
    const { media } = await session.describe();
    for (const track of media.slice(0, 2)) await session.setUp(track, receiverFor(96).receiver);
    await session.play();
    await session.close();
    expect(server.requests.slice(2).map((request) => [request.method, header(request, 'session')])).toEqual([
      ['SETUP', undefined],
      ['SETUP', 'id1'],
      ['PLAY', 'id2'],
      ['TEARDOWN', 'id2'],
    ]);
    expect(server.openConnections).toBe(0);
  });

  it('end with TEARDOWN before the connection closes, also when it is not answered', async () => {
    const bench = sessionWith(orderlyServer({ TEARDOWN: () => undefined }));
    await play(bench);
    const closed = bench.session.close();
    await settle();
    expect([bench.server.lines.at(-1), bench.server.openConnections]).toEqual([
      'TEARDOWN rtsp://camera/live/',
      1,
    ]);
    bench.clock.advance(500);
    await closed;
    expect([bench.server.openConnections, bench.clock.pendingAlarms, bench.ended]).toEqual([0, 0, []]);
  });

  it('end without TEARDOWN when the camera has hung up', async () => {
    const bench = sessionWith(orderlyServer());
    await play(bench);
    bench.server.hangUp('ECONNRESET');
    await bench.session.close();
    expect(bench.ended.map(({ kind }) => kind)).toEqual(['closed-by-camera']);
    expect(bench.server.lines.at(-1)).toBe('PLAY rtsp://camera/live/');
    expect(bench.clock.pendingAlarms).toBe(0);
  });
});

describe('keepalive', () => {
  it('is OPTIONS at half the timeout, unless GET_PARAMETER is listed', async () => {
    expect(await methodsAfter(sessionWith(orderlyServer()), 20)).toEqual(['OPTIONS', 'OPTIONS']);
    const listed = sessionWith(orderlyServer({ OPTIONS: LISTS_GET_PARAMETER }));
    expect(await methodsAfter(listed, 20)).toEqual(['GET_PARAMETER', 'GET_PARAMETER']);
    expect(header(listed.server.requests.at(-1), 'session')).toBe('abc');
  });

  it('goes on with OPTIONS when GET_PARAMETER is listed and refused', async () => {
    const script = orderlyServer({ OPTIONS: LISTS_GET_PARAMETER, GET_PARAMETER: () => ({ status: 501 }) });
    expect(await methodsAfter(sessionWith(script), 20)).toEqual(['GET_PARAMETER', 'OPTIONS']);
  });

  it('needs no answer', async () => {
    const script = orderlyServer({ OPTIONS: LISTS_GET_PARAMETER, GET_PARAMETER: () => undefined });
    const bench = sessionWith(script);
    expect(await methodsAfter(bench, 30)).toEqual(['GET_PARAMETER', 'GET_PARAMETER', 'GET_PARAMETER']);
    expect(bench.ended).toEqual([]);
  });

  it.each([
    { keepalive: 'none', methods: [] },
    { keepalive: 'options', methods: ['OPTIONS', 'OPTIONS'] },
    { keepalive: 'get-parameter', methods: ['GET_PARAMETER', 'GET_PARAMETER'] },
  ] as const)('is $keepalive where the camera needs that', async ({ keepalive, methods }) => {
    const listed = keepalive === 'options' ? { OPTIONS: LISTS_GET_PARAMETER } : {};
    const script = orderlyServer({ ...listed, GET_PARAMETER: () => ({ status: 501 }) });
    expect(await methodsAfter(sessionWith(script, { keepalive }), 20)).toEqual(methods);
  });
});

describe('interleaved packets', () => {
  it('come on the channels that the server chose', async () => {
    const bench = sessionWith(
      orderlyServer({
        SETUP: () => ({ headers: ['Transport: RTP/AVP/TCP;unicast;interleaved=12-17', 'Session: s'] }),
      }),
    );
    const { sequences } = await play(bench);
    bench.server.send(frame(12, video(5)));
    bench.server.send(frame(0, video(6)));
    expect(sequences).toEqual([5]);
  });

  it('for a second track are asked for behind the channels that the server chose', async () => {
    const bench = sessionWith(
      orderlyServer({
        SETUP: () => ({ headers: ['Transport: RTP/AVP/TCP;interleaved=4-5', 'Session: s'] }),
      }),
    );
    await play(bench);
    const { media } = await bench.session.describe();
    const [, audio] = media;
    if (audio === undefined) throw new Error('There is no audio.');
    await bench.session.setUp(audio, receiverFor(8).receiver);
    expect(header(bench.server.requests.at(-1), 'transport')).toBe('RTP/AVP/TCP;unicast;interleaved=6-7');
  });

  it('come as they were asked for when the server grants the same channels for every track', async () => {
    const bench = sessionWith(
      orderlyServer({
        SETUP: () => ({ headers: ['Transport: RTP/AVP/TCP;interleaved=0-1', 'Session: s'] }),
      }),
    );
    const first = await play(bench);
    const { media } = await bench.session.describe();
    const [, audio] = media;
    if (audio === undefined) throw new Error('There is no audio.');
    const second = receiverFor(8);
    await bench.session.setUp(audio, second.receiver);
    bench.server.send(frame(0, video(5)));
    bench.server.send(
      frame(2, rtpPacket({ sequence: 70, timestamp: 0, payload: Buffer.of(1), payloadType: 8 })),
    );
    expect([first.sequences, second.sequences]).toEqual([[5], [70]]);
  });

  it('are taken before the answer to PLAY, in the same read or an earlier one', async () => {
    const bench = sessionWith(
      orderlyServer({ PLAY: () => ({ before: frame(0, video(1)), behind: frame(0, video(2)) }) }),
    );
    const { sequences } = await play(bench);
    bench.server.send(frame(0, video(3)));
    expect(sequences).toEqual([1, 2, 3]);
  });

  it('of another session are ignored, by channel and by source', async () => {
    const bench = sessionWith(orderlyServer());
    const { sequences } = await play(bench);
    bench.server.send(
      Buffer.concat([
        frame(0, video(1)),
        frame(8, video(90)),
        frame(0, video(91, 1_234)),
        frame(0, video(2)),
      ]),
    );
    expect(sequences).toEqual([1, 2]);
  });

  it('need not have the source that SETUP announced', async () => {
    const orderly = orderlyServer();
    const bench = sessionWith(
      orderlyServer({
        SETUP: (request) => ({
          headers: [
            ...(orderly(request)?.headers ?? []),
            'Transport: RTP/AVP/TCP;interleaved=0-1;ssrc=BADBEEF',
          ]
            .slice(1)
            .toReversed(),
        }),
      }),
    );
    const { sequences } = await play(bench);
    bench.server.send(frame(0, video(1)));
    expect(sequences).toEqual([1]);
  });

  it('are found again behind a frame whose length is wrong', async () => {
    const bench = sessionWith(orderlyServer());
    const { sequences } = await play(bench);
    const long = frame(0, Buffer.concat([video(2), Buffer.alloc(50, 0x55)]));
    long.writeUInt16BE(20, 2);
    bench.server.send(Buffer.concat([frame(0, video(1)), long, frame(0, video(3))]));
    expect(sequences).toEqual([1, 2, 3]);
  });
});

describe('receiver reports over TCP', () => {
  it('are sent every 5 s to a camera that sends reports itself, on its channel', async () => {
    const bench = sessionWith(orderlyServer());
    const { receiver } = await play(bench);
    bench.server.send(Buffer.concat([frame(0, video(1)), frame(0, video(4))]));
    bench.clock.advance(5_000);
    expect(bench.server.frames).toEqual([]);
    const utcMs = Date.UTC(2026, 0, 1);
    bench.clock.advance(4_000);
    bench.server.send(frame(1, senderReport({ source: 7, utcMs, rtpTimestamp: 0 })));
    bench.clock.advance(1_000);
    expect(bench.server.frames.map(({ channel }) => channel)).toEqual([1]);
    const [report] = bench.server.frames;
    const words = report?.payload.toString('hex', 0, 32).match(/.{8}/g) ?? [];
    const middle = senderReport({ source: 7, utcMs, rtpTimestamp: 0 }).toString('hex', 10, 14);
    expect(words.toSpliced(1, 1).join(' ')).toBe(
      `81c90007 00000007 80000002 00000004 00000000 ${middle} 00010000`,
    );
    expect(receiver.hasSenderReport).toBe(true);
    await bench.session.close();
    bench.clock.advance(10_000);
    expect(bench.server.frames).toHaveLength(1);
  });
});
