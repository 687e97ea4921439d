import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { FlvChannel, GopBudget, GopCache, LiveCounters, StreamFanout } from '../../src/engine/live/index.ts';
import type { ViewerSink } from '../../src/engine/live/index.ts';
import type { G711Track, OpusTrack, Sample, StreamDescription } from '../../src/engine/media/sample.ts';
import { AacStream, SoundConversions, findFfmpeg } from '../../src/engine/transcode/index.ts';
import { liveCloseCodes } from '../../src/shared/engine-api/index.ts';
import { parseOggOpus } from '../../src/sim/clip/ogg.ts';
import { manualClock } from '../unit/engine/live/manual-clock.ts';
import { syntheticStream } from '../unit/engine/recording/synthetic-stream.ts';
import { MemoryLog } from './memory-log.ts';
import {
  ffmpegMissing,
  makeSource,
  packetTimes,
  pictureHashes,
  probe,
  temporaryDirectory,
} from './recording-fixture.ts';
import type { MediaSource } from './recording-fixture.ts';
import { quietLog } from './storage-fixture.ts';

const run = promisify(execFile);

class CollectingSink implements ViewerSink {
  readonly messages: Uint8Array[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;

  send(bytes: Uint8Array): void {
    this.messages.push(bytes);
  }

  bufferedBytes(): number {
    return 0;
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason };
  }

  get bytes(): Buffer {
    return Buffer.concat(this.messages);
  }
}

function createFixture(ffmpeg: string, conversions = new SoundConversions({ program: ffmpeg })) {
  const clock = manualClock();
  const cache = new GopCache({ maximumBytes: 4 * 1024 ** 2, budget: new GopBudget(4 * 1024 ** 2) });
  const stream = new StreamFanout({ cache, log: quietLog });
  const log = new MemoryLog();
  const aacStream = new AacStream({ source: stream, conversions, clock, log });
  const channel = new FlvChannel({ stream, aacStream, counters: new LiveCounters(), clock, log: quietLog });
  const watch = (sound: 'as-is' | 'aac') => {
    const sink = new CollectingSink();
    const admission = channel.addViewer(sink, sound);
    if (admission.kind === 'refused') throw new Error(admission.reason);
    return { sink, leave: () => admission.viewer[Symbol.dispose]() };
  };
  return { clock, log, stream, aacStream, conversions, watch };
}

/** A program that notes each start and then becomes another. */
async function notedProgram(
  directory: string,
  command: string,
): Promise<{ path: string; starts: () => number[] }> {
  const path = join(directory, 'ffmpeg');
  const notes = join(directory, 'starts');
  await writeFile(path, `#!/bin/sh\necho $$ >> ${notes}\n${command}\n`);
  await chmod(path, 0o755);
  const starts = (): number[] =>
    existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n').map(Number) : [];
  return { path, starts };
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
}

const pcmu: G711Track = { kind: 'audio', codec: 'pcmu', sampleRate: 8_000, channels: 1 };
const opus: OpusTrack = { kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 1, preSkip: 312 };
const clip = { seconds: 6, framesPerSecond: 25, size: '320x240', gopFrames: 25 } as const;
/** Silence, and from here on a tone. */
const toneFromSeconds = 3;

/** Packets of 20 ms. */
async function packetsOf(codec: 'pcmu' | 'opus', directory: string): Promise<readonly Uint8Array[]> {
  const file = join(directory, codec);
  const tone = `aevalsrc=if(gte(t\\,${toneFromSeconds})\\,sin(440*2*PI*t)\\,0):d=${clip.seconds}:s=48000`;
  const output = {
    pcmu: '-ar 8000 -ac 1 -f mulaw',
    opus: '-c:a libopus -frame_duration 20 -ac 1 -f ogg',
  }[codec];
  await run('ffmpeg', [...'-v error -y -f lavfi -i'.split(' '), tone, ...output.split(' '), file]);
  const bytes = await readFile(file);
  if (codec === 'opus') return parseOggOpus(bytes);
  return Array.from({ length: Math.floor(bytes.byteLength / 160) }, (_, index) =>
    bytes.subarray(index * 160, (index + 1) * 160),
  );
}

async function cameraWith(
  codec: 'pcmu' | 'opus',
  directory: string,
): Promise<{ description: StreamDescription; samples: readonly Sample[]; source: MediaSource }> {
  const source = await makeSource(directory, clip);
  const sounds = (await packetsOf(codec, directory)).map((data, index): Sample => {
    const dts90k = index * 1_800;
    return {
      track: 'audio',
      data,
      dts90k,
      pts90k: dts90k,
      isSync: true,
      arrivalMonotonicMs: dts90k / 90,
      utcMs: dts90k / 90,
    };
  });
  const samples = [...source.samples, ...sounds].sort((a, b) => a.dts90k - b.dts90k);
  const audio = codec === 'pcmu' ? pcmu : opus;
  return { description: { ...source.description, audio }, samples, source };
}

describe.skipIf(ffmpegMissing)(`sound converted by ffmpeg (${ffmpegMissing ?? 'present'})`, () => {
  const ffmpeg = findFfmpeg(process.env['PATH'] ?? '') ?? '';

  it.each(['pcmu', 'opus'] as const)('is AAC on the timeline of its %s', async (codec) => {
    await using directory = await temporaryDirectory();
    const { description, samples, source } = await cameraWith(codec, directory.path);
    const { stream, aacStream, watch } = createFixture(ffmpeg);
    const { sink } = watch('aac');
    const plain = watch('as-is');
    const firstSecond = samples.findIndex(({ dts90k }) => dts90k >= 90_000);
    stream.onDescription(description);
    for (const sample of samples.slice(0, firstSecond)) stream.onSample(sample);
    expect(sink.messages).toEqual([]);
    // With the first sound come the pictures, from the group in hand on.
    await expect.poll(() => sink.messages.length, { timeout: 10_000 }).toBeGreaterThan(10);
    for (const sample of samples.slice(firstSecond)) stream.onSample(sample);
    const file = join(directory.path, 'live.flv');
    const lastSound = async (): Promise<number> => {
      await writeFile(file, sink.bytes);
      return (await packetTimes(file, 'a')).at(-1)?.pts ?? 0;
    };
    await expect
      .poll(lastSound, { timeout: 20_000, interval: 500 })
      .toBeGreaterThan(clip.seconds * 1_000 - 250);

    expect((await probe(file, ['-show_entries', 'stream=codec_name,sample_rate,channels'])).sort()).toEqual([
      codec === 'pcmu' ? 'aac,16000,1' : 'aac,48000,1',
      'h264',
    ]);
    expect(await pictureHashes([file])).toEqual(source.pictureHashes);
    const { stderr } = await run('ffmpeg', [
      ...'-hide_banner -nostats -copyts -i'.split(' '),
      file,
      ...'-vn -af silencedetect=noise=-30dB:d=0.1 -f null -'.split(' '),
    ]);
    const toneStart = Number(/silence_end: ([\d.]+)/.exec(stderr)?.[1]);
    // An encoder spreads the edge of a tone over a frame of 64 ms.
    expect(Math.abs(toneStart - toneFromSeconds)).toBeLessThan(0.1);

    await writeFile(file, plain.sink.bytes);
    expect(await probe(file, ['-show_entries', 'stream=codec_name'])).toEqual(['h264']);
    expect(plain.sink.bytes.includes('recorded but cannot be heard live')).toBe(true);
    expect(sink.bytes.includes('soundobstacle')).toBe(false);
    aacStream.end('The test is over.');
  });

  it('is made by one process, while somebody wants it and a while longer', async () => {
    await using directory = await temporaryDirectory();
    const program = await notedProgram(directory.path, `exec ${ffmpeg} "$@"`);
    const { description, samples } = await cameraWith('pcmu', directory.path);
    const { clock, stream, aacStream, watch } = createFixture(program.path);
    stream.onDescription(description);
    for (const sample of samples.slice(0, 100)) stream.onSample(sample);
    watch('as-is');
    const [first, second] = [watch('aac'), watch('aac')];
    for (const sample of samples.slice(100, 200)) stream.onSample(sample);
    await expect.poll(() => second.sink.messages.length, { timeout: 10_000 }).toBeGreaterThan(0);
    const [processId = 0, ...others] = program.starts();
    expect([others, isRunning(processId), aacStream.memberCount]).toEqual([[], true, 2]);

    first.leave();
    second.leave();
    clock.advance(9_999);
    const third = watch('aac');
    clock.advance(60_000);
    expect([third.sink.closed, isRunning(processId), program.starts().length]).toEqual([undefined, true, 1]);
    third.leave();
    clock.advance(10_000);
    await expect.poll(() => isRunning(processId)).toBe(false);
    // The viewer who wants no sound is all that is left.
    expect([aacStream.sourceMemberships, stream.memberCount]).toEqual([0, 1]);
  });

  it('ends with the stream', async () => {
    await using directory = await temporaryDirectory();
    const program = await notedProgram(directory.path, `exec ${ffmpeg} "$@"`);
    const { description } = await cameraWith('pcmu', directory.path);
    const { stream, watch } = createFixture(program.path);
    const { sink } = watch('aac');
    stream.onDescription(description);
    await expect.poll(() => program.starts().length).toBe(1);
    stream.end('The camera was removed.');
    expect(sink.closed).toEqual({ code: liveCloseCodes.streamEnded, reason: 'The camera was removed.' });
    await expect.poll(() => program.starts().some(isRunning)).toBe(false);
  });
});

describe('sound that cannot be converted', () => {
  const video = syntheticStream({ seed: 1, seconds: 4, gopFrames: 25, maximumPictureBytes: 500 });
  const description: StreamDescription = { ...video.description, audio: pcmu };

  it('leaves the pictures, says why, and is tried again after growing pauses', async () => {
    await using directory = await temporaryDirectory();
    const program = await notedProgram(directory.path, 'exit 1');
    const { clock, log, stream, aacStream, watch } = createFixture(program.path);
    const failures = (): number => log.text.split('The sound of a stream cannot be converted.').length - 1;
    const { sink } = watch('aac');
    stream.onDescription(description);
    for (const sample of video.samples.slice(0, 30)) stream.onSample(sample);
    await expect.poll(failures).toBe(1);
    expect([sink.closed, sink.bytes.includes('The sound cannot be converted at the moment.')]).toEqual([
      undefined,
      true,
    ]);
    const starts: number[] = [];
    for (const delayMs of [1_000, 2_000, 4_000]) {
      clock.advance(delayMs - 1);
      starts.push(program.starts().length);
      clock.advance(1);
      await expect.poll(() => program.starts().length).toBe(starts.length + 1);
      // Its end is noticed before time goes on.
      await expect.poll(failures).toBe(program.starts().length);
    }
    expect(starts).toEqual([1, 2, 3]);
    aacStream.end('The test is over.');
  });

  it('does not keep pictures waiting for a camera that announces sound and sends none', async () => {
    await using directory = await temporaryDirectory();
    const program = await notedProgram(directory.path, 'exec cat');
    const { clock, stream, aacStream, watch } = createFixture(program.path);
    const { sink } = watch('aac');
    stream.onDescription(description);
    for (const sample of video.samples.slice(0, 30)) stream.onSample(sample);
    clock.advance(1_999);
    expect(sink.messages).toEqual([]);
    clock.advance(1);
    expect(sink.bytes.includes('The camera announces sound and sends none.')).toBe(true);
    aacStream.end('The test is over.');
    await expect.poll(() => program.starts().some(isRunning)).toBe(false);
  });

  it('is that of more streams than the engine converts: they are told so, and have their turn later', async () => {
    await using directory = await temporaryDirectory();
    const program = await notedProgram(directory.path, 'exec cat');
    const conversions = new SoundConversions({ program: program.path, maximum: 1 });
    const first = createFixture(program.path, conversions);
    const second = createFixture(program.path, conversions);
    const viewers = [first, second].map(({ stream, watch }) => {
      const viewer = watch('aac');
      stream.onDescription(description);
      for (const sample of video.samples.slice(0, 30)) stream.onSample(sample);
      return viewer;
    });
    await expect.poll(() => program.starts().length).toBe(1);
    const reason = 'This engine converts the sound of 1 streams at a time.';
    expect(viewers.map(({ sink }) => sink.bytes.includes(reason))).toEqual([false, true]);
    expect(conversions.totals).toEqual({ soundConversions: 1, soundConversionsRefused: 1, soundsDropped: 0 });

    second.clock.advance(10_000);
    expect(conversions.totals).toMatchObject({ soundConversions: 1, soundConversionsRefused: 2 });
    first.aacStream.end('The camera was removed.');
    expect(conversions.totals.soundConversions).toBe(0);
    second.clock.advance(10_000);
    expect(conversions.totals).toMatchObject({ soundConversions: 1, soundConversionsRefused: 2 });
    await expect.poll(() => program.starts().length).toBe(2);
    second.aacStream.end('The test is over.');
    second.aacStream.end('It ends once.');
    expect(conversions.totals.soundConversions).toBe(0);
    await expect.poll(() => program.starts().some(isRunning)).toBe(false);
  });

  it('is dropped, not kept, when ffmpeg takes nothing', async () => {
    await using directory = await temporaryDirectory();
    const program = await notedProgram(directory.path, 'exec sleep 60');
    const { stream, aacStream, conversions, watch } = createFixture(program.path);
    watch('aac');
    stream.onDescription(description);
    const [first] = video.samples;
    if (first === undefined) throw new Error('There is a first picture.');
    stream.onSample(first);
    const data = new Uint8Array(16_000);
    const before = process.memoryUsage().external;
    for (let index = 0; index < 2_000; index += 1) {
      const dts90k = first.dts90k + index * 1_800;
      stream.onSample({ ...first, track: 'audio', data, dts90k, pts90k: dts90k });
    }
    // 32 MB went in; 64 kB may wait, and a pipe holds as much again.
    expect(process.memoryUsage().external - before).toBeLessThan(4 * 1024 ** 2);
    expect(conversions.totals.soundsDropped).toBeGreaterThan(1_900);
    aacStream.end('The test is over.');
  });

  it('needs no conversion when it is AAC, or when there is none', async () => {
    await using directory = await temporaryDirectory();
    const program = await notedProgram(directory.path, 'exit 1');
    const { stream, watch } = createFixture(program.path);
    const aac = syntheticStream({
      seed: 2,
      seconds: 2,
      gopFrames: 25,
      maximumPictureBytes: 500,
      withAudio: true,
    });
    const { sink } = watch('aac');
    stream.onDescription(aac.description);
    for (const sample of aac.samples) stream.onSample(sample);
    const asIs = watch('as-is');
    const converted = watch('aac');
    expect([sink.messages.length > aac.samples.length, converted.sink.bytes.equals(asIs.sink.bytes)]).toEqual(
      [true, true],
    );
    expect(program.starts()).toEqual([]);
  });
});
