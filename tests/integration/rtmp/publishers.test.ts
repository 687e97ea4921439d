/** Publishers that are not ours push to a whole engine; ffmpeg judges what is recorded. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startAdministeredEngine } from '../../support/administered-engine.ts';
import type { AdministeredEngine } from '../../support/administered-engine.ts';
import { ffmpegMissing, packetTimes, pictureHashes, temporaryDirectory } from '../recording-fixture.ts';
import { freePort, PUSH_KEY, PUSH_NAME, startTool } from './rtmp-fixture.ts';
import type { Tool } from './rtmp-fixture.ts';
import { sceneClip, simulatePublisher } from './simulated.ts';

const python = '/usr/bin/python3';

function gstreamerMissing(): string | undefined {
  if (!existsSync(python)) return 'there is no Python 3';
  const elements = ['rtmp2sink', 'flvmux', 'x264enc', 'voaacenc'];
  const question = `import gi; gi.require_version('Gst', '1.0'); from gi.repository import Gst; Gst.init(None); print([e for e in ${JSON.stringify(elements)} if Gst.ElementFactory.find(e) is None])`;
  const { stdout, status } = spawnSync(python, ['-c', question], { encoding: 'utf8' });
  if (status !== 0) return "GStreamer's Python bindings are not installed";
  return stdout.trim() === '[]' ? undefined : `GStreamer lacks ${stdout.trim()}`;
}

const missing = ffmpegMissing;
const missingGstreamer = missing ?? gstreamerMissing();

function reasonFor(why: string | undefined): string {
  return why === undefined ? '' : ` (skipped: ${why})`;
}

interface PushedEngine extends AsyncDisposable {
  readonly directory: string;
  readonly engine: AdministeredEngine;
  readonly port: number;
  readonly url: string;
}

/** An engine that waits for one camera to push. */
async function startPushedEngine(): Promise<PushedEngine> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const engine = stack.use(await startAdministeredEngine(join(path, 'engine')));
  const port = await freePort();
  await engine.update({
    serve: { rtmp: { enabled: false, port } },
    cameras: [{ id: 'gate', name: 'Gate', main: { push: PUSH_NAME }, streamKey: PUSH_KEY, record: true }],
  });
  const cleanup = stack.move();
  return {
    directory: path,
    engine,
    port,
    url: `rtmp://127.0.0.1:${port}/live/${PUSH_NAME}?key=${PUSH_KEY}`,
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

/** Waits for the publisher's end, and for its footage to be finished. */
async function footageOf(pushed: PushedEngine, publisher: Tool): Promise<string[]> {
  expect(await publisher.ended()).toEqual({ code: 0, output: '' });
  return finishedFiles(pushed);
}

async function finishedFiles({ engine, directory }: PushedEngine): Promise<string[]> {
  await engine.until(({ cameras }) => cameras[0]?.recording.kind === 'waiting-for-stream', 10_000);
  await engine.process.end('SIGTERM');
  const recordings = join(directory, 'engine', 'recordings');
  const entries = await readdir(recordings, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.mp4'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

interface Judgement {
  readonly complaints: string;
  readonly pictures: number;
  readonly sounds: number;
  readonly isInOrder: boolean;
}

/** What ffmpeg thinks of recorded files. The exact time base keeps it from rounding times to those of a constant rate. */
async function judge(files: readonly string[]): Promise<Judgement> {
  const [file = ''] = files;
  const decoded = spawnSync(
    'ffmpeg',
    ['-v', 'error', '-i', file, '-enc_time_base', '1:90000', '-f', 'null', '-'],
    {
      encoding: 'utf8',
    },
  );
  const video = await packetTimes(file, 'v');
  return {
    complaints: decoded.stderr,
    pictures: video.length,
    sounds: (await packetTimes(file, 'a')).length,
    isInOrder: video.every(({ dts }, index) => index === 0 || dts > (video[index - 1]?.dts ?? Infinity)),
  };
}

it.skipIf(missing !== undefined)(
  `what ffmpeg pushes is recorded picture by picture, B-frames and AAC included${reasonFor(missing)}`,
  async () => {
    await using pushed = await startPushedEngine();
    const source = join(pushed.directory, 'source.mp4');
    const encoded = spawnSync('ffmpeg', [
      ...'-v error -f lavfi -i testsrc2=size=320x240:rate=25:duration=6 -f lavfi -i sine=frequency=440:sample_rate=48000:duration=6'.split(
        ' ',
      ),
      ...'-c:v libx264 -preset ultrafast -profile:v main -bf 2 -g 25 -pix_fmt yuv420p -c:a aac -b:a 64k'.split(
        ' ',
      ),
      source,
    ]);
    expect(encoded.status).toBe(0);
    await using ffmpeg = startTool('ffmpeg', [
      '-v',
      'error',
      '-re',
      '-i',
      source,
      '-c',
      'copy',
      '-f',
      'flv',
      pushed.url,
    ]);
    const files = await footageOf(pushed, ffmpeg);

    expect(files).toHaveLength(1);
    expect(await pictureHashes(files)).toEqual(await pictureHashes([source]));
    const sounds = (await packetTimes(source, 'a')).length;
    expect(await judge(files)).toEqual({ complaints: '', pictures: 150, sounds, isInOrder: true });
  },
);

it.skipIf(missingGstreamer !== undefined)(
  `what GStreamer pushes is recorded picture by picture${reasonFor(missingGstreamer)}`,
  async () => {
    await using pushed = await startPushedEngine();
    const sent = join(pushed.directory, 'sent.h264');
    const pipeline = [
      'videotestsrc num-buffers=125 is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1',
      '! x264enc key-int-max=25 speed-preset=ultrafast bitrate=600 ! video/x-h264,profile=main ! tee name=split',
      `split. ! queue ! h264parse ! video/x-h264,stream-format=byte-stream,alignment=au ! filesink location=${sent}`,
      'split. ! queue ! h264parse ! mux.',
      'audiotestsrc num-buffers=235 samplesperbuffer=1024 is-live=true ! audio/x-raw,rate=48000,channels=1 ! voaacenc ! aacparse ! queue ! mux.',
      'flvmux name=mux streamable=true ! rtmp2sink name=out',
    ].join(' ');
    await using gstreamer = startTool(python, [
      join(import.meta.dirname, '..', 'gstreamer', 'rtmp_publish.py'),
      pipeline,
    ]);
    gstreamer.process.stdin?.end(`${pushed.url}\n`);
    const files = await footageOf(pushed, gstreamer);

    expect(files).toHaveLength(1);
    expect(await pictureHashes(files)).toEqual(await pictureHashes([sent]));
    const { sounds, ...judged } = await judge(files);
    expect(judged).toEqual({ complaints: '', pictures: 125, isInOrder: true });
    // Sound from before the first picture is left out.
    expect(sounds).toBeGreaterThan(230);
  },
);

it.skipIf(missing !== undefined)(
  `a camera that takes over from its own dead connection is recorded on${reasonFor(missing)}`,
  async () => {
    await using pushed = await startPushedEngine();
    const { engine, port } = pushed;
    const clip = await sceneClip();
    using first = simulatePublisher(port, clip);
    await first.start();
    await engine.until(({ cameras }) => (cameras[0]?.main.framesReceived ?? 0) >= 40, 10_000);
    first.freeze();
    const before = (await engine.status()).cameras[0]?.main.framesReceived ?? 0;
    using second = simulatePublisher(port, clip);
    await second.start();
    await engine.until(({ cameras }) => (cameras[0]?.main.framesReceived ?? 0) >= before + 40, 10_000);
    await second.stop();
    const files = await finishedFiles(pushed);

    const sent = await pictureHashes([
      join(import.meta.dirname, '../../../resources/clips/loading-dock.sub.h264'),
    ]);
    expect(await pictureHashes(files)).toEqual([
      ...sent.slice(0, before),
      ...sent.slice(0, second.framesSent),
    ]);
    for (const file of files) expect(await judge([file])).toMatchObject({ complaints: '', isInOrder: true });
  },
);
