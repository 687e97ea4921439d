/** The RTSP server, judged by players that are not ours and by our own client: what they get is what was sent. */
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStreamIngest, rtspSource } from '../../src/engine/ingest/index.ts';
import { SlabPool } from '../../src/engine/media/slab-pool.ts';
import type { Sample } from '../../src/engine/media/sample.ts';
import { Attempts } from '../../src/engine/platform/attempts.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { createRtspServer } from '../../src/engine/rtsp-server/index.ts';
import type { RtspServer } from '../../src/engine/rtsp-server/index.ts';
import { ServeUpdate } from '../../src/shared/engine-api/index.ts';
import { ffmpegMissing } from '../support/media-probe.ts';
import { GenerationSubscriber } from './codec-recording.ts';
import { MemoryLog } from './memory-log.ts';
import { endingStream, makeMedia, nalUnitsOf } from './serve-media.ts';
import type { KnownMedia } from './serve-media.ts';
import { freePort } from './serve-fixture.ts';

const run = promisify(execFile);
const missing = ffmpegMissing();
const inWords = missing === undefined ? '' : ` (skipped: ${missing})`;
const account = { username: 'wall', password: 'p:l@y %1"' };
const clock = createSystemClock();

const media = new Map<string, KnownMedia>();
let folder: string;
let server: RtspServer;
let port: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'belvedere-rtsp-'));
  port = await freePort();
  server = createRtspServer({
    streams: {
      find(cameraId) {
        const known = media.get(cameraId);
        return known === undefined ? undefined : endingStream(known);
      },
    },
    attempts: new Attempts(clock),
    host: '127.0.0.1',
    clock,
    log: new MemoryLog(),
  });
  const serve = ServeUpdate.parse({ rtsp: { enabled: true, port } });
  await server.apply({ ...serve, accounts: [account] });
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

function urlOf(cameraId: string): string {
  const user = `${account.username}:${encodeURIComponent(account.password)}`;
  return `rtsp://${user}@127.0.0.1:${port}/${cameraId}/main`;
}

/** The hashes in ffmpeg's framemd5 output: the sixth column, which side data may follow. */
async function frameHashes(args: readonly string[]): Promise<readonly string[]> {
  const { stdout, stderr } = await run('ffmpeg', ['-v', 'error', ...args, '-f', 'framemd5', '-'], {
    timeout: 30_000,
  });
  expect(stderr).toBe('');
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',')[5]?.trim() ?? '');
}

const decodedVideo = ['-map', '0:v', '-fps_mode', 'passthrough', '-pix_fmt', 'yuv420p'];

describe.skipIf(missing !== undefined)(`ffmpeg${inWords}`, () => {
  it.each(['h264', 'h265'] as const)(
    'decodes the pictures of %s that were sent, every one',
    async (codec) => {
      const known = makeMedia(codec);
      media.set(codec, known);
      const file = join(folder, `sent.${codec}`);
      await writeFile(file, known.annexB);
      const sent = await frameHashes(['-i', file, ...decodedVideo]);
      const played = await frameHashes(['-rtsp_transport', 'tcp', '-i', urlOf(codec), ...decodedVideo]);
      expect(played).toHaveLength(50);
      expect(played).toEqual(sent);
    },
  );

  it.each(['aac', 'pcmu', 'pcma', 'opus'] as const)(
    'gets the frames of %s that were sent, byte for byte',
    async (codec) => {
      const known = makeMedia('h264', codec);
      media.set(codec, known);
      const played = await frameHashes([
        '-rtsp_transport',
        'tcp',
        '-i',
        urlOf(codec),
        '-map',
        '0:a',
        '-c',
        'copy',
      ]);
      const sent = known.samples
        .filter(({ track }) => track === 'audio')
        .map(({ data }) => createHash('md5').update(data).digest('hex'));
      expect(sent.length).toBeGreaterThan(40);
      expect(played).toEqual(sent);
    },
  );

  it('falls back to TCP by itself when it asks for UDP', async () => {
    media.set('fallback', makeMedia('h264'));
    const { stderr } = await run('ffmpeg', [
      '-v',
      'error',
      '-i',
      urlOf('fallback'),
      '-frames:v',
      '50',
      '-f',
      'null',
      '-',
    ]);
    expect(stderr).toContain('461 Unsupported Transport');
  });
});

const gstreamer = spawnSync('gst-inspect-1.0', ['rtspsrc']).status === 0;
const gstreamerInWords = gstreamer ? '' : " (skipped: GStreamer's rtspsrc is not installed)";

describe.skipIf(missing !== undefined || !gstreamer)(`GStreamer${gstreamerInWords}`, () => {
  it.each(['h264', 'h265'] as const)('gets every slice of %s that was sent, byte for byte', async (codec) => {
    const known = makeMedia(codec, 'pcma');
    media.set(`gst-${codec}`, known);
    const file = join(folder, `gst.${codec}`);
    const source = ['rtspsrc', 'protocols=tcp', 'latency=0'];
    const login = [`user-id=${account.username}`, `user-pw=${account.password.replaceAll('"', '\\"')}`];
    const location = `location=rtsp://127.0.0.1:${port}/gst-${codec}/main`;
    const form = `video/x-${codec},stream-format=byte-stream,alignment=nal`;
    const pipeline = [...source, ...login, location, '!', `rtp${codec}depay`, '!', form, '!', 'filesink'];
    await run('gst-launch-1.0', ['-q', ...pipeline, `location=${file}`], { timeout: 30_000 });
    const pictures = known.samples.filter(({ track }) => track === 'video');
    // In band before both sync pictures; GStreamer adds those of the description before everything.
    expect(slicesOf(await readFile(file), codec)).toEqual(slicesOf(known.annexB, codec));
    expect(slicesOf(known.annexB, codec).length).toBeGreaterThanOrEqual(pictures.length);
  });
});

describe.skipIf(missing !== undefined)(`our own client${inWords}`, () => {
  it('gets pictures, sound and metadata that are the ones sent', async () => {
    const known = makeMedia('h265', 'opus');
    const document = Buffer.from(`<tt:MetadataStream>${'<tt:Event/>'.repeat(500)}</tt:MetadataStream>`);
    const [first] = known.samples;
    if (first === undefined) throw new Error('There are no samples.');
    const metadata: Sample = { ...first, track: 'metadata', data: document, isSync: true };
    const description = { ...known.description, metadata: { kind: 'metadata', codec: 'onvif' } } as const;
    const [, ...others] = known.samples;
    const samples = [first, metadata, ...others];
    media.set('ours', { ...known, description, samples });
    const subscriber = new GenerationSubscriber();
    const log = new MemoryLog();
    const slabPool = new SlabPool({ maximumIdleBytes: 1024 ** 2 });
    const url = `rtsp://127.0.0.1:${port}/ours/main`;
    const ingest = createStreamIngest({
      openSource: rtspSource({ slabPool, url, credentials: account, clock, log }),
      clock,
      log,
    });
    ingest.subscribe(subscriber);
    ingest.start();
    await subscriber.until(() => subscriber.interruptions.length > 0);
    await ingest.stop();
    const [generation] = subscriber.generations;
    expect(generation?.description).toMatchObject({
      video: { codec: 'h265', width: 640, height: 360 },
      audio: { codec: 'opus', channels: 1 },
      metadata: { codec: 'onvif' },
    });
    for (const track of ['video', 'audio', 'metadata'] as const) {
      expect(digestsOf(generation?.samples ?? [], track)).toEqual(digestsOf(samples, track));
    }
  });
});

/** All but parameter sets, delimiters and supplemental information. */
function slicesOf(annexB: Buffer, codec: 'h264' | 'h265'): readonly string[] {
  const isSlice = (nal: Buffer): boolean =>
    codec === 'h264' ? (nal.readUInt8(0) & 0x1f) <= 5 : nal.readUInt8(0) >> 1 < 32;
  return nalUnitsOf(annexB)
    .filter(isSlice)
    .map((nal) => createHash('md5').update(nal).digest('hex'));
}

/** One for each sample of a track. */
function digestsOf(samples: readonly Sample[], wanted: Sample['track']): readonly string[] {
  return samples
    .filter(({ track }) => track === wanted)
    .map(({ data }) => createHash('md5').update(data).digest('hex'));
}
