import { expect, test } from '@playwright/test';
import { HlsService } from '../../src/engine/hls/index.ts';
import { GopBudget, GopCache, StreamFanout } from '../../src/engine/live/index.ts';
import { h264CodecString } from '../../src/engine/media/h264.ts';
import { ffmpegMissing, makeSource, temporaryDirectory } from '../integration/recording-fixture.ts';
import { quietLog } from '../integration/storage-fixture.ts';
import { manualClock } from '../unit/engine/live/manual-clock.ts';

/** What Chromium's Media Source Extensions make of HLS segments: what hls.js would give them. */

test.skip(ffmpegMissing !== undefined, `${ffmpegMissing} is missing`);

test('the segments of HLS play in Chromium, pictures and sound', async ({ page }) => {
  await using directory = await temporaryDirectory();
  const source = await makeSource(directory.path, {
    seconds: 9,
    framesPerSecond: 25,
    size: '320x240',
    gopFrames: 25,
    bFrames: 2,
    withAudio: true,
  });
  const cache = new GopCache({ maximumBytes: 4 * 1024 ** 2, budget: new GopBudget(4 * 1024 ** 2) });
  const stream = new StreamFanout({ cache, log: quietLog });
  const clock = manualClock();
  const directoryOfStreams = { find: () => stream };
  const service = new HlsService({
    directory: directoryOfStreams,
    settings: () => ({ enabled: true }),
    clock,
    log: quietLog,
  });
  const asked = service.playlist('gate', 'main');
  stream.onDescription(source.description);
  for (const sample of source.samples) stream.onSample(sample);
  const outcome = await asked;
  if (outcome.kind !== 'playlist') throw new Error(`There is no playlist: ${outcome.kind}.`);
  const listed = await service.playlist('gate', 'main');
  const text = listed.kind === 'playlist' ? listed.text : '';
  const pieces = [...text.matchAll(/^(?:#EXT-X-MAP:URI="(.*)"|([^#\n].*))$/gm)].map(([, init, segment]) =>
    Buffer.from(service.file('gate', 'main', init ?? segment ?? '') ?? []).toString('base64'),
  );
  expect(pieces).toHaveLength(5);
  if (source.description.video.codec !== 'h264') throw new Error('ffmpeg makes H.264.');
  const type = `video/mp4; codecs="${h264CodecString(source.description.video.sps)},mp4a.40.2"`;

  const played = await page.evaluate(
    async ({ mimeType, base64 }) => {
      const video = document.createElement('video');
      video.muted = true;
      document.body.append(video);
      const mediaSource = new MediaSource();
      video.src = URL.createObjectURL(mediaSource);
      await new Promise((resolve) => {
        mediaSource.addEventListener('sourceopen', resolve, { once: true });
      });
      const buffer = mediaSource.addSourceBuffer(mimeType);
      for (const piece of base64) {
        const bytes = Uint8Array.from(atob(piece), (character) => character.codePointAt(0) ?? 0);
        buffer.appendBuffer(bytes);
        await new Promise((resolve, reject) => {
          buffer.addEventListener('updateend', resolve, { once: true });
          buffer.addEventListener('error', reject, { once: true });
        });
      }
      mediaSource.endOfStream();
      video.playbackRate = 4;
      await video.play();
      await new Promise((resolve) => {
        video.addEventListener('ended', resolve, { once: true });
      });
      const { totalVideoFrames } = video.getVideoPlaybackQuality();
      const ranges = Array.from({ length: video.buffered.length }, (_, index) => [
        Math.round(video.buffered.start(index) * 10) / 10,
        Math.round(video.buffered.end(index) * 10) / 10,
      ]);
      return { error: video.error?.message, width: video.videoWidth, ranges, frames: totalVideoFrames };
    },
    { mimeType: type, base64: pieces },
  );
  // Four segments of two seconds, in one piece. A slow machine drops frames at this speed, but decodes most.
  expect({ ...played, frames: played.frames > 100 }).toEqual({
    error: undefined,
    width: 320,
    ranges: [[expect.closeTo(0.1, 0), expect.closeTo(8, 0)]],
    frames: true,
  });
  service.stop();
});
