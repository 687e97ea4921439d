import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';

import { loadClip } from '../../src/sim/clip/clip.ts';
import { scenes } from '../../src/sim/clip/scenes.ts';
import { syntheticTrack } from '../../src/sim/clip/synthetic.ts';
import { packetizeClip } from '../../src/sim/rtsp/packetized-clip.ts';
import { startCamera } from './sim-camera-fixture.ts';
import { Viewer } from './sim-camera-viewer.ts';

/** A viewer that has its first packet. */
async function playing(url: string): Promise<Viewer> {
  const viewer = await Viewer.connect(url);
  await viewer.play();
  await viewer.until(() => viewer.packetCount > 0 || viewer.closed);
  return viewer;
}

const connectionRefused = expect.objectContaining({ code: 'ECONNREFUSED' });

describe('faults', () => {
  it('drop closes connections and refuses new ones until cleared', async () => {
    await using started = await startCamera();
    const { camera } = started;
    using viewer = await playing(camera.info.mainUrl);
    await camera.faults.drop();
    await viewer.untilClosed();
    await expect(Viewer.connect(camera.info.mainUrl)).rejects.toEqual(connectionRefused);
    await expect(fetch(camera.info.snapshotUrl)).rejects.toMatchObject({ cause: connectionRefused });
    await camera.faults.clear();
    using again = await playing(camera.info.mainUrl);
    expect([again.packetCount > 0, camera.faults.condition]).toEqual([true, 'normal']);
  });

  it('stall keeps connections open, sends nothing, and goes on at a keyframe', async () => {
    await using started = await startCamera();
    const { camera } = started;
    using viewer = await playing(camera.info.mainUrl);
    await camera.faults.stall();
    const sent = camera.sentFrames.total;
    using newcomer = await Viewer.connect(camera.info.mainUrl);
    newcomer.send('OPTIONS');
    // Silence can only be observed over time; ten frames would have been due.
    await delay(700);
    expect([camera.sentFrames.total, newcomer.unread.length, viewer.closed]).toEqual([sent, 0, false]);
    const next = camera.sentFrames.next(() => true, AbortSignal.timeout(5000));
    await camera.faults.clear();
    expect(await next).toMatchObject({ keyframe: true });
  });

  it('rejectCredentials refuses what was right before', async () => {
    await using started = await startCamera();
    const { camera } = started;
    await camera.faults.rejectCredentials();
    using refused = await Viewer.connect(camera.info.mainUrl);
    await expect(refused.play()).rejects.toThrow('DESCRIBE was answered with 401.');
    await camera.faults.clear();
    using accepted = await playing(camera.info.mainUrl);
    expect(accepted.packetCount).toBeGreaterThan(0);
  });

  it('garbage answers with bytes that are neither RTSP nor HTTP', async () => {
    await using started = await startCamera();
    const { camera } = started;
    await camera.faults.garbage();
    using viewer = await Viewer.connect(camera.info.mainUrl);
    viewer.send('OPTIONS');
    await viewer.until(() => viewer.unread.length >= 512);
    expect(viewer.unread.includes('RTSP/1.0')).toBe(false);
    await expect(fetch(camera.info.snapshotUrl)).rejects.toThrow('fetch failed');
    await camera.faults.clear();
    expect((await fetch(camera.info.snapshotUrl)).status).toBe(401);
  });

  it('reboot comes back with another boot, SSRC and frame 0', async () => {
    await using started = await startCamera();
    const { camera } = started;
    using before = await playing(camera.info.mainUrl);
    const rebooted = camera.faults.reboot(300);
    await before.untilClosed();
    await expect(Viewer.connect(camera.info.mainUrl)).rejects.toEqual(connectionRefused);
    await rebooted;
    const first = camera.sentFrames.next(({ boot }) => boot === 1, AbortSignal.timeout(5000));
    using after = await playing(camera.info.mainUrl);
    expect(await first).toMatchObject({ boot: 1, index: 30, frameNumber: 30, keyframe: true });
    expect([...after.ssrcs]).not.toEqual([...before.ssrcs]);
  });

  it('changeAddress moves everything and keeps the identity', async () => {
    await using started = await startCamera();
    const { camera } = started;
    const { info: before } = camera;
    await camera.faults.changeAddress('127.21.0.77');
    expect(camera.info).toEqual({
      ...before,
      address: '127.21.0.77',
      deviceUrl: before.deviceUrl.replace('127.21.0.1', '127.21.0.77'),
      snapshotUrl: before.snapshotUrl.replace('127.21.0.1', '127.21.0.77'),
      mainUrl: before.mainUrl.replace('127.21.0.1', '127.21.0.77'),
      subUrl: before.subUrl.replace('127.21.0.1', '127.21.0.77'),
    });
    await expect(Viewer.connect(before.mainUrl)).rejects.toEqual(connectionRefused);
    using viewer = await playing(camera.info.mainUrl);
    expect(viewer.packetCount).toBeGreaterThan(0);
  });

  it('can stop in the middle of a reboot', async () => {
    await using started = await startCamera();
    const rebooted = started.camera.faults.reboot(3_600_000);
    await started.camera.stop();
    await rebooted;
    expect(started.camera.faults.condition).toBe('off');
  });

  it('are refused while the camera is off', async () => {
    await using started = await startCamera();
    await started.camera.stop();
    await expect(started.camera.faults.drop()).rejects.toThrow('The camera is off.');
  });
});

describe('limits', () => {
  it('disconnects a viewer that does not read, and nobody else', async () => {
    const [scene] = scenes;
    if (scene === undefined) throw new Error('There are no scenes.');
    const clip = await loadClip(scene);
    const loud = syntheticTrack(clip.streams.main, 40_000_000);
    const source = packetizeClip({ ...clip, streams: { main: loud, sub: clip.streams.sub } });
    await using started = await startCamera({ source });
    const { camera } = started;
    using quick = await playing(camera.info.subUrl);
    using slow = await playing(camera.info.mainUrl);
    slow.pauseReading();
    const packets = quick.packetCount;
    await quick.until(() => camera.viewers.disconnectedAsSlow === 1);
    await quick.until(() => quick.packetCount > packets + 10 && camera.viewers.connected === 1);
    expect(camera.viewers).toEqual({ connected: 1, disconnectedAsSlow: 1 });
  });

  it('ends a session that is not kept alive, and keeps one that is', async () => {
    await using started = await startCamera({ sessionTimeoutSeconds: 2 });
    using idle = await Viewer.connect(started.camera.info.subUrl);
    using kept = await Viewer.connect(started.camera.info.subUrl);
    await Promise.all([idle.play(), kept.play()]);
    const keepalive = setInterval(() => void kept.ask('GET_PARAMETER'), 500);
    try {
      await idle.untilClosed();
      const packets = kept.packetCount;
      await kept.until(() => kept.packetCount > packets + 30 || kept.closed);
      expect(kept.closed).toBe(false);
    } finally {
      clearInterval(keepalive);
    }
  });

  it('refuses what is out of order', async () => {
    await using started = await startCamera();
    using viewer = await Viewer.connect(started.camera.info.mainUrl);
    await viewer.play();
    const statuses = [];
    for (const [method, path, headers] of [
      ['SETUP', '/main/trackID=1', 'Transport: RTP/AVP/TCP;unicast;interleaved=2-3\r\n'],
      ['PLAY', '/other', ''],
      ['RECORD', '/main', ''],
      ['TEARDOWN', '/main', ''],
      ['PLAY', '/main', ''],
      ['SETUP', '/main/trackID=0', 'Transport: RTP/AVP;multicast;port=5000-5001\r\n'],
      ['SETUP', '/main', 'Transport: RTP/AVP/TCP;unicast;interleaved=2-3\r\n'],
      ['DESCRIBE', '/third', ''],
    ] as const) {
      const answer = await viewer.ask(method, new URL(path, started.camera.info.mainUrl).href, headers);
      statuses.push(answer?.status);
    }
    expect(statuses).toEqual([455, 404, 405, 200, 454, 461, 459, 404]);
  });
});
