/** Ingest over UDP: pictures and sound, a camera that reboots, and no socket that stays behind. */
import { expect, it } from 'vitest';
import { createStreamIngest, rtspSource } from '../../src/engine/ingest/index.ts';
import { SlabPool } from '../../src/engine/media/slab-pool.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { DEFAULT_STREAM_OVERRIDES } from '../../src/shared/engine-api/index.ts';
import { loadClip } from '../../src/sim/clip/clip.ts';
import { scenes } from '../../src/sim/clip/scenes.ts';
import { packetizeClip } from '../../src/sim/rtsp/packetized-clip.ts';
import { nalUnits, WaitingSubscriber } from './ingest-subscriber.ts';
import { MemoryLog } from './memory-log.ts';
import { fingerprint } from './rtsp-player.ts';
import { credentials, startCamera } from './sim-camera-fixture.ts';

const openUdpSockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap').length;

it('goes on after the camera has rebooted, frame by frame, with the ports of one session', async () => {
  const scene = scenes.find(({ hasAudio }) => hasAudio);
  if (scene === undefined) throw new Error('No scene has sound.');
  const clip = await loadClip(scene);
  await using started = await startCamera({ source: packetizeClip(clip) });
  const { camera } = started;
  const socketsBefore = openUdpSockets();
  const subscriber = new WaitingSubscriber();
  const clock = createSystemClock();
  const log = new MemoryLog();
  const ingest = createStreamIngest({
    openSource: rtspSource({
      url: camera.info.mainUrl,
      credentials,
      clock,
      log,
      slabPool: new SlabPool({ maximumIdleBytes: 1024 ** 2 }),
      overrides: { ...DEFAULT_STREAM_OVERRIDES, transport: 'udp' },
    }),
    clock,
    log,
    limits: { firstDelayMs: 100 },
  });
  ingest.subscribe(subscriber);
  ingest.start();
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => ingest.stop());
  await subscriber.until(() => subscriber.video.length >= 30 && subscriber.audio.length >= 30);
  // Video and sound, a pair each.
  expect(openUdpSockets() - socketsBefore).toBe(4);

  await camera.faults.reboot(200);
  const before = subscriber.video.length;
  await subscriber.until(() => subscriber.video.length >= before + 30);
  // The camera opened two anew as well, which does not change their number.
  expect(openUdpSockets() - socketsBefore).toBe(4);

  const { accessUnits, framesPerGroup } = clip.streams.main;
  const sent = new Map(accessUnits.map((unit, index) => [fingerprint(unit.nalUnits), index]));
  const numbers = subscriber.video.map((sample) => sent.get(fingerprint(nalUnits(sample))) ?? Number.NaN);
  const breaks = numbers.filter((number, index) => number !== (numbers[index - 1] ?? Number.NaN) + 1);
  // One after the other, but for the start and the reboot, which come with a key frame.
  expect(breaks.map((number) => number % framesPerGroup)).toEqual([0, 0]);
  const sounds = new Set(clip.audio?.accessUnits.map((unit) => unit.toString('hex')));
  expect(subscriber.audio.every(({ data }) => sounds.has(Buffer.from(data).toString('hex')))).toBe(true);
  expect(ingest.status()).toMatchObject({ state: { kind: 'streaming' }, framesLost: 0, reconnects: 1 });

  await ingest.stop();
  await expect.poll(openUdpSockets).toBe(socketsBefore);
});
