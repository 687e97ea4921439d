/** Redirects, TLS, and packets over UDP. */
import { describe, expect, it } from 'vitest';
import { RtpReceiver } from '../../../../src/engine/rtsp/rtp.ts';
import type { RtspSessionOptions } from '../../../../src/engine/rtsp/session.ts';
import { senderReport } from './rtcp-packets.ts';
import { rtpPacket } from './rtp-packets.ts';
import { orderlyServer, ScriptedUdp, sessionWith, settle } from './scripted-server.ts';
import type { Bench, ScriptedAnswer, ScriptedRequest, ServerScript } from './scripted-server.ts';

const orderly = orderlyServer();

async function play(bench: Bench): Promise<readonly number[]> {
  const sequences: number[] = [];
  const receiver = new RtpReceiver({
    payloadType: 96,
    onPacket: ({ bytes, start }) => sequences.push(bytes.readUInt16BE(start - 10)),
  });
  await bench.session.open();
  const { media } = await bench.session.describe();
  const [track] = media;
  if (track === undefined) throw new Error('There is no track.');
  await bench.session.setUp(track, receiver);
  await bench.session.play();
  return sequences;
}

/** Sends whoever asks for a description at an address elsewhere, until an address is not listed. */
function redirecting(targets: Readonly<Record<string, string>>, status = 302): ServerScript {
  return (request) => {
    const location = targets[request.uri];
    return request.method === 'DESCRIBE' && location !== undefined
      ? { status, headers: [`Location: ${location}`] }
      : orderly(request);
  };
}

const askingEverywhere =
  (target: string): ServerScript =>
  (request) => {
    if (!request.headers.has('authorization')) {
      return { status: 401, headers: ['WWW-Authenticate: Basic realm="r"'] };
    }
    return redirecting({ 'rtsp://camera/live': target })(request);
  };
const authorized = ({ server }: Bench): readonly string[] =>
  server.requests.filter(({ headers }) => headers.has('authorization')).map(({ uri }) => uri);

async function openWith(
  publicKeyPin: string | undefined,
  options: Partial<RtspSessionOptions> = {},
): Promise<{ readonly bench: Bench; readonly seen: readonly string[]; readonly opened: Promise<void> }> {
  const seen: string[] = [];
  const bench = sessionWith(orderly, {
    url: 'rtsps://camera/live',
    onKeySeen: (key) => seen.push(key),
    ...options,
  });
  bench.server.peer = { ...bench.server.peer, publicKeyPin };
  return Promise.resolve({ bench, seen, opened: bench.session.open() });
}

const setUps = ({ server }: Bench): readonly (string | undefined)[] =>
  server.requests.filter(({ method }) => method === 'SETUP').map(({ headers }) => headers.get('transport'));
const isOverTcp = ({ headers }: ScriptedRequest): boolean =>
  headers.get('transport')?.includes('interleaved') === true;

describe('redirects', () => {
  it.each([301, 302, 305])('by %i are followed, the former connection closed', async (status) => {
    const bench = sessionWith(redirecting({ 'rtsp://camera/live': 'rtsp://other:8554/elsewhere' }, status));
    await play(bench);
    expect(bench.server.dialled).toEqual(['camera:554', 'other:8554']);
    expect(bench.server.lines.slice(0, 3)).toEqual([
      'OPTIONS rtsp://camera/live',
      'DESCRIBE rtsp://camera/live',
      'DESCRIBE rtsp://other:8554/elsewhere',
    ]);
    expect(bench.server.openConnections).toBe(1);
    await bench.session.close();
    expect([bench.server.openConnections, bench.ended]).toEqual([0, []]);
  });

  it('are followed when OPTIONS is redirected, and to a path of the same server', async () => {
    const bench = sessionWith((request) =>
      request.method === 'OPTIONS' && request.uri.endsWith('/live')
        ? { status: 301, headers: ['Location: /other?x=1'] }
        : orderly(request),
    );
    await play(bench);
    expect(bench.server.lines.slice(0, 3)).toEqual([
      'OPTIONS rtsp://camera/live',
      'OPTIONS rtsp://camera/other?x=1',
      'DESCRIBE rtsp://camera/other?x=1',
    ]);
  });

  it('are followed three times and no more', async () => {
    const bench = sessionWith(redirecting({ 'rtsp://camera/live': 'rtsp://camera/live' }));
    await bench.session.open();
    await expect(bench.session.describe()).rejects.toMatchObject({
      kind: 'protocol',
      message: 'camera:554 redirects more than 3 times.',
    });
    expect(bench.server.dialled).toHaveLength(4);
    await bench.session.close();
    expect([bench.server.openConnections, bench.clock.pendingAlarms]).toEqual([0, 0]);
  });

  it('to a place that is none are a failure', async () => {
    const bench = sessionWith(redirecting({ 'rtsp://camera/live': 'http://other/' }));
    await bench.session.open();
    await expect(bench.session.describe()).rejects.toMatchObject({ kind: 'protocol' });
  });

  it('without a place are refusals like others', async () => {
    const bench = sessionWith(orderlyServer({ DESCRIBE: () => ({ status: 302 }) }));
    await bench.session.open();
    await expect(bench.session.describe()).rejects.toMatchObject({
      message: 'The camera refused DESCRIBE (302 Whatever).',
    });
  });

  it('may lead to TLS and never away from it', async () => {
    const up = sessionWith(redirecting({ 'rtsp://camera/live': 'rtsps://camera/live' }));
    up.server.peer = { ...up.server.peer, publicKeyPin: 'key' };
    await up.session.open();
    await up.session.describe();
    expect(up.server.dialled).toEqual(['camera:554', 'tls camera:322']);

    const down = sessionWith(redirecting({ 'rtsps://camera/live': 'rtsp://camera/live' }), {
      url: 'rtsps://camera/live',
    });
    down.server.peer = { ...down.server.peer, publicKeyPin: 'key' };
    await down.session.open();
    await expect(down.session.describe()).rejects.toMatchObject({
      kind: 'unsupported',
      message: 'camera:322 redirects to camera:554 without TLS, which is refused.',
    });
    expect(down.server.dialled).toEqual(['tls camera:322']);
  });

  describe('and passwords', () => {
    it('go to the same host on another port', async () => {
      const bench = sessionWith((request) =>
        request.uri.includes(':8554') ? orderly(request) : askingEverywhere('rtsp://CAMERA:8554/b')(request),
      );
      await bench.session.open();
      await bench.session.describe();
      expect(bench.server.dialled).toEqual(['camera:554', 'CAMERA:8554']);
    });

    it('do not go to another host', async () => {
      const bench = sessionWith(askingEverywhere('rtsp://other/live'));
      await bench.session.open();
      await expect(bench.session.describe()).rejects.toMatchObject({
        kind: 'refused-credentials',
        message:
          "other:554 asks for a user name and a password. camera:554 redirected to it, and the camera's password is given to no other host unless the camera's settings allow it.",
      });
      expect(authorized(bench).every((uri) => uri.startsWith('rtsp://camera/'))).toBe(true);
    });

    it("do when the camera's settings say so", async () => {
      const bench = sessionWith(askingEverywhere('rtsp://other/live'), { redirectCredentials: 'any-host' });
      await bench.session.open();
      await bench.session.describe();
      expect(authorized(bench)).toContain('rtsp://other/live');
    });
  });
});

describe('TLS', () => {
  it('trusts the key it sees first, and tells it', async () => {
    const { bench, seen, opened } = await openWith('one');
    await opened;
    expect([seen, bench.server.dialled]).toEqual([['one'], ['tls camera:322']]);
  });

  it('goes on with the key that is pinned', async () => {
    const { seen, opened } = await openWith('one', { pinnedKey: 'one' });
    await opened;
    expect(seen).toEqual([]);
  });

  it.each([
    { key: 'two', kind: 'changed-identity' },
    { key: undefined, kind: 'protocol' },
  ])('sends nothing to a camera with the key $key when another is pinned', async ({ key, kind }) => {
    const { bench, seen, opened } = await openWith(key, { pinnedKey: 'one' });
    await expect(opened).rejects.toMatchObject({ kind });
    expect({ seen, requests: bench.server.requests, open: bench.server.openConnections }).toEqual({
      seen: [],
      requests: [],
      open: 0,
    });
  });

  it('never falls back to UDP, where everybody could look on, and refuses it where it is chosen', async () => {
    const refusing = sessionWith(orderlyServer({ SETUP: () => ({ status: 461 }) }), {
      url: 'rtsps://camera/live',
    });
    refusing.server.peer = { ...refusing.server.peer, publicKeyPin: 'one' };
    await expect(play(refusing)).rejects.toMatchObject({ kind: 'unsupported' });
    const chosen = sessionWith(orderly, { url: 'rtsps://camera/live', transport: 'udp' });
    chosen.server.peer = { ...chosen.server.peer, publicKeyPin: 'one' };
    await expect(play(chosen)).rejects.toMatchObject({
      kind: 'unsupported',
      message: 'Packets over UDP would not be encrypted: choose TCP for an rtsps:// address.',
    });
    expect([refusing.udp.opened, chosen.udp.opened]).toEqual([[], []]);
  });
});

describe('UDP', () => {
  const GRANTED = 'Transport: RTP/AVP;unicast;client_port=50000-50001;server_port=6970-6971';
  const grantUdp = (): ScriptedAnswer => ({ headers: [GRANTED, 'Session: udp'] });

  it.each([
    { what: '461', refusal: { status: 461 }, methods: ['SETUP', 'SETUP', 'PLAY'] },
    {
      what: 'another transport',
      refusal: { headers: ['Transport: RTP/AVP;unicast;server_port=1-2', 'Session: tcp'] },
      methods: ['SETUP', 'TEARDOWN', 'SETUP', 'PLAY'],
    },
    ...[400, 500, 501, 504].map((status) => ({
      what: String(status),
      refusal: { status },
      methods: ['SETUP', 'SETUP', 'PLAY'],
    })),
  ])('is asked for when the camera answers $what to TCP', async ({ refusal, methods }) => {
    const bench = sessionWith(
      orderlyServer({ SETUP: (request) => (isOverTcp(request) ? refusal : grantUdp()) }),
    );
    await play(bench);
    expect(bench.server.requests.slice(2).map(({ method }) => method)).toEqual(methods);
    expect(setUps(bench)).toEqual([
      'RTP/AVP/TCP;unicast;interleaved=0-1',
      'RTP/AVP;unicast;client_port=50000-50001',
    ]);
    expect(bench.server.requests.at(-1)?.headers.get('session')).toBe('udp');
    expect(bench.session.transport).toBe('udp');
    expect(bench.udp.opened).toEqual([{ localAddress: '192.0.2.1', remoteAddress: '192.0.2.7' }]);
  });

  it.each([
    { transport: 'tcp', answer: { status: 461 }, asked: ['RTP/AVP/TCP;unicast;interleaved=0-1'] },
    { transport: 'udp', answer: { status: 461 }, asked: ['RTP/AVP;unicast;client_port=50000-50001'] },
  ] as const)('is not changed to or from when the settings say $transport', async (only) => {
    const bench = sessionWith(orderlyServer({ SETUP: () => only.answer }), { transport: only.transport });
    await expect(play(bench)).rejects.toMatchObject({ kind: 'unsupported' });
    expect([setUps(bench), bench.udp.openPairs]).toEqual([only.asked, 0]);
  });

  it.each([403, 404, 453, 454])(
    'is not asked for when the camera answers %i, which is about something else',
    async (status) => {
      const bench = sessionWith(orderlyServer({ SETUP: () => ({ status }) }));
      await expect(play(bench)).rejects.toMatchObject({
        kind: status === 403 ? 'refused-credentials' : 'protocol',
      });
      expect(setUps(bench)).toEqual(['RTP/AVP/TCP;unicast;interleaved=0-1']);
    },
  );

  it('does not make a failure that may pass one of transport', async () => {
    const bench = sessionWith(
      orderlyServer({ SETUP: (request) => ({ status: isOverTcp(request) ? 500 : 461 }) }),
    );
    await expect(play(bench)).rejects.toMatchObject({
      kind: 'protocol',
      message: 'The camera refused SETUP (500 Whatever).',
    });
    expect(bench.udp.openPairs).toBe(0);
  });

  it('is the last way: a camera that refuses both says so', async () => {
    const bench = sessionWith(orderlyServer({ SETUP: () => ({ status: 461 }) }));
    await expect(play(bench)).rejects.toMatchObject({
      kind: 'unsupported',
      message: 'The camera sends neither over the RTSP connection (interleaved TCP) nor over UDP.',
    });
    expect(bench.udp.openPairs).toBe(0);
  });

  it('puts packets in order, counts their bytes, and closes its ports', async () => {
    const bench = sessionWith(orderlyServer({ SETUP: grantUdp }), { transport: 'udp' });
    const sequences = await play(bench);
    const before = bench.session.receivedBytes;
    const packets = [1, 3, 2, 5].map((sequence) =>
      rtpPacket({ sequence, timestamp: 0, payload: Buffer.of(1), source: 7 }),
    );
    for (const packet of packets) bench.udp.events[0]?.onRtp(packet);
    expect(sequences).toEqual([1, 2, 3]);
    bench.clock.advance(150);
    expect(sequences).toEqual([1, 2, 3, 5]);
    expect(bench.session.receivedBytes - before).toBe(4 * 13);
    await bench.session.close();
    expect([bench.udp.openPairs, bench.clock.pendingAlarms, bench.server.lines.at(-1)]).toEqual([
      0,
      0,
      'TEARDOWN rtsp://camera/live/',
    ]);
  });

  it('opens the way before PLAY, and reports every 5 s how it receives', async () => {
    const bench = sessionWith(orderlyServer({ SETUP: grantUdp }), { transport: 'udp' });
    await play(bench);
    expect(bench.udp.sent.map(({ kind, port }) => [kind, port])).toEqual([
      ['rtp', 6970],
      ['rtcp', 6971],
    ]);
    expect(bench.udp.sent[1]?.bytes.toString('hex', 0, 4)).toBe('80c90001');
    const utcMs = Date.UTC(2026, 0, 1);
    for (const sequence of [10, 11, 13]) {
      bench.udp.events[0]?.onRtp(rtpPacket({ sequence, timestamp: 0, payload: Buffer.of(1), source: 7 }));
    }
    bench.clock.advance(3_000);
    bench.udp.events[0]?.onRtcp(senderReport({ source: 7, utcMs, rtpTimestamp: 0 }));
    bench.clock.advance(2_000);
    const words = bench.udp.sent[2]?.bytes.toString('hex', 0, 32).match(/.{8}/g);
    // A quarter lost, one in all, 13 the highest, 2 s since the sender report.
    const middle = senderReport({ source: 7, utcMs, rtpTimestamp: 0 }).toString('hex', 10, 14);
    expect(words?.toSpliced(1, 1).join(' ')).toBe(
      `81c90007 00000007 40000001 0000000d 00000000 ${middle} 00020000`,
    );
    bench.clock.advance(10_000);
    expect(bench.udp.sent).toHaveLength(5);
  });

  it('gives its ports back when the camera does not answer', async () => {
    const bench = sessionWith(orderlyServer({ SETUP: () => undefined }), { transport: 'udp' });
    const playing = play(bench).catch((error: unknown) => error);
    await expect.poll(() => bench.udp.openPairs).toBe(1);
    bench.clock.advance(5_000);
    expect(await playing).toMatchObject({ kind: 'silent' });
    expect(bench.udp.openPairs).toBe(0);
  });

  it('closes ports that are still being opened when the session closes', async () => {
    const opening = Promise.withResolvers<void>();
    const udp = new ScriptedUdp();
    const bench = sessionWith(orderly, {
      transport: 'udp',
      openUdpPorts: async (endpoints, events) => {
        await opening.promise;
        return udp.open(endpoints, events);
      },
    });
    const playing = play(bench).catch((error: unknown) => error);
    await settle();
    const closing = bench.session.close();
    await settle();
    opening.resolve();
    await closing;
    expect(await playing).toMatchObject({ kind: 'stopped' });
    expect([udp.opened.length, udp.openPairs, bench.server.openConnections]).toEqual([1, 0, 0]);
  });

  it('names the failure when there are no ports', async () => {
    const bench = sessionWith(orderly, {
      transport: 'udp',
      openUdpPorts: () => Promise.reject(Object.assign(new Error('bind'), { code: 'EMFILE' })),
    });
    await expect(play(bench)).rejects.toMatchObject({
      kind: 'protocol',
      message: "No UDP ports could be opened for the camera's packets (EMFILE).",
    });
  });
});
