import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  FlvChannel,
  GopBudget,
  GopCache,
  LiveCounters,
  StreamFanout,
  type ViewerSink,
} from '../../src/engine/live/index.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import {
  decodingComplaints,
  ffmpegMissing,
  later,
  makeSource,
  packetTimes,
  pictureHashes,
  temporaryDirectory,
} from './recording-fixture.ts';
import { quietLog } from './storage-fixture.ts';

interface FileSink extends ViewerSink {
  save(path: string): Promise<void>;
}

function fileSink(): FileSink {
  const messages: Uint8Array[] = [];
  return {
    send: (bytes) => void messages.push(bytes),
    bufferedBytes: () => 0,
    close: () => undefined,
    save: (path) => writeFile(path, Buffer.concat(messages)),
  };
}

function createLive(): { readonly stream: StreamFanout; readonly channel: FlvChannel } {
  const cache = new GopCache({ maximumBytes: 4 * 1024 ** 2, budget: new GopBudget(4 * 1024 ** 2) });
  const stream = new StreamFanout({ cache, log: quietLog });
  const channel = new FlvChannel({
    stream,
    counters: new LiveCounters(),
    clock: createSystemClock(),
    log: quietLog,
  });
  return { stream, channel };
}

const clip = { seconds: 6, framesPerSecond: 25, size: '320x240', gopFrames: 25 } as const;

describe.skipIf(ffmpegMissing)(`live FLV, judged by ffmpeg (${ffmpegMissing ?? 'present'})`, () => {
  it('gives the first viewer every picture and sound', async () => {
    await using directory = await temporaryDirectory();
    const source = await makeSource(directory.path, { ...clip, bFrames: 2, withAudio: true });
    const { stream, channel } = createLive();
    const sink = fileSink();
    channel.addViewer(sink);

    stream.onDescription(source.description);
    for (const sample of source.samples) stream.onSample(sample);

    const file = join(directory.path, 'live.flv');
    await sink.save(file);
    expect(await decodingComplaints(file)).toBe('');
    expect(await pictureHashes([file])).toEqual(source.pictureHashes);
    const sounds = source.samples.filter(({ track }) => track === 'audio');
    expect((await packetTimes(file, 'a')).length).toBe(sounds.length);
    const video = source.samples.filter(({ track }) => track === 'video');
    expect((await packetTimes(file, 'v')).map(({ pts, dts }) => ({ pts, dts }))).toEqual(
      video.map(({ pts90k, dts90k }) => ({ pts: pts90k / 90, dts: dts90k / 90 })),
    );
  });

  it('gives a newcomer the current group of pictures at once', async () => {
    await using directory = await temporaryDirectory();
    const source = await makeSource(directory.path, clip);
    const { stream, channel } = createLive();
    stream.onDescription(source.description);
    const joinAt = 60;
    for (const sample of source.samples.slice(0, joinAt)) stream.onSample(sample);

    const sink = fileSink();
    channel.addViewer(sink);
    const early = join(directory.path, 'at-once.flv');
    await sink.save(early);
    for (const sample of source.samples.slice(joinAt)) stream.onSample(sample);
    const whole = join(directory.path, 'whole.flv');
    await sink.save(whole);

    expect(await pictureHashes([early])).toEqual(source.pictureHashes.slice(50, joinAt));
    expect(await pictureHashes([whole])).toEqual(source.pictureHashes.slice(50));
    expect(await decodingComplaints(whole)).toBe('');
  });

  it('carries a viewer over a change of resolution', async () => {
    await using directory = await temporaryDirectory();
    await using second = await temporaryDirectory();
    const small = await makeSource(directory.path, { ...clip, seconds: 2 });
    const large = await makeSource(second.path, { ...clip, seconds: 2, size: '640x360' });
    const { stream, channel } = createLive();
    const sink = fileSink();
    channel.addViewer(sink);

    stream.onDescription(small.description);
    for (const sample of small.samples) stream.onSample(sample);
    stream.onDescription({ ...large.description, generation: 2 });
    for (const sample of large.samples) stream.onSample(later(sample, 2000));

    const file = join(directory.path, 'change.flv');
    await sink.save(file);
    expect(await decodingComplaints(file)).toBe('');
    expect((await packetTimes(file, 'v')).length).toBe(100);
    expect((await pictureHashes([file])).slice(0, 50)).toEqual(small.pictureHashes);
  });
});
