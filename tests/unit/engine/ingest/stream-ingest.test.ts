import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createStreamIngest, rtspSource } from '../../../../src/engine/ingest/index.ts';
import type { StreamIngest } from '../../../../src/engine/ingest/index.ts';
import { SlabPool } from '../../../../src/engine/media/slab-pool.ts';
import { DEFAULT_STREAM_OVERRIDES } from '../../../../src/shared/engine-api/index.ts';
import type { StreamOverrides } from '../../../../src/shared/engine-api/index.ts';
import { StreamState } from '../../../../src/shared/engine-api/status.ts';
import { CollectingSubscriber, collectingLog } from './collecting-subscriber.ts';
import type { LogLine } from './collecting-subscriber.ts';
import { ManualClock } from './manual-clock.ts';
import {
  healthyScript,
  IDR,
  OTHER_SPS,
  PPS,
  ScriptedCamera,
  SDP_AUDIO,
  SDP_VIDEO,
  SLICE,
  SPS,
} from './scripted-camera.ts';
import type { Script } from './scripted-camera.ts';
import { frame } from '../rtsp/collecting-reader.ts';
import { rtpPacket } from '../rtsp/rtp-packets.ts';

const SDP_METADATA =
  'm=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:track3\r\n';
const REFUSED_SOUND =
  'The camera offers sound but refuses to send it. Look at its audio settings and the rights of its user.';
const DEAF_FOR_SOUND =
  'The camera offers sound but ends the connection, or says nothing more, when it is asked for it. Look at its audio settings, or switch its sound off.';
const CREDENTIALS = { username: 'admin', password: 'pa%ss"wörd' };

let clock: ManualClock;
let camera: ScriptedCamera;
let subscriber: CollectingSubscriber;
let lines: readonly LogLine[];
let ingest: StreamIngest;

function create(script: Script, overrides: Partial<StreamOverrides> = {}): void {
  clock = new ManualClock();
  camera = new ScriptedCamera(script);
  subscriber = new CollectingSubscriber();
  const collecting = collectingLog();
  lines = collecting.lines;
  ingest = createStreamIngest({
    openSource: rtspSource({
      slabPool: new SlabPool({ maximumIdleBytes: 1024 ** 2 }),
      url: 'rtsp://camera.example/live',
      credentials: CREDENTIALS,
      clock,
      log: collecting.log,
      connect: camera.dial,
      overrides: { ...DEFAULT_STREAM_OVERRIDES, ...overrides },
    }),
    clock,
    log: collecting.log,
    random: () => 0.5,
  });
  ingest.subscribe(subscriber);
}

/** Lets everything happen that needs no time to pass. */
async function settle(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await settle();
}

async function startPlaying(): Promise<void> {
  ingest.start();
  await settle();
}

beforeEach(() => {
  create(healthyScript());
});

afterEach(async () => {
  const stopped = ingest.stop();
  await settle();
  await pass(1_000);
  await stopped;
  expectNothingLeftBehind();
});

function expectNothingLeftBehind(): void {
  expect(clock.pendingAlarms).toBe(0);
  expect(camera.isConnected).toBe(false);
  expect(JSON.stringify(lines)).not.toContain(CREDENTIALS.password);
}

async function failsWith(script: Script): Promise<void> {
  create(script);
  await startPlaying();
}

function withLength(nal: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 0, nal.length]), nal]);
}

describe('a camera in order', () => {
  it('is asked in the order of the protocol, with the session once there is one', async () => {
    create(healthyScript(SDP_VIDEO + SDP_AUDIO));
    await startPlaying();
    const stopped = ingest.stop();
    await settle();
    await stopped;
    const said = camera.requests.map(({ method, uri, text }) =>
      [method, uri, /Session: (\w+)/.exec(text)?.[1], /interleaved=([\d-]+)/.exec(text)?.[1]].join(' '),
    );
    expect(said).toEqual([
      'OPTIONS rtsp://camera.example/live  ',
      'DESCRIBE rtsp://camera.example/live  ',
      'SETUP rtsp://camera.example/live/track1  0-1',
      'SETUP rtsp://camera.example/live/track2 s1 2-3',
      'PLAY rtsp://camera.example/live s2 ',
      'TEARDOWN rtsp://camera.example/live s2 ',
    ]);
  });

  it('yields description and samples on the timeline', async () => {
    await startPlaying();
    clock.advance(100);
    const startUtcMs = clock.utcMs();
    camera.sendPicture(50_000, SLICE);
    camera.sendPicture(53_600, IDR);
    clock.advance(40);
    camera.sendPicture(57_200, SLICE);
    expect(subscriber.order).toEqual(['description 1', 'sync', 'picture']);
    expect(subscriber.descriptions).toEqual([
      {
        generation: 1,
        video: {
          kind: 'video',
          codec: 'h264',
          sps: new Uint8Array(SPS),
          pps: new Uint8Array(PPS),
          width: 1280,
          height: 720,
        },
      },
    ]);
    expect(subscriber.samples).toEqual([
      {
        track: 'video',
        data: withLength(IDR),
        dts90k: 9_000,
        pts90k: 9_000,
        isSync: true,
        arrivalMonotonicMs: 1_100,
        utcMs: startUtcMs,
      },
      {
        track: 'video',
        data: withLength(SLICE),
        dts90k: 12_600,
        pts90k: 12_600,
        isSync: false,
        arrivalMonotonicMs: 1_140,
        utcMs: startUtcMs + 40,
      },
    ]);
  });

  it('has a status', async () => {
    expect(ingest.status()).toEqual({
      state: { kind: 'idle' },
      bitrateBps: 0,
      framesPerSecond: 0,
      framesReceived: 0,
      framesLost: 0,
      reconnects: 0,
    });
    const sinceUtcMs = clock.utcMs();
    await startPlaying();
    expect(ingest.status().state).toEqual({ kind: 'connecting', sinceUtcMs });
    for (let index = 0; index <= 125; index += 1) {
      camera.sendPicture(index * 3_600, index % 25 === 0 ? IDR : SLICE);
      clock.advance(40);
    }
    const status = ingest.status();
    expect(status).toEqual({
      state: { kind: 'streaming', sinceUtcMs },
      bitrateBps: status.bitrateBps,
      framesPerSecond: 25,
      lastFrameAgeMs: 40,
      width: 1280,
      height: 720,
      videoCodec: 'avc1.4d001f',
      framesReceived: 126,
      framesLost: 0,
      reconnects: 0,
    });
    expect(status.bitrateBps / 8).toBeCloseTo(25 * (SLICE.length + 16) + IDR.length - SLICE.length, -2);
  });

  it('is kept alive at half its timeout, and does not mind that it is not answered', async () => {
    const healthy = healthyScript();
    camera.script = (request) => (request.method === 'GET_PARAMETER' ? undefined : healthy(request));
    await startPlaying();
    for (let second = 0; second < 25; second += 1) {
      camera.sendPicture(second * 90_000, IDR);
      await pass(1_000);
    }
    const kept = camera.requests.filter(({ method }) => method === 'GET_PARAMETER');
    expect(kept.map(({ uri }) => uri)).toEqual(['rtsp://camera.example/live', 'rtsp://camera.example/live']);
    expect(ingest.status().state.kind).toBe('streaming');
  });

  it('is described to a newcomer at once', async () => {
    await startPlaying();
    camera.sendPicture(0, IDR);
    const newcomer = new CollectingSubscriber();
    const subscription = ingest.subscribe(newcomer);
    camera.sendPicture(3_600, SLICE);
    subscription[Symbol.dispose]();
    camera.sendPicture(7_200, SLICE);
    expect(newcomer.order).toEqual(['description 1', 'picture']);
  });

  it('keeps its audio on the same timeline, from the first picture on', async () => {
    create(healthyScript(SDP_VIDEO + SDP_AUDIO));
    await startPlaying();
    const sound = (sequence: number, timestamp: number): void => {
      const packet = Buffer.from('8061000000000000000000010010000800', 'hex');
      packet.writeUInt16BE(sequence, 2);
      packet.writeUInt32BE(timestamp, 4);
      camera.send(Buffer.concat([Buffer.from([0x24, 2, 0, packet.length]), packet]));
    };
    sound(1, 7_000);
    camera.sendPicture(0, IDR);
    sound(2, 8_024);
    sound(3, 9_048);
    expect(subscriber.order).toEqual(['description 1', 'sync', 'audio', 'audio']);
    expect(subscriber.samples.map(({ dts90k, pts90k }) => [dts90k, pts90k])).toEqual([
      [0, 0],
      [0, 0],
      [1_920, 1_920],
    ]);
    expect(subscriber.descriptions[0]?.audio).toEqual({
      kind: 'audio',
      codec: 'aac',
      audioSpecificConfig: Buffer.from('1188', 'hex'),
      sampleRate: 48_000,
      channels: 1,
      samplesPerFrame: 1024,
    });
  });

  it('plays without its audio when it refuses that', async () => {
    const healthy = healthyScript(SDP_VIDEO + SDP_AUDIO);
    create((request) => (request.uri.endsWith('track2') ? 'RTSP/1.0 500 No\r\n\r\n' : healthy(request)));
    await startPlaying();
    camera.sendPicture(0, IDR);
    expect(subscriber.order).toEqual(['description 1', 'sync']);
    expect(subscriber.descriptions[0]?.audio).toBeUndefined();
  });

  it.each(['403 Forbidden', '401 Unauthorized'])(
    'plays without what its user may not have: %s',
    async (no) => {
      const healthy = healthyScript(SDP_VIDEO + SDP_AUDIO + SDP_METADATA);
      let nonces = 0;
      create(({ method, uri, ...rest }) => {
        // Like devices whose nonces are good for one request each.
        nonces += 1;
        const challenge = `WWW-Authenticate: Digest realm="r", nonce="n${nonces}"\r\n`;
        const isDenied = method === 'SETUP' && !uri.endsWith('track1');
        if (isDenied) return `RTSP/1.0 ${no}\r\n${challenge}\r\n`;
        const isFresh = method === 'OPTIONS' || rest.text.includes(`nonce="n${nonces - 1}"`);
        if (!isFresh) return `RTSP/1.0 401 Unauthorized\r\n${challenge}\r\n`;
        return healthy({ method, uri, ...rest });
      });
      await startPlaying();
      camera.sendPicture(0, IDR);
      expect(subscriber.order).toEqual(['description 1', 'sync']);
      expect(subscriber.descriptions[0]).toMatchObject({ audioIgnored: REFUSED_SOUND });
      expect(camera.connections).toBe(1);
    },
  );

  it.each([
    ['answers nothing', (): string | undefined => undefined],
    [
      'hangs up',
      (): string | undefined => {
        camera.hangUp();
        return undefined;
      },
    ],
  ])('plays without the sound that it %s for, once it has done so twice', async (_, deaf) => {
    const healthy = healthyScript(SDP_VIDEO + SDP_AUDIO);
    create((request) =>
      request.method === 'SETUP' && request.uri.endsWith('track2') ? deaf() : healthy(request),
    );
    await startPlaying();
    for (let step = 0; step < 40 && camera.connections < 3; step += 1) await pass(500);
    camera.sendPicture(0, IDR);
    expect(subscriber.order.slice(-2)).toEqual(['description 1', 'sync']);
    expect(subscriber.descriptions[0]).toMatchObject({ audioIgnored: DEAF_FOR_SOUND });
    expect(camera.connections).toBe(3);
    // Whether it answers by now is asked with the next connection, and not for ever.
    camera.script = healthyScript(SDP_VIDEO + SDP_AUDIO);
    camera.hangUp();
    await pass(2_000);
    camera.sendPicture(0, IDR);
    expect(subscriber.descriptions[1]?.audio?.codec).toBe('aac');
  });

  it('starts a new generation with new parameter sets, at the next IDR picture', async () => {
    await startPlaying();
    camera.sendPicture(0, IDR);
    camera.sendPicture(3_600, OTHER_SPS, SLICE);
    camera.sendPicture(7_200, SPS, PPS, IDR);
    camera.sendPicture(10_800, OTHER_SPS, PPS, IDR);
    expect(subscriber.order).toEqual(['description 1', 'sync', 'sync', 'description 2', 'sync']);
    expect(subscriber.descriptions[1]).toMatchObject({ video: { width: 2560, height: 1440 } });
    expect(ingest.status().framesLost).toBe(1);
  });

  it('yields nothing that refers to lost packets, and counts it', async () => {
    await startPlaying();
    camera.sendPicture(0, IDR);
    camera.losePacket();
    camera.sendPicture(7_200, SLICE);
    camera.sendPicture(10_800, SLICE);
    camera.sendPicture(14_400, IDR);
    expect(subscriber.order).toEqual(['description 1', 'sync', 'sync']);
    expect(ingest.status()).toMatchObject({ framesReceived: 2, framesLost: 3 });
  });
});

describe('a camera that fails', () => {
  it('and closes in the middle of a frame is back with the same generation, later on the timeline', async () => {
    await startPlaying();
    camera.sendPicture(5_000, IDR);
    camera.send(Buffer.from([0x24, 0, 0x05, 0, 0x80, 96]));
    camera.hangUp();
    await pass(499);
    expect(camera.connections).toBe(1);
    await pass(1);
    clock.advance(250);
    camera.sendPicture(3_000_000_000, IDR);
    expect(subscriber.order).toEqual(['description 1', 'sync', 'closed-by-camera', 'description 1', 'sync']);
    expect(subscriber.samples.map(({ dts90k }) => dts90k)).toEqual([0, 67_500]);
    expect(subscriber.interruptions).toEqual([
      { kind: 'closed-by-camera', detail: 'camera.example:554 closed the connection.' },
    ]);
    expect(ingest.status()).toMatchObject({ state: { kind: 'streaming' }, reconnects: 1 });
  });

  it('by refusing the password is asked twice, then left in peace for half a minute', async () => {
    await failsWith(
      () => 'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="c", nonce="n"\r\n\r\n',
    );
    expect(camera.requests.map(({ text }) => /Authorization: \w+/.exec(text)?.[0])).toEqual([
      undefined,
      'Authorization: Digest',
    ]);
    expect(ingest.status().state).toEqual({
      kind: 'waiting',
      reason: 'refused-credentials',
      detail: 'camera.example:554 refused the user name or the password.',
      sinceUtcMs: clock.utcMs(),
      outageSinceUtcMs: clock.utcMs(),
      retryAtUtcMs: clock.utcMs() + 30_000,
    });
    await pass(29_999);
    expect(camera.connections).toBe(1);
    await pass(1);
    expect(camera.connections).toBe(2);
    expect(subscriber.order).toEqual(['refused-credentials']);
  });

  it('says since its last picture, whatever the retries, that it is gone and why', async () => {
    await startPlaying();
    camera.sendPicture(0, IDR);
    const lastPictureUtcMs = clock.utcMs();
    await pass(2_000);
    camera.script = () => undefined;
    camera.hangUp();
    const hungUpUtcMs = clock.utcMs();
    const closed = { reason: 'closed-by-camera', detail: 'camera.example:554 closed the connection.' };
    expect(ingest.status().state).toEqual({
      kind: 'waiting',
      ...closed,
      sinceUtcMs: hungUpUtcMs,
      outageSinceUtcMs: lastPictureUtcMs,
      retryAtUtcMs: hungUpUtcMs + 500,
    });
    await pass(500);
    expect(ingest.status().state).toEqual({
      kind: 'connecting',
      sinceUtcMs: hungUpUtcMs + 500,
      outage: { sinceUtcMs: lastPictureUtcMs, ...closed },
    });
    await pass(5_000);
    const silent = { reason: 'silent', detail: 'The camera did not answer OPTIONS within 5 s.' };
    expect(ingest.status().state).toMatchObject({ ...silent, outageSinceUtcMs: lastPictureUtcMs });
    await pass(1_000);
    expect(ingest.status().state).toMatchObject({
      kind: 'connecting',
      outage: { sinceUtcMs: lastPictureUtcMs, ...silent },
    });
    expect(StreamState.parse(ingest.status().state)).toEqual(ingest.status().state);
    camera.script = healthyScript();
    camera.hangUp();
    await pass(2_000);
    camera.sendPicture(0, IDR);
    expect(ingest.status().state).toEqual({ kind: 'streaming', sinceUtcMs: clock.utcMs() });
    camera.hangUp();
    expect(ingest.status().state).toMatchObject({ outageSinceUtcMs: clock.utcMs() });
  });

  it('from the first attempt on says since that one', async () => {
    await failsWith(() => undefined);
    const startedUtcMs = clock.utcMs();
    await pass(30_000);
    expect(ingest.status().state).toMatchObject({ outage: { sinceUtcMs: startedUtcMs } });
  });

  it.each([
    { what: 'answers with something else', healthy: false, noise: Buffer.alloc(100, 0x01), after: 'OPTIONS' },
    { what: 'sends something else', healthy: true, noise: Buffer.alloc(100, 0x01), after: 'PLAY' },
    {
      what: 'sends packets of another format',
      healthy: true,
      noise: frame(0, rtpPacket({ sequence: 1, timestamp: 1, payload: IDR, payloadType: 33 })),
      after: 'PLAY',
    },
  ])('when it $what is not called silent', async ({ healthy, noise, after }) => {
    await failsWith(healthy ? healthyScript() : () => undefined);
    for (let second = 0; second < 10 && subscriber.interruptions.length === 0; second += 1) {
      camera.send(noise);
      await pass(1_000);
    }
    const silence =
      after === 'PLAY'
        ? 'The camera has sent no video for 5 s.'
        : 'The camera did not answer OPTIONS within 5 s.';
    expect(subscriber.interruptions).toEqual([
      { kind: 'protocol', detail: `${silence} What it sends instead makes no sense.` },
    ]);
  });

  it('because the network lost it says so, and not that the camera hung up', async () => {
    await startPlaying();
    camera.hangUp('ETIMEDOUT');
    expect(subscriber.interruptions).toEqual([
      { kind: 'unreachable', detail: 'The way to camera.example:554 is lost (ETIMEDOUT).' },
    ]);
  });

  it('with audio only has sent no video, which is no noise', async () => {
    await failsWith(healthyScript(SDP_VIDEO + SDP_AUDIO));
    camera.sendPicture(0, IDR);
    for (let second = 0; second < 5; second += 1) {
      const payload = Buffer.from('00100008ff', 'hex');
      camera.send(
        frame(2, rtpPacket({ sequence: second, timestamp: second * 48_000, payload, payloadType: 97 })),
      );
      await pass(1_000);
    }
    expect(subscriber.interruptions).toEqual([
      { kind: 'silent', detail: 'The camera has sent no video for 5 s.' },
    ]);
  });

  it('by changing its nonce in between is answered with the new one', async () => {
    const healthy = healthyScript();
    create((request) => {
      const nonce = request.method === 'PLAY' ? 'second' : 'first';
      if (request.text.includes(`nonce="${nonce}"`)) return healthy(request);
      return `RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="c", nonce="${nonce}"\r\n\r\n`;
    });
    await startPlaying();
    camera.sendPicture(0, IDR);
    expect(subscriber.order).toEqual(['description 1', 'sync']);
  });

  it('by falling silent is closed after five seconds and tried again', async () => {
    await startPlaying();
    camera.sendPicture(0, IDR);
    await pass(4_000);
    expect(subscriber.interruptions).toEqual([]);
    await pass(1_000);
    expect(subscriber.interruptions).toEqual([
      { kind: 'silent', detail: 'The camera has sent no video for 5 s.' },
    ]);
    expect(camera.requests.at(-1)?.method).toBe('TEARDOWN');
    await pass(500);
    expect(camera.connections).toBe(2);
  });

  it('is not blamed for a standstill of the engine', async () => {
    await startPlaying();
    camera.sendPicture(0, IDR);
    clock.standStill(30_000);
    expect(subscriber.interruptions).toEqual([]);
    // What had come meanwhile is read now.
    camera.sendPicture(90_000, IDR);
    await pass(4_000);
    expect(subscriber.interruptions).toEqual([]);
    await pass(2_000);
    expect(subscriber.interruptions).toMatchObject([{ kind: 'silent' }]);
  });

  it('by never answering is left after the deadline of the request', async () => {
    await failsWith(() => undefined);
    await pass(5_000);
    expect(subscriber.interruptions).toEqual([
      { kind: 'silent', detail: 'The camera did not answer OPTIONS within 5 s.' },
    ]);
  });

  it('by sending no picture that can be shown is told apart from silence', async () => {
    await startPlaying();
    for (let second = 0; second < 60; second += 1) {
      camera.sendPicture(second * 90_000, SLICE);
      await pass(1_000);
    }
    expect(subscriber.interruptions).toEqual([
      { kind: 'protocol', detail: 'The camera sends, but for 60 s no picture could be made of it.' },
    ]);
  });

  it.each([
    {
      what: 'offers JPEG',
      sdp: SDP_VIDEO.replace('H264', 'JPEG'),
      detail:
        "The camera offers JPEG. Only H.264 and H.265 are supported: choose one in the camera's settings.",
      kind: 'unsupported',
    },
    {
      what: 'offers only audio',
      sdp: SDP_AUDIO,
      detail: 'The camera offers no video at this address.',
      kind: 'protocol',
    },
    {
      what: 'describes nothing',
      sdp: 'v=0\r\n',
      detail: 'The camera described no stream: its answer to DESCRIBE has no media.',
      kind: 'protocol',
    },
  ])('because it $what says so', async ({ sdp, detail, kind }) => {
    await failsWith(healthyScript(sdp));
    expect(subscriber.interruptions).toEqual([{ kind, detail }]);
  });

  it.each([
    {
      method: 'DESCRIBE',
      status: '404 Not Found',
      kind: 'protocol',
      detail: 'The camera has no stream at this address (DESCRIBE: 404 Not Found).',
    },
    {
      method: 'SETUP',
      status: '461 Unsupported Transport',
      kind: 'unsupported',
      detail: 'The camera does not send over the RTSP connection (SETUP: 461 Unsupported Transport).',
    },
    {
      method: 'PLAY',
      status: '453 Not Enough Bandwidth',
      kind: 'protocol',
      detail: 'The camera serves no further viewer (PLAY: 453 Not Enough Bandwidth).',
    },
    {
      method: 'DESCRIBE',
      status: '403 Forbidden',
      kind: 'refused-credentials',
      detail: 'The camera forbids this user to see the stream (403 Forbidden).',
    },
  ])('with $status to $method says so', async ({ method, status, kind, detail }) => {
    const healthy = healthyScript();
    await failsWith((request) =>
      request.method === method ? `RTSP/1.0 ${status}\r\n\r\n` : healthy(request),
    );
    expect(subscriber.interruptions).toEqual([{ kind, detail }]);
  });

  it('again and again waits longer each time, and tells the reason once', async () => {
    await failsWith((request) =>
      request.method === 'OPTIONS' ? 'RTSP/1.0 503 Busy\r\n\r\n' : 'RTSP/1.0 500 No\r\n\r\n',
    );
    const attempts = [camera.connections];
    for (const waitMs of [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
      await pass(waitMs - 1);
      await pass(1);
      attempts.push(camera.connections);
    }
    expect(attempts).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(subscriber.order).toEqual(['protocol']);
  });

  it('by describing what is not supported while it boots is tried again soon, then left in peace', async () => {
    await startPlaying();
    for (let second = 0; second < 11; second += 1) {
      camera.sendPicture(second * 90_000, IDR);
      await pass(1_000);
    }
    camera.script = healthyScript(SDP_VIDEO.replace('H264', 'JPEG'));
    camera.hangUp('ECONNRESET');
    await pass(500);
    expect(camera.connections).toBe(2);
    await pass(1_000);
    expect(camera.connections).toBe(3);
    await pass(29_000);
    expect(camera.connections).toBe(3);
  });

  it('after it has proven itself is tried again at once', async () => {
    await startPlaying();
    for (let round = 0; round < 3; round += 1) {
      for (let second = 0; second < 11; second += 1) {
        camera.sendPicture(second * 90_000, IDR);
        await pass(1_000);
      }
      camera.hangUp('ECONNRESET');
      await pass(500);
    }
    expect(camera.connections).toBe(4);
  });

  it('by answering garbage is left once there is too much of it', async () => {
    await startPlaying();
    camera.send(Buffer.alloc(1024 * 1024 + 10, 0x01));
    await settle();
    expect(subscriber.interruptions).toEqual([
      { kind: 'protocol', detail: 'The camera sent 1 MiB that is no RTSP.' },
    ]);
  });
});

describe('a camera that needs it otherwise', () => {
  const METADATA =
    'm=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:track3\r\n';

  /** What was set up, and how the session was kept alive, in twelve seconds. */
  async function asked(overrides: Partial<StreamOverrides>): Promise<readonly string[]> {
    create(healthyScript(SDP_VIDEO + SDP_AUDIO + METADATA), overrides);
    await startPlaying();
    for (let second = 0; second < 12; second += 1) {
      camera.sendPicture(second * 90_000, IDR);
      await pass(1_000);
    }
    return camera.requests
      .filter(({ method }, index) => method !== 'DESCRIBE' && method !== 'PLAY' && index > 0)
      .map(({ method, uri }) => `${method} ${uri.split('/').at(-1)}`);
  }

  it('is asked for all its tracks and kept alive, unless told otherwise', async () => {
    const tracks = ['SETUP track1', 'SETUP track2', 'SETUP track3'];
    expect(await asked({})).toEqual([...tracks, 'GET_PARAMETER live']);
  });

  it('is not asked for sound or metadata that nobody wants', async () => {
    expect(await asked({ audio: false, metadata: false, keepalive: 'none' })).toEqual(['SETUP track1']);
  });

  it('is kept alive as it understands it', async () => {
    expect(await asked({ audio: false, metadata: false, keepalive: 'options' })).toEqual([
      'SETUP track1',
      'OPTIONS live',
    ]);
  });

  it('is placed by arrival when its clock is known to be worth nothing', async () => {
    create(healthyScript(), { clock: 'arrival' });
    await startPlaying();
    clock.advance(1_000);
    for (const stamp of [0, 900_000, 123, 70_000_000]) {
      camera.sendPicture(stamp, IDR);
      clock.advance(40);
    }
    expect(subscriber.samples.map(({ dts90k }) => dts90k)).toEqual([90_000, 93_600, 97_200, 100_800]);
  });
});

describe('mistakes of ours', () => {
  it('in a subscriber detach it and harm nobody else', async () => {
    const broken = new CollectingSubscriber();
    broken.onSample = () => {
      throw new Error('a mistake');
    };
    ingest.subscribe(broken);
    const after = new CollectingSubscriber();
    ingest.subscribe(after);
    await startPlaying();
    camera.sendPicture(0, IDR);
    camera.sendPicture(3_600, IDR);
    expect([subscriber.order, broken.order, after.order]).toEqual([
      ['description 1', 'sync', 'sync'],
      ['description 1'],
      ['description 1', 'sync', 'sync'],
    ]);
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('in the address are told, not thrown', async () => {
    const { log } = collectingLog();
    ingest = createStreamIngest({
      openSource: rtspSource({
        slabPool: new SlabPool({ maximumIdleBytes: 1024 ** 2 }),
        url: 'http://camera/',
        clock,
        log,
        connect: camera.dial,
      }),
      clock,
      log,
    });
    await startPlaying();
    expect(ingest.status().state).toMatchObject({
      kind: 'waiting',
      reason: 'unsupported',
      detail: 'The address is not of the form rtsp://host[:port]/path.',
    });
    expect(StreamState.safeParse(ingest.status().state).success).toBe(true);
  });
});

describe('stopping', () => {
  it('tells the subscribers, and may be followed by another start on the same timeline', async () => {
    await startPlaying();
    camera.sendPicture(0, IDR);
    const stopped = ingest.stop();
    await settle();
    await stopped;
    expect(ingest.status().state).toEqual({ kind: 'idle' });
    clock.advance(60_000);
    await startPlaying();
    camera.sendPicture(500, IDR);
    expect(subscriber.order).toEqual(['description 1', 'sync', 'stopped', 'description 1', 'sync']);
    expect(subscriber.samples.map(({ dts90k }) => dts90k)).toEqual([0, 5_400_000]);
  });

  it('for a while does not make the next pictures be dated by the clock of before', async () => {
    await startPlaying();
    const stopped = ingest.stop();
    await settle();
    await stopped;
    clock.setWallClockBy(3_600_000);
    await startPlaying();
    camera.sendPicture(0, IDR);
    expect(subscriber.samples.map(({ utcMs }) => utcMs)).toEqual([clock.utcMs()]);
  });

  it('passes nothing on that comes while it says goodbye', async () => {
    create(healthyScript(SDP_VIDEO + SDP_AUDIO));
    const healthy = camera.script;
    camera.script = (request) => (request.method === 'TEARDOWN' ? undefined : healthy(request));
    await startPlaying();
    camera.sendPicture(0, IDR);
    const stopped = ingest.stop();
    camera.sendPicture(3_600, SLICE);
    camera.sendPicture(7_200, IDR);
    const payload = Buffer.from('00100008ff', 'hex');
    camera.send(frame(2, rtpPacket({ sequence: 1, timestamp: 0, payload, payloadType: 97, marker: true })));
    await pass(1_000);
    await stopped;
    expect(subscriber.order).toEqual(['description 1', 'sync', 'stopped']);
  });

  it('while PLAY is being answered starts no keepalive', async () => {
    const healthy = healthyScript();
    camera.script = (request) => (request.method === 'PLAY' ? undefined : healthy(request));
    await startPlaying();
    const sequence = camera.requests.find(({ method }) => method === 'PLAY')?.sequence;
    const stopped = ingest.stop();
    camera.send(Buffer.from(`RTSP/1.0 200 OK\r\nCSeq: ${sequence}\r\n\r\n`));
    await settle();
    await stopped;
    expect(clock.pendingAlarms).toBe(0);
  });

  it('while connecting leaves nothing behind', async () => {
    ingest.start();
    const stopped = ingest.stop();
    await settle();
    await stopped;
    expect(ingest.status().state).toEqual({ kind: 'idle' });
  });
});
