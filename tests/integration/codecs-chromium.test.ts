/** Recorded files in Chromium's Media Source Extensions, which a page plays them with. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { chromium, type Browser } from '@playwright/test';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadSoundClip, loadVideoClip } from '../../src/sim/clip/codec-clips.ts';
import type { SoundTrack } from '../../src/sim/clip/sound.ts';
import { packetizeClip } from '../../src/sim/rtsp/packetized-clip.ts';
import { aacSound, clipOf, temporaryDirectory } from './codec-clips.ts';
import { GenerationSubscriber, ingestOf, wholeGroups, writeFiles } from './codec-recording.ts';
import { credentials, startCamera } from './sim-camera-fixture.ts';

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const missing = existsSync(executablePath) ? undefined : 'Chromium is not installed';
const inWords = missing === undefined ? '' : ` (skipped: ${missing})`;

let browser: Browser | undefined;
beforeAll(async () => {
  if (missing !== undefined) return;
  browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
    ].concat(['--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required']),
  });
});
afterAll(() => browser?.close());

interface Played {
  readonly width: number;
  readonly bufferedSeconds: number;
  readonly pictures: number;
  readonly soundBytes: number;
  readonly error: string | undefined;
}

/** Plays a whole file in a page that has no other content. */
async function playInPage(file: Buffer, type: string): Promise<Played> {
  if (browser === undefined) throw new Error('There is no browser.');
  const page = await browser.newPage();
  try {
    return await page.evaluate(
      async ({ base64, mimeType }): Promise<Played> => {
        const video = document.createElement('video');
        const source = new MediaSource();
        video.src = URL.createObjectURL(source);
        document.body.append(video);
        const watching = new AbortController();
        const happens = (target: EventTarget, name: string): Promise<Event> =>
          new Promise((resolve) => {
            target.addEventListener(name, resolve, { once: true, signal: watching.signal });
          });
        await happens(source, 'sourceopen');
        const buffer = source.addSourceBuffer(mimeType);
        buffer.appendBuffer(Uint8Array.from(atob(base64), (character) => character.codePointAt(0) ?? 0));
        await happens(buffer, 'updateend');
        source.endOfStream();
        const ended = Promise.race([happens(video, 'ended'), happens(video, 'error')]);
        await video.play();
        await ended;
        watching.abort();
        const { buffered } = video;
        return {
          width: video.videoWidth,
          bufferedSeconds: buffered.length === 1 ? buffered.end(0) - buffered.start(0) : -buffered.length,
          pictures: video.getVideoPlaybackQuality().totalVideoFrames,
          soundBytes: Number(Reflect.get(video, 'webkitAudioDecodedByteCount')),
          error: video.error?.message,
        };
      },
      { base64: file.toString('base64'), mimeType: type },
    );
  } finally {
    await page.close();
  }
}

const cases: readonly { what: string; address: string; sound: () => Promise<SoundTrack>; codecs: string }[] =
  [
    { what: 'AAC', address: '127.21.11.1', sound: aacSound, codecs: 'avc1.640016, mp4a.40.2' },
    { what: 'Opus', address: '127.21.11.2', sound: () => loadSoundClip('opus'), codecs: 'avc1.640016, opus' },
  ];

it.skipIf(missing !== undefined).each(cases)(
  `Chromium plays H.264 with B-frames and $what${inWords}`,
  { timeout: 60_000 },
  async ({ address, sound, codecs }) => {
    await using cleanup = new AsyncDisposableStack();
    const directory = cleanup.use(await temporaryDirectory());
    const clip = await clipOf(await loadVideoClip('h264-reordered'), { audio: await sound() });
    const { camera } = cleanup.use(await startCamera({ address, source: packetizeClip(clip) }));
    const subscriber = new GenerationSubscriber();
    const ingest = ingestOf(camera.info.mainUrl, subscriber, credentials);
    cleanup.defer(() => ingest.stop());
    await subscriber.until(([generation]) => (generation?.samples.length ?? 0) >= 150);
    await ingest.stop();
    const [generation] = subscriber.generations;
    if (generation === undefined) throw new Error('There is a generation.');
    const whole = wholeGroups(generation);
    const { main } = await writeFiles(directory.path, whole);

    const played = await playInPage(await readFile(main), `video/mp4; codecs="${codecs}"`);

    const pictures = whole.samples.filter(({ track }) => track === 'video').length;
    expect(played).toEqual({
      width: 640,
      bufferedSeconds: expect.any(Number),
      pictures,
      soundBytes: expect.any(Number),
      error: undefined,
    });
    // One range without a hole, as long as the pictures last.
    expect(Math.abs(played.bufferedSeconds - pictures / 15)).toBeLessThan(0.3);
    expect(played.soundBytes).toBeGreaterThan(1000);
  },
);
