import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HlsService } from '../../src/engine/hls/index.ts';
import { FlvChannel, GopBudget, GopCache, LiveCounters, StreamFanout } from '../../src/engine/live/index.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { SnapshotService } from '../../src/engine/snapshot/index.ts';
import { AacStream, SoundConversions, findFfmpeg } from '../../src/engine/transcode/index.ts';
import { loadClip } from '../../src/sim/clip/clip.ts';
import { loadSoundClip, loadVideoClip, videoClipFile } from '../../src/sim/clip/codec-clips.ts';
import { scenes } from '../../src/sim/clip/scenes.ts';
import { packetizeClip } from '../../src/sim/rtsp/packetized-clip.ts';
import { ingestOf, pictureHashes, readWithMediabunny } from './codec-recording.ts';
import { ffmpegMissing, probe, temporaryDirectory } from './recording-fixture.ts';
import { credentials, startCamera } from './sim-camera-fixture.ts';
import { quietLog } from './storage-fixture.ts';

/** What cameras send besides H.264 and AAC, from the camera to each live output. */

const cases = [
  {
    what: 'H.264 with B-frames, and G.711',
    video: 'h264-reordered',
    sound: 'pcmu',
    address: '127.21.11.1',
    // HLS has no G.711.
    hls: [{ codec: 'avc', parameters: 'avc1.640016' }],
    flv: ['aac,16000', 'h264'],
  },
  {
    what: 'H.265 with open groups, and Opus',
    video: 'h265-open',
    sound: 'opus',
    address: '127.21.11.2',
    hls: [
      { codec: 'hevc', parameters: 'hev1.1.6.L63.90' },
      { codec: 'opus', parameters: 'opus' },
    ],
    // ffprobe of before 6.1 does not know H.265 in FLV.
    flv: undefined,
  },
] as const;

/** Where the loop `sent` holds `received` without a gap, or -1. */
function placeInLoop(received: readonly string[], sent: readonly string[]): number {
  return sent.findIndex((_, start) =>
    received.every((hash, index) => hash === sent[(start + index) % sent.length]),
  );
}

describe.skipIf(ffmpegMissing)(
  `live outputs, judged by others (${ffmpegMissing ?? 'ffmpeg present'})`,
  () => {
    it.each(cases)('carry $what', async ({ video, sound, address, hls, flv }) => {
      await using cleanup = new AsyncDisposableStack();
      const directory = cleanup.use(await temporaryDirectory());
      const [scene] = scenes;
      if (scene === undefined) throw new Error('There are no scenes.');
      const [track, audio, { snapshotJpeg }] = await Promise.all([
        loadVideoClip(video),
        loadSoundClip(sound),
        loadClip(scene),
      ]);
      const source = packetizeClip({
        sceneId: 'codecs',
        streams: { main: track, sub: track },
        snapshotJpeg,
        audio,
      });
      const { camera } = cleanup.use(await startCamera({ address, source }));
      const clock = createSystemClock();
      const cache = new GopCache({ maximumBytes: 4 * 1024 ** 2, budget: new GopBudget(4 * 1024 ** 2) });
      const stream = new StreamFanout({ cache, log: quietLog });
      const ingest = ingestOf(camera.info.mainUrl, stream, credentials);
      cleanup.defer(() => ingest.stop());
      const ffmpeg = findFfmpeg(process.env['PATH'] ?? '') ?? '';
      const streams = { find: () => stream };

      const messages: Uint8Array[] = [];
      const aacStream = new AacStream({
        source: stream,
        conversions: new SoundConversions({ program: ffmpeg }),
        clock,
        log: quietLog,
      });
      cleanup.defer(() => aacStream.end('The test is over.'));
      const channel = new FlvChannel({
        stream,
        aacStream,
        counters: new LiveCounters(),
        clock,
        log: quietLog,
      });
      channel.addViewer(
        { send: (bytes) => void messages.push(bytes), bufferedBytes: () => 0, close: () => undefined },
        'aac',
      );

      const service = new HlsService({
        directory: streams,
        settings: () => ({ enabled: true }),
        clock,
        log: quietLog,
      });
      cleanup.defer(() => service.stop());
      const names = async (): Promise<string[]> => {
        const outcome = await service.playlist('gate', 'main');
        const text = outcome.kind === 'playlist' ? outcome.text : '';
        return [...text.matchAll(/^(?:#EXT-X-MAP:URI="(.*)"|([^#\n].*))$/gm)].map(
          ([, init, name]) => init ?? name ?? '',
        );
      };
      await expect
        .poll(async () => (await names()).length, { timeout: 30_000, interval: 500 })
        .toBeGreaterThanOrEqual(3);
      const segments = (await names()).map((name) => service.file('gate', 'main', name) ?? new Uint8Array());
      const hlsFile = join(directory.path, 'hls.mp4');
      await writeFile(hlsFile, Buffer.concat(segments));
      const [sent, received] = [pictureHashes(videoClipFile(video)), pictureHashes(hlsFile)];
      expect([received.complaints, received.hashes.length > 50]).toEqual(['', true]);
      expect(placeInLoop(received.hashes, sent.hashes)).toBeGreaterThanOrEqual(0);
      expect(
        (await readWithMediabunny(hlsFile)).map(({ codec, parameters }) => ({ codec, parameters })),
      ).toEqual(hls);

      const snapshots = new SnapshotService({
        ffmpeg,
        directory: streams,
        findFootage: () => Promise.resolve(undefined),
        clock,
      });
      const picture = await snapshots.live('gate', 'main');
      const pictureFile = join(directory.path, 'picture.jpg');
      await writeFile(pictureFile, picture.kind === 'jpeg' ? picture.bytes : JSON.stringify(picture));
      expect(await probe(pictureFile, ['-show_entries', 'stream=codec_name,width,height'])).toEqual([
        `mjpeg,${track.width},${track.height}`,
      ]);

      const flvFile = join(directory.path, 'live.flv');
      await writeFile(flvFile, Buffer.concat(messages));
      const tracks =
        flv === undefined
          ? undefined
          : (await probe(flvFile, ['-show_entries', 'stream=codec_name,sample_rate'])).sort();
      expect(tracks).toEqual(flv);
    });
  },
);
