/** Codecs from an RTSP server and packetizers that are not ours: GStreamer's. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { videoClipFile, type VideoClipName } from '../../src/sim/clip/codec-clips.ts';
import { gstreamerMissing, startGstreamerServer } from '../support/gstreamer-server.ts';
import { ffmpegMissing } from '../support/media-probe.ts';
import {
  GenerationSubscriber,
  ingestOf,
  pictureHashes,
  probePackets,
  wholeGroups,
  writeFiles,
} from './codec-recording.ts';

const elements = ['videoparsersbad', 'opus', 'alaw', 'mulaw', 'voaacenc'];
const places = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'];
const lacking = elements.filter(
  (name) => !places.some((place) => existsSync(join(place, 'gstreamer-1.0', `libgst${name}.so`))),
);
const missing =
  gstreamerMissing() ??
  ffmpegMissing() ??
  (lacking.length === 0 ? undefined : `GStreamer lacks ${lacking.join(', ')}`);
const inWords = missing === undefined ? '' : ` (skipped: ${missing})`;

const SOUND = 'audiotestsrc wave=ticks ! audioconvert ! audioresample';

interface ForeignCase {
  readonly what: string;
  readonly clip: VideoClipName;
  /** Parser and payloader. */
  readonly video: string;
  readonly sound: string;
  readonly audio: object;
  readonly soundTag: string;
}

const cases: readonly ForeignCase[] = [
  {
    what: 'H.265 and Opus',
    clip: 'h265-plain',
    video: 'h265parse ! rtph265pay config-interval=-1',
    sound: `${SOUND} ! audio/x-raw,rate=48000,channels=2 ! opusenc ! rtpopuspay`,
    audio: { codec: 'opus', sampleRate: 48_000, channels: 2 },
    soundTag: 'Opus',
  },
  {
    what: 'H.265 in aggregation packets, and G.711 A-law',
    clip: 'h265-plain',
    video: 'h265parse ! rtph265pay config-interval=0 aggregate-mode=max mtu=5000',
    sound: `${SOUND} ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay`,
    audio: { codec: 'pcma', sampleRate: 8000, channels: 1 },
    soundTag: 'alaw',
  },
  {
    what: 'H.264 with gradual refresh, and G.711 mu-law',
    clip: 'h264-refreshed',
    video: 'h264parse ! rtph264pay config-interval=1 aggregate-mode=zero-latency',
    sound: `${SOUND} ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay`,
    audio: { codec: 'pcmu', sampleRate: 8000, channels: 1 },
    soundTag: 'ulaw',
  },
  {
    what: 'H.264 and AAC as LATM',
    clip: 'h264-small',
    video: 'h264parse ! rtph264pay config-interval=-1',
    sound: `${SOUND} ! audio/x-raw,rate=44100,channels=2 ! voaacenc ! aacparse ! rtpmp4apay`,
    audio: { codec: 'aac', sampleRate: 44_100, channels: 2 },
    soundTag: 'mp4a',
  },
];

it.skipIf(missing !== undefined).each(cases)(
  `$what of a foreign server is recorded as it was sent${inWords}`,
  { timeout: 60_000 },
  async ({ clip, video, sound, audio, soundTag }) => {
    await using cleanup = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'belvedere-gstreamer-'));
    cleanup.defer(() => rm(directory, { recursive: true, force: true }));
    const sent = videoClipFile(clip);
    const server = cleanup.use(
      await startGstreamerServer(
        `( filesrc location=${sent} ! ${video} name=pay0 pt=96 ${sound} name=pay1 )`,
      ),
    );
    const subscriber = new GenerationSubscriber();
    const ingest = ingestOf(server.url, subscriber);
    cleanup.defer(() => ingest.stop());

    await subscriber.until(
      ([generation]) => (generation?.samples ?? []).filter(({ track }) => track === 'video').length >= 50,
    );
    const [generation] = subscriber.generations;
    if (generation === undefined) throw new Error('There is a generation.');
    expect(generation.description).toMatchObject({ audio });

    // Of a stream with gradual refresh there is one group, whose last pictures are as whole as the others.
    const hasGroups =
      generation.samples.filter(({ track, isSync }) => track === 'video' && isSync).length > 1;
    const files = await writeFiles(directory, hasGroups ? wholeGroups(generation) : generation);
    const received = pictureHashes(files.main);
    expect(received.complaints).toBe('');
    expect(received.hashes.length).toBeGreaterThanOrEqual(30);
    // A connection begins with the server's first picture.
    expect(received.hashes).toEqual(pictureHashes(sent).hashes.slice(0, received.hashes.length));

    const soundFile = files.companions[0] ?? files.main;
    const { streams, packets } = probePackets(soundFile, 'a');
    expect(streams).toMatchObject([{ codec_tag_string: soundTag }]);
    expect(packets.length).toBeGreaterThan(20);
    const decoded = spawnSync('ffmpeg', ['-v', 'error', '-i', soundFile, '-vn', '-f', 'null', '-'], {
      encoding: 'utf8',
    });
    expect(decoded.stderr).toBe('');
    expect(ingest.status()).toMatchObject({ framesLost: 0, reconnects: 0 });
  },
);
