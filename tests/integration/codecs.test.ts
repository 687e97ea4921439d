/** What simulated cameras send in other codecs than plain H.264 arrives, is recorded, and is the same for tools not ours. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import {
  asLatm,
  joinTracks,
  loadSoundClip,
  loadVideoClip,
  videoClipFile,
  type VideoClipName,
} from '../../src/sim/clip/codec-clips.ts';
import type { SoundTrack } from '../../src/sim/clip/sound.ts';
import { packetizeClip } from '../../src/sim/rtsp/packetized-clip.ts';
import { ffmpegMissing } from '../support/media-probe.ts';
import { aacSound, clipOf, temporaryDirectory } from './codec-clips.ts';
import {
  GenerationSubscriber,
  ingestOf,
  pictureHashes,
  probePackets,
  readWithMediabunny,
  wholeGroups,
  writeFiles,
  type RecordedFiles,
} from './codec-recording.ts';
import { credentials, startCamera } from './sim-camera-fixture.ts';

const missing = ffmpegMissing();
const inWords = missing === undefined ? '' : ` (skipped: ${missing})`;

/** Where the loop `sent` holds `received` without a gap, or -1. */
function placeInLoop(received: readonly string[], sent: readonly string[]): number {
  return sent.findIndex((_, start) =>
    received.every((hash, index) => hash === sent[(start + index) % sent.length]),
  );
}

function md5(bytes: Uint8Array): string {
  return `MD5:${createHash('md5').update(bytes).digest('hex')}`;
}

function soundHashes({ main, companions }: RecordedFiles): readonly string[] {
  const file = companions.find((path) => path.includes('sound')) ?? main;
  return probePackets(file, 'a').packets.map(({ data_hash }) => data_hash);
}

interface CodecCase {
  readonly what: string;
  readonly video: VideoClipName;
  readonly sound: () => Promise<SoundTrack>;
  readonly address: string;
  /** As mediabunny names them; it writes hev1 whatever the sample entry. */
  readonly main: readonly { readonly codec: string; readonly parameters: string }[];
  readonly soundTag: string;
}

const cases: readonly CodecCase[] = [
  {
    what: 'H.264 with B-frames and slices, and G.711 mu-law',
    video: 'h264-reordered',
    sound: () => loadSoundClip('pcmu'),
    address: '127.21.10.1',
    main: [{ codec: 'avc', parameters: 'avc1.640016' }],
    soundTag: 'ulaw',
  },
  {
    what: 'H.264 and G.711 A-law',
    video: 'h264-small',
    sound: () => loadSoundClip('pcma'),
    address: '127.21.10.2',
    main: [{ codec: 'avc', parameters: 'avc1.4d400c' }],
    soundTag: 'alaw',
  },
  {
    what: 'H.265 and AAC as LATM',
    video: 'h265-plain',
    sound: async () => asLatm(await aacSound()),
    address: '127.21.10.3',
    main: [
      { codec: 'hevc', parameters: 'hev1.1.6.L63.90' },
      { codec: 'aac', parameters: 'mp4a.40.2' },
    ],
    soundTag: 'mp4a',
  },
  {
    what: 'H.265 with open groups, and Opus',
    video: 'h265-open',
    sound: () => loadSoundClip('opus'),
    address: '127.21.10.4',
    main: [
      { codec: 'hevc', parameters: 'hev1.1.6.L63.90' },
      { codec: 'opus', parameters: 'opus' },
    ],
    soundTag: 'Opus',
  },
];

it.skipIf(missing !== undefined).concurrent.each(cases)(
  `$what is recorded as it was sent${inWords}`,
  { timeout: 60_000 },
  async ({ video: name, sound, address, main, soundTag }) => {
    await using cleanup = new AsyncDisposableStack();
    const directory = cleanup.use(await temporaryDirectory());
    const [video, audio] = await Promise.all([loadVideoClip(name), sound()]);
    const { camera } = cleanup.use(
      await startCamera({ address, source: packetizeClip(await clipOf(video, { audio })) }),
    );
    const subscriber = new GenerationSubscriber();
    const ingest = ingestOf(camera.info.mainUrl, subscriber, credentials);
    cleanup.defer(() => ingest.stop());

    await subscriber.until(
      ([generation]) => (generation?.samples ?? []).filter(({ track }) => track === 'video').length >= 75,
    );
    const [generation] = subscriber.generations;
    if (generation === undefined) throw new Error('There is a generation.');
    const files = await writeFiles(directory.path, wholeGroups(generation));

    // Every picture decodes to what the camera's stream decodes to, in a row.
    const sent = pictureHashes(videoClipFile(name));
    const received = pictureHashes(files.main);
    expect({ sent: sent.complaints, received: received.complaints }).toEqual({ sent: '', received: '' });
    expect(received.hashes.length).toBeGreaterThanOrEqual(45);
    expect(placeInLoop(received.hashes, sent.hashes)).toBeGreaterThanOrEqual(0);

    // They are shown at the pace of the clip.
    const shown = probePackets(files.main, 'v').packets.map(({ pts_time }) => pts_time);
    const ordered = shown.toSorted((left, right) => left - right);
    const steps = ordered.slice(1).map((time, index) => time - (ordered[index] ?? 0));
    expect(Math.min(...steps)).toBeGreaterThan(0.05);
    expect(Math.max(...steps)).toBeLessThan(0.085);

    // So is the sound.
    const sounds = soundHashes(files);
    expect(sounds.length).toBeGreaterThan(60);
    expect(placeInLoop(sounds, audio.accessUnits.map(md5))).toBeGreaterThanOrEqual(0);
    const soundFile = files.companions[0] ?? files.main;
    expect(probePackets(soundFile, 'a').streams).toMatchObject([{ codec_tag_string: soundTag }]);

    expect(await readWithMediabunny(files.main)).toEqual(
      main.map((track, index) => ({
        ...track,
        packets: index === 0 ? received.hashes.length : sounds.length,
      })),
    );
    expect(subscriber.interruptions).toEqual([]);
    expect(ingest.status()).toMatchObject({
      framesLost: 0,
      width: video.width,
      height: video.height,
      videoCodec: main[0]?.parameters.replace('hev1', 'hvc1'),
    });
  },
);

it.skipIf(missing !== undefined)(
  `a change of resolution begins a new generation with its first picture${inWords}`,
  { timeout: 60_000 },
  async () => {
    await using cleanup = new AsyncDisposableStack();
    const directory = cleanup.use(await temporaryDirectory());
    const [small, large] = await Promise.all([loadVideoClip('h264-small'), loadVideoClip('h264-reordered')]);
    const video = joinTracks(small, large);
    const { camera } = cleanup.use(
      await startCamera({
        address: '127.21.10.5',
        source: packetizeClip(await clipOf(video, { audio: undefined })),
      }),
    );
    const subscriber = new GenerationSubscriber();
    const ingest = ingestOf(camera.info.mainUrl, subscriber, credentials);
    cleanup.defer(() => ingest.stop());

    await subscriber.until(([, , third]) => (third?.samples.length ?? 0) > 0);
    const [first, second] = subscriber.generations;
    if (first === undefined || second === undefined) throw new Error('There are three generations.');
    expect(
      subscriber.generations.map(({ description }) => [description.generation, description.video.width]),
    ).toEqual([
      [1, 320],
      [2, 640],
      [3, 320],
    ]);
    // Nothing is lost between them, and the timeline goes on.
    expect(ingest.status()).toMatchObject({ framesLost: 0, reconnects: 0 });
    expect(second.samples).toHaveLength(60);
    const last = first.samples.at(-1)?.dts90k ?? 0;
    expect(second.samples[0]?.isSync).toBe(true);
    expect((second.samples[0]?.dts90k ?? 0) - last).toBeGreaterThan(0);
    expect((second.samples[0]?.pts90k ?? 0) - last).toBeLessThan(9000);

    for (const [generation, name] of [
      [first, 'h264-small'],
      [second, 'h264-reordered'],
    ] as const) {
      const { hashes, complaints } = pictureHashes((await writeFiles(directory.path, generation)).main);
      expect({ complaints, pictures: hashes.length }).toEqual({
        complaints: '',
        pictures: generation.samples.length,
      });
      expect(placeInLoop(hashes, pictureHashes(videoClipFile(name)).hashes)).toBeGreaterThanOrEqual(0);
    }
  },
);

it.skipIf(missing !== undefined)(
  `ONVIF metadata is recorded document by document${inWords}`,
  { timeout: 60_000 },
  async () => {
    await using cleanup = new AsyncDisposableStack();
    const directory = cleanup.use(await temporaryDirectory());
    const documents = [
      '<tt:MetadataStream/>',
      `<tt:MetadataStream>${'a'.repeat(4000)}</tt:MetadataStream>`,
    ].map((text) => Buffer.from(text));
    const video = await loadVideoClip('h264-small');
    const { camera } = cleanup.use(
      await startCamera({
        address: '127.21.10.6',
        source: packetizeClip(await clipOf(video, { audio: undefined, metadata: documents })),
      }),
    );
    const subscriber = new GenerationSubscriber();
    const ingest = ingestOf(camera.info.mainUrl, subscriber, credentials);
    cleanup.defer(() => ingest.stop());

    await subscriber.until(
      ([generation]) => (generation?.samples ?? []).filter(({ track }) => track === 'metadata').length >= 3,
    );
    const [generation] = subscriber.generations;
    if (generation === undefined) throw new Error('There is a generation.');
    expect(generation.description.metadata).toEqual({ kind: 'metadata', codec: 'onvif' });
    const { companions } = await writeFiles(directory.path, generation);
    const { streams, packets } = probePackets(companions[0] ?? '', 'd');
    expect(streams).toMatchObject([{ codec_tag_string: 'metx' }]);
    expect(packets.length).toBeGreaterThanOrEqual(3);
    expect(
      placeInLoop(
        packets.map(({ data_hash }) => data_hash),
        documents.map(md5),
      ),
    ).toBeGreaterThanOrEqual(0);
    // One second of pictures between them.
    const steps = packets.slice(1).map(({ pts_time }, index) => pts_time - (packets[index]?.pts_time ?? 0));
    expect(Math.min(...steps)).toBeGreaterThan(0.8);
    expect(Math.max(...steps)).toBeLessThan(1.2);
  },
);
