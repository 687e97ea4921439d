/** Ingest against the simulated camera, which shares no code with it. */
import { expect, it } from 'vitest';
import { createStreamIngest, rtspSource } from '../../src/engine/ingest/index.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { SlabPool } from '../../src/engine/media/slab-pool.ts';
import { loadClip } from '../../src/sim/clip/clip.ts';
import { scenes } from '../../src/sim/clip/scenes.ts';
import { createSimCameras } from '../../src/sim/site/cameras.ts';
import { nalUnits, WaitingSubscriber } from './ingest-subscriber.ts';
import { MemoryLog } from './memory-log.ts';

const credentials = { username: 'admin', password: 'pa%ss word' };

/** What of an access unit belongs into a sample: all but parameter sets and delimiters. */
function fingerprint(nals: readonly Buffer[]): string {
  return nals
    .filter((nal) => ![7, 8, 9].includes((nal[0] ?? 0) & 0x1f))
    .map((nal) => nal.toString('hex'))
    .join();
}

it('every frame of a simulated camera arrives bit for bit, also after the camera was restarted', async () => {
  await using cleanup = new AsyncDisposableStack();
  const [camera] = await createSimCameras({
    count: 1,
    seed: 1,
    firstAddress: '127.20.77.1',
    ports: { http: 0, rtsp: 0 },
    ...credentials,
  });
  const [scene] = scenes;
  if (camera === undefined || scene === undefined) throw new Error('There is no simulated camera.');
  await camera.start();
  cleanup.defer(() => camera.stop());
  const subscriber = new WaitingSubscriber();
  const log = new MemoryLog();
  const clock = createSystemClock();
  const slabPool = new SlabPool({ maximumIdleBytes: 1024 ** 2 });
  const ingest = createStreamIngest({
    openSource: rtspSource({ slabPool, url: camera.info.mainUrl, credentials, clock, log }),
    clock,
    log,
    limits: { firstDelayMs: 100 },
  });
  ingest.subscribe(subscriber);
  ingest.start();
  cleanup.defer(() => ingest.stop());

  await subscriber.until(() => subscriber.video.length >= 40 && subscriber.audio.length >= 40);
  await camera.stop();
  await subscriber.until(() => subscriber.interruptions.length > 0);
  await camera.start();
  await subscriber.until(() => subscriber.video.length >= 80);

  const clip = await loadClip(scene);
  const track = clip.streams.main;
  const sent = new Map(track.accessUnits.map((unit, index) => [fingerprint(unit.nalUnits), index]));
  const frameNumbers = subscriber.video.map(
    (sample) => sent.get(fingerprint(nalUnits(sample))) ?? Number.NaN,
  );
  const breaks = frameNumbers.filter(
    (frameNumber, index) => frameNumber !== (frameNumbers[index - 1] ?? Number.NaN) + 1,
  );
  // One after the other, but for the start and the restart, which come with a key frame.
  expect(breaks.map((frameNumber) => frameNumber % track.framesPerGroup)).toEqual([0, 0]);
  const sounds = new Set(clip.audio?.accessUnits.map((unit) => unit.toString('hex')));
  expect(subscriber.audio.every(({ data }) => sounds.has(Buffer.from(data).toString('hex')))).toBe(true);

  const times = subscriber.video.map(({ dts90k }) => dts90k);
  expect(times).toEqual([...new Set(times)].toSorted((left, right) => left - right));
  expect(subscriber.descriptions.map(({ generation }) => generation)).toEqual([1, 1]);
  expect(subscriber.interruptions.map(({ kind }) => kind)).toContain('closed-by-camera');
  expect(ingest.status()).toMatchObject({
    state: { kind: 'streaming' },
    width: track.width,
    height: track.height,
    framesLost: 0,
    reconnects: 1,
    audioCodec: 'mp4a.40.2',
  });
  expect(log.text).not.toContain(credentials.password);
});
