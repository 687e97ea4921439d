/** Sound that pages cannot play with the video, and metadata, lie in files of their own beside it and lose nothing. */
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input } from 'mediabunny';
import { describe, expect, it } from 'vitest';
import { scanFile } from '../../src/engine/media/fmp4/index.ts';
import { SegmentQuery } from '../../src/shared/engine-api/index.ts';
import type { Sample, StreamDescription } from '../../src/engine/media/sample.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { createRecorder } from '../../src/engine/recording/index.ts';
import {
  decodingComplaints,
  ffmpegMissing,
  makeSource,
  probe,
  sourceStart,
  temporaryDirectory,
} from './recording-fixture.ts';
import { openStore, quietLog } from './storage-fixture.ts';

const cameraId = 'gate-north';
const clip = { seconds: 9, framesPerSecond: 25, size: '320x240', gopFrames: 25 } as const;

/** G.711 in packets of 20 ms, as cameras send it, that arrive `lateMs` after the picture of their time. */
function pcmuSamples(seconds: number): Sample[] {
  return Array.from({ length: seconds * 50 }, (_, index) =>
    sampleAt('audio', { data: randomBytes(160), dts90k: index * 1800 + 400 }),
  );
}

function metadataSamples(seconds: number): Sample[] {
  return Array.from({ length: seconds * 2 }, (_, index) =>
    sampleAt('metadata', {
      data: Buffer.from(
        `<tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema">${index}</tt:MetadataStream>`,
      ),
      dts90k: index * 45_000 + 9000,
    }),
  );
}

function sampleAt(
  track: Sample['track'],
  { data, dts90k }: { readonly data: Uint8Array; readonly dts90k: number },
): Sample {
  return {
    track,
    data,
    dts90k,
    pts90k: dts90k,
    isSync: true,
    arrivalMonotonicMs: sourceStart.monotonicMs + dts90k / 90,
    utcMs: sourceStart.utcMs + dts90k / 90,
  };
}

function arrival({ track, dts90k }: Sample): number {
  return dts90k + (track === 'video' ? 0 : 120 * 90);
}

/** In the order of arrival: what is not video comes 120 ms after the picture of its time. */
function inOrderOfArrival(samples: readonly Sample[]): Sample[] {
  return samples.toSorted((one, other) => arrival(one) - arrival(other));
}

interface FoundFile {
  readonly path: string;
  readonly startUtcMs: number;
  readonly durationMs: number;
}

describe.skipIf(ffmpegMissing)(`recording beside the video (ffmpeg: ${ffmpegMissing ?? 'present'})`, () => {
  it('keeps every packet of G.711 and every document, cut where the video is cut', async () => {
    await using directory = await temporaryDirectory();
    const source = await makeSource(directory.path, clip);
    const description: StreamDescription = {
      ...source.description,
      audio: { kind: 'audio', codec: 'pcmu', sampleRate: 8000, channels: 1 },
      metadata: { kind: 'metadata', codec: 'onvif' },
    };
    const sounds = pcmuSamples(clip.seconds);
    const documents = metadataSamples(clip.seconds);
    await using opened = await openStore(directory.path);
    const recorder = createRecorder({
      cameraId,
      store: opened.store,
      clock: createSystemClock(),
      log: quietLog,
      limits: { segmentDurationMs: 3000, maximumQueuedBytes: 1024 ** 3 },
    });
    recorder.onDescription(description);
    for (const sample of inOrderOfArrival([...source.samples, ...sounds, ...documents]))
      recorder.onSample(sample);
    await recorder.stop();

    const filesOf = async (content: 'main' | 'sound' | 'metadata'): Promise<FoundFile[]> => {
      const range = { cameraId, fromUtcMs: 0, toUtcMs: Number.MAX_SAFE_INTEGER, limit: 100, content };
      const rows = await opened.index.list(range);
      expect(new Set(rows.map(({ state }) => state))).toEqual(new Set(['finished']));
      return rows.map(({ filePath, startUtcMs, duration90k }) => ({
        path: join(opened.volumePath, filePath),
        startUtcMs,
        durationMs: duration90k / 90,
      }));
    };
    const [main, sound, metadata] = [
      await filesOf('main'),
      await filesOf('sound'),
      await filesOf('metadata'),
    ];
    for (const [content, files] of Object.entries({ main, sound, metadata })) {
      const query = SegmentQuery.parse({ content });
      const { segments } = await opened.store.segments(cameraId, query);
      expect(segments.map(({ startUtcMs }) => startUtcMs)).toEqual(files.map(({ startUtcMs }) => startUtcMs));
      const [first] = segments;
      const file = first === undefined ? undefined : await opened.store.segmentFile(cameraId, first.id);
      expect(file?.path).toBe(files[0]?.path);
    }
    const starts = main.map(({ startUtcMs }) => startUtcMs);
    expect(starts.length).toBeGreaterThanOrEqual(3);
    expect([sound, metadata].map((files) => files.map(({ startUtcMs }) => startUtcMs))).toEqual([
      starts,
      starts,
    ]);
    expect(recorder.status()).toMatchObject({ framesRecorded: 225, framesDropped: 0, soundsDropped: 0 });

    // A tool that is not ours decodes the sound to what was sent.
    const decoded = await Promise.all(sound.map(({ path }) => rawSoundOf(path)));
    expect(digest(Buffer.concat(decoded))).toBe(digest(Buffer.concat(sounds.map(({ data }) => data))));
    expect(sound.reduce((sum, { durationMs }) => sum + durationMs, 0)).toBeCloseTo(clip.seconds * 1000, 0);
    for (const { path } of [...main, ...sound]) expect(await decodingComplaints(path)).toBe('');
    const streams = await Promise.all(
      sound.map(({ path }) => probe(path, ['-show_entries', 'stream=codec_name'])),
    );
    expect(new Set(streams.flat())).toEqual(new Set(['pcm_mulaw']));

    // Each document whole, at its place on the video's timeline.
    const found = await Promise.all(metadata.map(documentsOf));
    expect(found.flat()).toEqual(
      documents.map(({ data, utcMs }) => ({ text: Buffer.from(data).toString(), utcMs: Math.round(utcMs) })),
    );
  });
});

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The track's bytes as mediabunny finds them. */
async function rawSoundOf(path: string): Promise<Buffer> {
  const input = new Input({ formats: ALL_FORMATS, source: new FilePathSource(path) });
  const track = await input.getPrimaryAudioTrack();
  if (track === null) throw new Error(`${path} has no sound.`);
  const packets: Uint8Array[] = [];
  for await (const { data } of new EncodedPacketSink(track).packets()) packets.push(data);
  return Buffer.concat(packets);
}

/** Tools leave timed metadata of this kind alone: the boxes say where each document lies. */
async function documentsOf({ path, startUtcMs }: FoundFile): Promise<{ text: string; utcMs: number }[]> {
  const bytes = await readFile(path);
  const scanned = await scanFile({
    byteLength: bytes.byteLength,
    read: (position, byteLength) => Promise.resolve(bytes.subarray(position, position + byteLength)),
  });
  expect(scanned.damage).toBeUndefined();
  const starts = scanned.parts.flatMap((part) => part.tracks.map(({ baseDecodeTime }) => baseDecodeTime));
  const texts = bytes.toString('latin1').match(/<tt:MetadataStream[^>]*>\d+<\/tt:MetadataStream>/g) ?? [];
  expect(starts.length).toBe(scanned.parts.length);
  // Documents come every half second; a part begins with the first of them.
  let time90k = starts[0] ?? 0;
  return texts.map((text) => {
    const utcMs = Math.round(startUtcMs + time90k / 90);
    time90k += 45_000;
    return { text, utcMs };
  });
}
