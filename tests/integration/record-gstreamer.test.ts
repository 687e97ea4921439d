import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startAdministeredEngine } from '../support/administered-engine.ts';
import { gstreamerMissing, startGstreamerServer } from '../support/gstreamer-server.ts';
import { ffmpegMissing, probeFile } from '../support/media-probe.ts';

const missing = gstreamerMissing() ?? ffmpegMissing();

const pipeline =
  '( videotestsrc is-live=true ! video/x-raw,width=640,height=360,framerate=25/1 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ' +
  '! video/x-h264,profile=main ! rtph264pay name=pay0 pt=96 config-interval=-1 ' +
  'audiotestsrc is-live=true ! audio/x-raw,rate=16000,channels=1 ! voaacenc ! aacparse ! rtpmp4gpay name=pay1 pt=97 )';

it.skipIf(missing !== undefined)(
  `an RTSP server that is not ours is recorded into files that ffprobe accepts${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  async () => {
    await using cleanup = new AsyncDisposableStack();
    const { directory, engine, status } = await recordSixSeconds(cleanup);
    await engine.process.end('SIGTERM');

    expect(status.cameras[0]?.main).toMatchObject({ framesLost: 0, width: 640, height: 360, reconnects: 0 });
    const files = await recordedFiles(directory);
    expect(files).toHaveLength(1);
    const probed = probeFile(files[0] ?? '');
    expect(probed).toEqual({
      videoFrames: expect.any(Number),
      hasAudio: true,
      isMonotonic: true,
      startsWithKeyframe: true,
      decodeErrors: '',
    });
    // A clean stop ends the segment properly: every frame that was received is in the file.
    expect(probed.videoFrames).toBeGreaterThanOrEqual(150);
  },
);

it.skipIf(missing !== undefined)('a segment cut off by kill -9 plays up to its last part', async () => {
  await using cleanup = new AsyncDisposableStack();
  const { directory, engine, status } = await recordSixSeconds(cleanup);
  await engine.process.end('SIGKILL');

  const received = status.cameras[0]?.main.framesReceived ?? 0;
  const [cutOff = ''] = await recordedFiles(directory);
  const asLeft = probeFile(cutOff);
  expect(asLeft).toMatchObject({
    isMonotonic: true,
    startsWithKeyframe: true,
    hasAudio: true,
    decodeErrors: '',
  });
  // At most the part that was being assembled is lost: a second of 25 frames, and the one frame held back for its duration.
  expect(asLeft.videoFrames).toBeGreaterThanOrEqual(received - 27);

  // The next start indexes what is there, and changes nothing of it.
  const again = cleanup.use(await startAdministeredEngine(directory));
  const { segments } = await again.segments('gate');
  const recovered = segments.find((segment) => segment.state === 'recovered');
  expect(recovered?.frameCount).toBe(asLeft.videoFrames);
  expect(probeFile(cutOff).decodeErrors).toBe('');
});

/** A real engine that has received 150 frames (25 a second) from GStreamer's server and still records. */
async function recordSixSeconds(cleanup: AsyncDisposableStack) {
  const directory = await mkdtemp(join(tmpdir(), 'belvedere-record-'));
  cleanup.defer(() => rm(directory, { recursive: true, force: true }));
  const server = cleanup.use(await startGstreamerServer(pipeline));
  const engine = cleanup.use(await startAdministeredEngine(directory));
  await engine.configure([{ id: 'gate', name: 'Gate', main: server.url, record: true }]);
  const status = await engine.until((now) => (now.cameras[0]?.main.framesReceived ?? 0) >= 150, 30_000);
  return { directory, engine, status };
}

async function recordedFiles(directory: string): Promise<string[]> {
  const entries = await readdir(join(directory, 'recordings'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.mp4'))
    .map((entry) => join(entry.parentPath, entry.name));
}
