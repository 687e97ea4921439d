/** Ingest against an RTSP server, encoder and packetizer that are not ours: GStreamer's. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createStreamIngest, rtspSource } from '../../src/engine/ingest/index.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { SlabPool } from '../../src/engine/media/slab-pool.ts';
import { gstreamerMissing, startGstreamerServer } from '../support/gstreamer-server.ts';
import { nalUnits, WaitingSubscriber } from './ingest-subscriber.ts';
import { MemoryLog } from './memory-log.ts';

const missing = gstreamerMissing();
const inWords = missing === undefined ? '' : ` (skipped: ${missing})`;

const SOURCE = 'videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1';
const ENCODER =
  'x264enc speed-preset=ultrafast bitrate=800 key-int-max=25 option-string=scenecut=0:no-mbtree=1';

async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'belvedere-ingest-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

interface Watching extends AsyncDisposable {
  readonly ingest: ReturnType<typeof createStreamIngest>;
  readonly subscriber: WaitingSubscriber;
}

function watch(
  url: string,
  credentials?: { readonly username: string; readonly password: string },
): Watching {
  const subscriber = new WaitingSubscriber();
  const clock = createSystemClock();
  const log = new MemoryLog();
  const slabPool = new SlabPool({ maximumIdleBytes: 1024 ** 2 });
  const ingest = createStreamIngest({
    openSource: rtspSource({ slabPool, url, credentials, clock, log }),
    clock,
    log,
  });
  ingest.subscribe(subscriber);
  ingest.start();
  return { ingest, subscriber, [Symbol.asyncDispose]: () => ingest.stop() };
}

/** The NAL units of an Annex B stream that belong into samples. */
function annexBNals(bytes: Buffer): readonly Buffer[] {
  const starts: number[] = [];
  for (let at = bytes.indexOf('000001', 0, 'hex'); at !== -1; at = bytes.indexOf('000001', at + 3, 'hex')) {
    starts.push(at + 3);
  }
  return starts
    .map((start, index) => {
      let end = (starts[index + 1] ?? bytes.length + 3) - 3;
      while (bytes[end - 1] === 0) end -= 1;
      return bytes.subarray(start, end);
    })
    .filter((nal) => ![7, 8, 9].includes((nal[0] ?? 0) & 0x1f));
}

it.skipIf(missing !== undefined)(`frames arrive bit for bit, on a steady timeline${inWords}`, async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'sent.h264');
  await using server = await startGstreamerServer(
    `( ${SOURCE} ! ${ENCODER} tune=zerolatency ! video/x-h264,profile=main,stream-format=byte-stream ! tee name=t ` +
      `t. ! queue ! rtph264pay name=pay0 pt=96 t. ! queue ! filesink buffer-mode=unbuffered location=${file} )`,
  );
  await using watching = watch(server.url);
  const { subscriber, ingest } = watching;
  await subscriber.until(() => subscriber.video.length >= 80);
  const video = subscriber.video.slice(0, 80);

  expect(subscriber.descriptions).toMatchObject([
    { generation: 1, video: { codec: 'h264', width: 320, height: 240, nominalFramesPerSecond: 25 } },
  ]);
  expect(video.map(({ isSync }) => isSync)).toEqual(video.map((_, index) => index % 25 === 0));
  const steps = video.slice(1).map(({ dts90k }, index) => dts90k - (video[index]?.dts90k ?? 0));
  // Exactly 25 a second, but for what a busy machine makes the timeline follow.
  expect(steps.filter((step) => Math.abs(step - 3_600) > 360)).toEqual([]);
  expect(video.every(({ pts90k, dts90k }) => pts90k === dts90k)).toBe(true);
  const received = video.flatMap(nalUnits).map((nal) => nal.toString('hex'));
  // Another thread of the server writes the file, and may be behind what has arrived here.
  let sent: readonly string[] = [];
  await subscriber.until(() => {
    sent = annexBNals(readFileSync(file)).map((nal) => nal.toString('hex'));
    return sent.length > received.length;
  });
  expect(received).toEqual(sent.slice(0, received.length));
  expect(ingest.status()).toMatchObject({
    framesLost: 0,
    reconnects: 0,
    videoCodec: expect.stringMatching(/^avc1\.[0-9a-f]{6}$/),
  });
});

it.skipIf(missing !== undefined)(`pictures that refer to later ones decode in order${inWords}`, async () => {
  await using server = await startGstreamerServer(
    `( ${SOURCE} ! ${ENCODER} bframes=3 b-adapt=false ! video/x-h264,profile=main ! rtph264pay name=pay0 pt=96 )`,
  );
  await using watching = watch(server.url);
  const { subscriber } = watching;
  await subscriber.until(() => subscriber.video.length >= 60);
  const video = subscriber.video.slice(0, 60);
  const decoded = video.map(({ dts90k }) => dts90k);
  expect(decoded).toEqual([...new Set(decoded)].toSorted((left, right) => left - right));
  expect(video.every(({ pts90k, dts90k }) => pts90k >= dts90k)).toBe(true);
  // It is a stream with B pictures, and each is shown a frame after the one before it.
  expect(video.some(({ pts90k }, index) => pts90k < (video[index - 1]?.pts90k ?? 0))).toBe(true);
  const shown = video.map(({ pts90k }) => pts90k).toSorted((left, right) => left - right);
  const steps = shown.slice(1, 50).map((time, index) => time - (shown[index] ?? 0));
  expect(steps.filter((step) => Math.abs(step - 3_600) > 720)).toEqual([]);
});

it.skipIf(missing !== undefined)(
  `audio comes on the same timeline, after Digest authentication${inWords}`,
  async () => {
    await using directory = await temporaryDirectory();
    const login = { username: 'viewer', passwordFile: join(directory.path, 'password') };
    await writeFile(login.passwordFile, 'pa%ss word', { mode: 0o600 });
    await using server = await startGstreamerServer(
      `( ${SOURCE} ! ${ENCODER} tune=zerolatency ! rtph264pay name=pay0 pt=96 ` +
        'audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=2 ! voaacenc ! aacparse ! rtpmp4gpay name=pay1 pt=97 )',
      login,
    );
    await using refused = watch(server.url, { username: 'viewer', password: 'wrong' });
    await refused.subscriber.until(() => refused.subscriber.interruptions.length > 0);
    expect(refused.subscriber.interruptions).toMatchObject([{ kind: 'refused-credentials' }]);

    await using watching = watch(server.url, { username: 'viewer', password: 'pa%ss word' });
    const { subscriber } = watching;
    await subscriber.until(() => subscriber.audio.length >= 100 && subscriber.video.length >= 50);
    expect(subscriber.descriptions).toMatchObject([
      { audio: { codec: 'aac', sampleRate: 48_000, channels: 2, samplesPerFrame: 1024 } },
    ]);
    const audio = subscriber.audio.slice(0, 100);
    const steps = audio.slice(1).map(({ dts90k }, index) => dts90k - (audio[index]?.dts90k ?? 0));
    expect(steps.filter((step) => Math.abs(step - 1_920) > 192)).toEqual([]);
    const apart = (subscriber.audio[0]?.utcMs ?? 0) - (subscriber.video[0]?.utcMs ?? 0);
    expect(Math.abs(apart)).toBeLessThan(1_000);
  },
);
