import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

import { clipsFolder, loadClip } from '../../src/sim/clip/clip.ts';
import { clipFormat, scenes } from '../../src/sim/clip/scenes.ts';
import { createSimCameras } from '../../src/sim/site/cameras.ts';
import {
  credentials,
  decode,
  decodeWithFfmpeg,
  hasFfmpeg,
  startCamera,
  withCredentials,
} from './sim-camera-fixture.ts';

const run = promisify(execFile);
const ffmpegReason = 'ffmpeg and ffprobe are needed: apt-get install ffmpeg';
const withFfmpeg = await hasFfmpeg();

describe('clips', () => {
  it.each(scenes)('$id has its frames, groups and sound', async (scene) => {
    const clip = await loadClip(scene);
    expect({
      frames: [clip.streams.main.accessUnits.length, clip.streams.sub.accessUnits.length],
      audioUnits: clip.audio?.accessUnits.length,
      sampleRateHz: clip.audio?.sampleRateHz,
      jpeg: clip.snapshotJpeg.toString('hex', 0, 3),
    }).toEqual({
      frames: [clipFormat.frameCount, clipFormat.frameCount],
      audioUnits: scene.hasAudio ? 625 : undefined,
      sampleRateHz: scene.hasAudio ? 32_000 : undefined,
      jpeg: 'ffd8ff',
    });
  });

  it('are small enough to be cloned', async () => {
    const names = await readdir(clipsFolder);
    const sizes = await Promise.all(
      names.map(async (name) => (await stat(path.join(clipsFolder, name))).size),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(9_000_000);
  });
});

describe.skipIf(!withFfmpeg)(`pictures${withFfmpeg ? '' : ` (skipped: ${ffmpegReason})`}`, () => {
  it.each(scenes)('$id shows every frame number once, in order', async ({ id }) => {
    const input = ['-f', 'h264', '-i', path.join(clipsFolder, `${id}.sub.h264`)];
    const { barcodes, complaints } = await decode(input, clipFormat.sub, clipFormat.frameCount);
    expect(complaints).toBe('');
    expect(barcodes).toEqual(Array.from({ length: clipFormat.frameCount }, (_, index) => index));
  });
});

describe.skipIf(!withFfmpeg)(
  `RTSP, played by ffmpeg${withFfmpeg ? '' : ` (skipped: ${ffmpegReason})`}`,
  () => {
    it.each(['main', 'sub'] as const)(
      '%s decodes without error, and its barcodes are the send log',
      async (stream) => {
        await using started = await startCamera();
        const { camera } = started;
        const url = stream === 'main' ? camera.info.mainUrl : camera.info.subUrl;
        const { barcodes, complaints } = await decodeWithFfmpeg(url, clipFormat[stream], 45);
        const sent = camera.sentFrames.frames(stream).map(({ frameNumber }) => frameNumber);
        expect(complaints).toBe('');
        expect(barcodes).toHaveLength(45);
        expect(barcodes).toEqual(sent.slice(0, 45));
      },
    );

    it('is described as it is', async () => {
      await using started = await startCamera();
      const { stdout } = await run('ffprobe', [
        '-v',
        'error',
        '-rtsp_transport',
        'tcp',
        '-of',
        'csv=p=0',
        '-show_entries',
        'stream=codec_name,profile,width,height,sample_rate,channels,has_b_frames',
        withCredentials(started.camera.info.mainUrl),
      ]);
      expect(stdout.trim().split('\n')).toEqual(['h264,High,1280,720,0', 'aac,LC,32000,1']);
    });

    it('keeps its pace and the same frame on both streams', async () => {
      await using started = await startCamera();
      const { camera } = started;
      await Promise.all([
        decodeWithFfmpeg(camera.info.mainUrl, clipFormat.main, 60),
        decodeWithFfmpeg(camera.info.subUrl, clipFormat.sub, 60),
      ]);
      const frames = camera.sentFrames.frames('main');
      const [first] = frames;
      if (first === undefined) throw new Error('Nothing was sent.');
      const lateness = frames.map(
        ({ index, monotonicMs }) => monotonicMs - first.monotonicMs - ((index - first.index) * 1000) / 15,
      );
      // Late by the load of the machine now and then, but never adding up.
      expect(Math.min(...lateness.slice(-10).map(Math.abs))).toBeLessThan(15);
      expect(frames.map(({ index }) => index)).toEqual(frames.map((_, position) => first.index + position));
      const subNumbers = new Map(
        camera.sentFrames.frames('sub').map(({ index, frameNumber }) => [index, frameNumber]),
      );
      const shared = frames.filter(({ index }) => subNumbers.has(index));
      expect(shared.length).toBeGreaterThan(0);
      expect(shared.filter(({ index, frameNumber }) => subNumbers.get(index) !== frameNumber)).toEqual([]);
    });

    it('refuses a wrong password', async () => {
      await using started = await startCamera();
      const url = withCredentials(started.camera.info.mainUrl, { ...credentials, password: 'wrong' });
      await expect(run('ffprobe', ['-v', 'error', '-rtsp_transport', 'tcp', url])).rejects.toThrow(
        /401 Unauthorized/,
      );
      expect(started.camera.sentFrames.total).toBe(0);
    });
  },
);

describe('RTSP', () => {
  it('answers 400 to nonsense and closes', async () => {
    await using started = await startCamera();
    const answer = await exchange(started.camera.info.mainUrl, 'GET / HTTP/1.1\r\n\r\n');
    expect(answer).toBe('RTSP/1.0 400 Bad Request\r\n\r\n');
  });

  it('offers SHA-256 beside MD5 where it is told to', async () => {
    await using started = await startCamera({
      rtspDigestAlgorithms: ['MD5', 'SHA-256'],
      sessionTimeoutSeconds: 1,
    });
    const { mainUrl } = started.camera.info;
    const answer = await exchange(mainUrl, `DESCRIBE ${mainUrl} RTSP/1.0\r\nCSeq: 7\r\n\r\n`);
    const shape = answer.replaceAll(/nonce="[^"]+"/g, 'nonce');
    expect(shape.split('\r\n')).toEqual([
      'RTSP/1.0 401 Unauthorized',
      'CSeq: 7',
      `WWW-Authenticate: Digest realm="${started.camera.info.identity.model}", nonce, algorithm=MD5`,
      `WWW-Authenticate: Digest realm="${started.camera.info.identity.model}", nonce, algorithm=SHA-256`,
      '',
      '',
    ]);
  });

  it('closes a connection that asks for nothing within the session timeout', async () => {
    await using started = await startCamera({ sessionTimeoutSeconds: 1 });
    const answer = await exchange(started.camera.info.mainUrl, 'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n');
    expect(answer).toMatch(/^RTSP\/1\.0 200 OK\r\nCSeq: 1\r\nPublic: .*TEARDOWN\r\n\r\n$/);
  });
});

describe('createSimCameras', () => {
  it('gives every camera its own name, address and identity, and scenes in turn', async () => {
    const cameras = await createSimCameras({
      count: 15,
      seed: 5,
      firstAddress: '127.21.1.1',
      ...credentials,
    });
    const infos = cameras.map(({ info }) => info);
    expect(infos.map(({ identity, address, sceneId }) => [identity.name, address, sceneId])).toEqual(
      Array.from({ length: 15 }, (_, index) => {
        const scene = scenes[index % 12];
        return [index < 12 ? scene?.title : `${scene?.title} 2`, `127.21.1.${index + 1}`, scene?.id];
      }),
    );
    expect(new Set(infos.map(({ identity }) => identity.endpointUuid)).size).toBe(15);
    expect(infos.filter(({ hasAudio }) => hasAudio)).toHaveLength(5);
  });

  it.each([0, 1001, 1.5])('refuses %d cameras', async (count) => {
    await expect(createSimCameras({ count, seed: 1, ...credentials })).rejects.toThrow(RangeError);
  });
});

/** Sends `text` and returns everything that comes until the camera closes the connection. */
async function exchange(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write(text);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}
