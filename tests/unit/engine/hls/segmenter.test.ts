import { describe, expect, it } from 'vitest';
import { Segmenter } from '../../../../src/engine/hls/segmenter.ts';
import type { MediaSegment } from '../../../../src/engine/hls/segmenter.ts';
import { scanFile } from '../../../../src/engine/media/fmp4/index.ts';
import type { ScannedPart } from '../../../../src/engine/media/fmp4/reader.ts';
import type { Sample } from '../../../../src/engine/media/sample.ts';
import { inCountedMemory } from '../live/counted-memory.ts';
import { byteSource } from '../media/fmp4/byte-source.ts';
import { mulberry32, syntheticDescription, syntheticStream } from '../recording/synthetic-stream.ts';

const limits = {
  minimumSegmentMs: 1_900,
  maximumSegmentMs: 10_000,
  maximumSegmentBytes: 8 * 1024 ** 2,
};

/** Ten pictures a second, one group a second. */
const shape = { framesPerSecond: 10, gopFrames: 10, maximumPictureBytes: 500 } as const;

function segmentsOf(segmenter: Segmenter, samples: readonly Sample[]): MediaSegment[] {
  return samples.flatMap((sample) => segmenter.add(sample) ?? []);
}

function facts({ durationMs, startUtcMs, isDiscontinuity }: MediaSegment) {
  return { durationMs, startUtcMs: startUtcMs - 1_700_000_000_000, isDiscontinuity };
}

async function partOf({ init, bytes }: MediaSegment): Promise<ScannedPart> {
  const file = await scanFile(byteSource(Buffer.concat([init.bytes, bytes])));
  const [part, ...more] = file.parts;
  if (part === undefined || more.length > 0 || file.damage !== undefined)
    throw new Error('Not one whole part.');
  return part;
}

describe('a segmenter', () => {
  it('cuts at sync pictures, on one timeline, and loses nothing', async () => {
    const segmenter = new Segmenter(limits);
    const { description, samples } = syntheticStream({
      seed: 1,
      seconds: 7,
      startMs: 500,
      withAudio: true,
      ...shape,
    });
    expect(segmenter.describe(description)).toBeUndefined();
    const segments = segmentsOf(segmenter, samples);
    expect(segments.map(facts)).toEqual([
      { durationMs: 2_000, startUtcMs: 500, isDiscontinuity: false },
      { durationMs: 2_000, startUtcMs: 2_500, isDiscontinuity: false },
      { durationMs: 2_000, startUtcMs: 4_500, isDiscontinuity: false },
    ]);
    expect(new Set(segments.map(({ init }) => init)).size).toBe(1);
    const parts = await Promise.all(segments.map(partOf));
    expect(parts.map(({ sequenceNumber, tracks: [video] }) => ({ sequenceNumber, video }))).toEqual(
      [0, 180_000, 360_000].map((baseDecodeTime, index) => ({
        sequenceNumber: index + 1,
        video: { trackId: 1, baseDecodeTime, duration: 180_000, sampleCount: 20, startsWithSync: true },
      })),
    );
    const sounds = parts.map(({ tracks: [, audio] }) => audio);
    const soundsOf6Seconds = samples.filter(
      ({ track, dts90k }) => track === 'audio' && dts90k < 6.5 * 90_000,
    );
    expect(sounds.reduce((sum, audio) => sum + (audio?.sampleCount ?? 0), 0)).toBe(soundsOf6Seconds.length);
    expect(sounds[1]?.baseDecodeTime).toBe((sounds[0]?.baseDecodeTime ?? 0) + (sounds[0]?.duration ?? 0));
  });

  it('holds the samples of the open segment, and releases them with the cut', () => {
    const segmenter = new Segmenter(limits);
    const { description, samples } = syntheticStream({ seed: 2, seconds: 4, ...shape });
    const counted = inCountedMemory(samples);
    segmenter.describe(description);
    const held = counted.samples.map((sample) => {
      segmenter.add(sample);
      return counted.heldCount();
    });
    expect(held.slice(18, 22)).toEqual([19, 20, 1, 2]);
    segmenter.release();
    segmenter.release();
    expect([counted.heldCount(), segmenter.heldBytes]).toEqual([0, 0]);
  });

  it('keeps its promise of a longest duration where no sync picture comes', async () => {
    const segmenter = new Segmenter(limits);
    const { description, samples } = syntheticStream({ seed: 3, seconds: 16, ...shape, gopFrames: 1_000 });
    segmenter.describe(description);
    const early = segmentsOf(segmenter, samples.slice(0, 105));
    segmenter.promise(2_499);
    const segments = [...early, ...segmentsOf(segmenter, samples.slice(105))];
    expect(segments.map(({ durationMs }) => durationMs)).toEqual([10_000, 2_400, 2_400]);
    const parts = await Promise.all(segments.map(partOf));
    expect(parts.map(({ tracks }) => tracks[0]?.startsWithSync)).toEqual([true, false, false]);
  });

  it('ends a segment with its last picture where a hole would make it longer than promised', async () => {
    const segmenter = new Segmenter(limits);
    segmenter.promise(2_499);
    const before = syntheticStream({ seed: 8, seconds: 1, ...shape });
    const after = syntheticStream({ seed: 9, seconds: 5, startMs: 4_000, ...shape });
    segmenter.describe(before.description);
    const segments = segmentsOf(segmenter, [...before.samples, ...after.samples]);
    expect(segments.map(facts)).toEqual([
      { durationMs: 1_000, startUtcMs: 0, isDiscontinuity: false },
      { durationMs: 2_000, startUtcMs: 4_000, isDiscontinuity: true },
      { durationMs: 2_000, startUtcMs: 6_000, isDiscontinuity: false },
    ]);
    const parts = await Promise.all(segments.map(partOf));
    expect(parts.map(({ tracks: [video] }) => video)).toMatchObject([
      { baseDecodeTime: 0, duration: 90_000, sampleCount: 10 },
      { baseDecodeTime: 360_000, duration: 180_000, sampleCount: 20 },
      { baseDecodeTime: 540_000, duration: 180_000, sampleCount: 20 },
    ]);
  });

  it.each([1, 2, 3])('never breaks its promise, however irregular the pictures (seed %i)', (seed) => {
    const segmenter = new Segmenter(limits);
    segmenter.promise(2_499);
    const { description, samples } = syntheticStream({ seed, seconds: 60, ...shape, gopFrames: 37 });
    segmenter.describe(description);
    const random = mulberry32(seed);
    let lost90k = 0;
    const irregular = samples.map((sample) => {
      // Most come on time, some after up to 6 s.
      lost90k += random() < 0.02 ? Math.floor(random() * 6 * 90_000) : 0;
      return { ...sample, dts90k: sample.dts90k + lost90k, pts90k: sample.pts90k + lost90k };
    });
    const durations: number[] = [];
    for (const [index, sample] of irregular.entries()) {
      const ended = [segmenter.add(sample), index % 97 === 0 ? segmenter.interrupt() : undefined];
      for (const segment of ended) if (segment !== undefined) durations.push(segment.durationMs);
    }
    expect(lost90k).toBeGreaterThan(0);
    expect(Math.max(...durations)).toBeLessThanOrEqual(2_499);
    expect(Math.min(...durations)).toBeGreaterThan(0);
  });

  it('keeps to its bound in bytes', () => {
    const segmenter = new Segmenter({ ...limits, maximumSegmentBytes: 3_000 });
    const { description, samples } = syntheticStream({ seed: 4, seconds: 5, ...shape });
    segmenter.describe(description);
    let largest = 0;
    for (const sample of samples) {
      segmenter.add(sample);
      largest = Math.max(largest, segmenter.heldBytes);
    }
    expect(largest).toBeLessThanOrEqual(3_000);
    expect(largest).toBeGreaterThan(2_000);
  });

  it('ends a segment with an interruption and marks what follows as not joined to it', () => {
    const segmenter = new Segmenter(limits);
    const before = syntheticStream({ seed: 5, seconds: 1, ...shape });
    const after = syntheticStream({ seed: 6, seconds: 5, startMs: 8_000, ...shape });
    segmenter.describe(before.description);
    expect(segmentsOf(segmenter, before.samples)).toEqual([]);
    const ended = segmenter.interrupt();
    expect(segmenter.interrupt()).toBeUndefined();
    segmenter.describe(before.description);
    expect(
      [ended, ...segmentsOf(segmenter, after.samples)].map((segment) => segment && facts(segment)),
    ).toEqual([
      { durationMs: 1_000, startUtcMs: 0, isDiscontinuity: false },
      { durationMs: 2_000, startUtcMs: 8_000, isDiscontinuity: true },
      { durationMs: 2_000, startUtcMs: 10_000, isDiscontinuity: false },
    ]);
  });

  it('has another initialization segment for other parameters', () => {
    const segmenter = new Segmenter(limits);
    const { samples } = syntheticStream({ seed: 7, seconds: 6, ...shape });
    segmenter.describe(syntheticDescription(false, 1));
    const before = segmentsOf(segmenter, samples.slice(0, 30));
    const ended = segmenter.describe(syntheticDescription(true, 2));
    const after = segmentsOf(segmenter, samples.slice(30));
    const all = [...before, ...(ended === undefined ? [] : [ended]), ...after];
    expect(all.map((segment) => ({ ...facts(segment), isOld: segment.init === before[0]?.init }))).toEqual([
      { durationMs: 2_000, startUtcMs: 0, isDiscontinuity: false, isOld: true },
      { durationMs: 1_000, startUtcMs: 2_000, isDiscontinuity: false, isOld: true },
      { durationMs: 2_000, startUtcMs: 3_000, isDiscontinuity: true, isOld: false },
    ]);
  });
});
