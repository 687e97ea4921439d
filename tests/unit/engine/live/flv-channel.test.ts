import { describe, expect, it } from 'vitest';
import {
  FlvChannel,
  GopBudget,
  GopCache,
  LiveCounters,
  StreamFanout,
  type FlvLimits,
  type LiveTotals,
  type ViewerSink,
} from '../../../../src/engine/live/index.ts';
import type { Sample, StreamDescription } from '../../../../src/engine/media/sample.ts';
import { announcedGreetingBytes } from '../../../../src/engine/relay/index.ts';
import type { Log } from '../../../../src/shared/domain/log.ts';
import { liveCloseCodes } from '../../../../src/shared/engine-api/index.ts';
import { syntheticDescription, syntheticStream } from '../recording/synthetic-stream.ts';
import { manualClock, type ManualClock } from './manual-clock.ts';

const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};

const limits: FlvLimits = {
  maximumViewers: 3,
  maximumQueuedBytes: 10_000,
  maximumQueuedMs: 15_000,
  tooSlowAfterMs: 5000,
  lingerMs: 30_000,
};

class TestSink implements ViewerSink {
  readonly messages: Uint8Array[] = [];
  queuedBytes = 0;
  closed: { code: number; reason: string } | undefined;

  send(bytes: Uint8Array): void {
    if (this.closed !== undefined) throw new Error('sent after close');
    this.messages.push(bytes);
  }

  bufferedBytes(): number {
    return this.queuedBytes;
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason };
  }

  /** What a player would read. */
  tags(): string[] {
    return readTags(Buffer.concat(this.messages));
  }
}

/** Kind and time of each tag of one FLV file; insists on the header and on every size. */
function readTags(file: Buffer): string[] {
  if (file.byteLength === 0) return [];
  expect(file.subarray(0, 3).toString()).toBe('FLV');
  const tags: string[] = [];
  for (let offset = 13; offset < file.byteLength;) {
    const dataBytes = file.readUIntBE(offset + 1, 3);
    const timestampMs = file.readUIntBE(offset + 4, 3) + (file[offset + 7] ?? 0) * 2 ** 24;
    tags.push(`${tagName(file[offset], file.subarray(offset + 11))} ${timestampMs}`);
    expect(file.readUInt32BE(offset + 11 + dataBytes)).toBe(dataBytes + 11);
    offset += 11 + dataBytes + 4;
  }
  return tags;
}

function tagName(type: number | undefined, data: Buffer): string {
  if (type === 18) return 'metadata';
  const isHeader = data[1] === 0;
  if (type === 8) return isHeader ? 'audio-header' : 'audio';
  if (isHeader) return 'video-header';
  return data[0] === 0x17 ? 'key' : 'inter';
}

interface Fixture {
  readonly channel: FlvChannel;
  readonly stream: StreamFanout;
  readonly clock: ManualClock;
  readonly cache: GopCache;
  join(): TestSink;
  status(): LiveTotals & { readonly viewers: number };
}

function createFixture({ gopCacheBytes = 1_000_000 } = {}): Fixture {
  const clock = manualClock();
  const cache = new GopCache({ maximumBytes: gopCacheBytes, budget: new GopBudget(1_000_000) });
  const stream = new StreamFanout({ cache, log: silentLog });
  const counters = new LiveCounters();
  const channel = new FlvChannel({ stream, counters, clock, log: silentLog, limits });
  return {
    channel,
    stream,
    clock,
    cache,
    join() {
      const sink = new TestSink();
      expect(channel.addViewer(sink).kind).toBe('opened');
      return sink;
    },
    status: () => ({ ...counters.totals, viewers: stream.memberCount }),
  };
}

/** Four pictures a second, one group a second. */
function pictures(
  seconds: number,
  startMs = 0,
  maximumPictureBytes = 500,
): { description: StreamDescription; samples: readonly Sample[] } {
  return syntheticStream({
    seed: 1,
    seconds,
    startMs,
    framesPerSecond: 4,
    gopFrames: 4,
    maximumPictureBytes,
  });
}

function feed({ stream }: Fixture, samples: readonly Sample[]): void {
  for (const sample of samples) stream.onSample(sample);
}

const headers = ['metadata 0', 'video-header 0'];

function group(startMs: number): string[] {
  return [`key ${startMs}`, `inter ${startMs + 250}`, `inter ${startMs + 500}`, `inter ${startMs + 750}`];
}

describe('a live channel', () => {
  it('sends headers and then every tag, once made and shared by all viewers', () => {
    const fixture = createFixture();
    const { description, samples } = pictures(2);
    const first = fixture.join();
    const second = fixture.join();

    fixture.stream.onDescription(description);
    feed(fixture, samples);

    expect(first.tags()).toEqual([...headers, ...group(0), ...group(1000)]);
    expect(first.messages.at(-1)).toBe(second.messages.at(-1));
  });

  it('counts time from its own first sample, wherever the timeline stands', () => {
    const fixture = createFixture();
    const { description, samples } = pictures(1, 40 * 86_400_000);
    const sink = fixture.join();

    fixture.stream.onDescription(description);
    feed(fixture, samples);

    expect(sink.tags()).toEqual([...headers, ...group(0)]);
  });

  it('gives a newcomer the group in hand at once, then goes on', () => {
    const fixture = createFixture();
    const { description, samples } = pictures(3);
    fixture.join();
    fixture.stream.onDescription(description);
    feed(fixture, samples.slice(0, 6));

    const sink = fixture.join();
    const atOnce = ['metadata 1000', 'video-header 1000', 'key 1000', 'inter 1250'];
    expect(sink.tags()).toEqual(atOnce);
    // For masters, which put at its own time what was not live.
    const sentAtOnce = Buffer.concat(sink.messages);
    expect(announcedGreetingBytes(sentAtOnce)).toBe(sentAtOnce.byteLength);
    feed(fixture, samples.slice(6, 8));

    expect(sink.tags()).toEqual([...atOnce, 'inter 1500', 'inter 1750']);
  });

  it('keeps no group larger than its bound, and newcomers wait for the next picture to start with', () => {
    const fixture = createFixture({ gopCacheBytes: 100 });
    const { description, samples } = pictures(3);
    fixture.stream.onDescription(description);
    feed(fixture, samples.slice(0, 6));

    const sink = fixture.join();
    feed(fixture, samples.slice(6, 9));

    expect(sink.tags()).toEqual([...headers, 'key 0']);
    expect(fixture.cache.byteLength).toBe(0);
  });

  it('drops for a slow viewer up to a sync picture, and nothing for the others', () => {
    const fixture = createFixture();
    const { description, samples } = pictures(4);
    const slow = fixture.join();
    const quick = fixture.join();
    fixture.stream.onDescription(description);

    feed(fixture, samples.slice(0, 2));
    slow.queuedBytes = limits.maximumQueuedBytes + 1;
    feed(fixture, samples.slice(2, 5));
    slow.queuedBytes = limits.maximumQueuedBytes / 2;
    feed(fixture, samples.slice(5, 9));

    expect(slow.tags()).toEqual([...headers, 'key 0', 'inter 250', 'key 2000']);
    expect(quick.tags()).toHaveLength(headers.length + 9);
    expect(fixture.status()).toMatchObject({
      viewers: 2,
      framesDropped: 6,
      viewersClosedAsTooSlow: 0,
    });
  });

  it('closes a viewer that does not catch up, and goes on counting what it missed', () => {
    const fixture = createFixture();
    const { description, samples } = pictures(8);
    const slow = fixture.join();
    fixture.stream.onDescription(description);
    feed(fixture, samples.slice(0, 2));
    slow.queuedBytes = limits.maximumQueuedBytes + 1;

    for (const sample of samples.slice(2)) {
      fixture.clock.advance(250);
      fixture.stream.onSample(sample);
    }

    expect(slow.closed).toEqual({
      code: liveCloseCodes.tooSlow,
      reason: 'The connection is too slow for this stream.',
    });
    expect(fixture.status()).toMatchObject({
      viewers: 0,
      framesDropped: 22,
      viewersClosedAsTooSlow: 1,
    });
  });

  it('drops for a viewer that takes nothing of a slow stream for too long, though few bytes wait', () => {
    const fixture = createFixture();
    const { description, samples } = pictures(30, 0, 100);
    const stuck = fixture.join();
    const quick = fixture.join();
    fixture.stream.onDescription(description);
    const droppedAtMs: number[] = [];
    const tooSlowAtMs: number[] = [];
    for (const sample of samples) {
      stuck.queuedBytes = Buffer.concat(stuck.messages).byteLength;
      expect(stuck.queuedBytes).toBeLessThan(limits.maximumQueuedBytes);
      fixture.stream.onSample(sample);
      const nowMs = fixture.clock.monotonicMs();
      if (fixture.status().framesDropped > 0) droppedAtMs.push(nowMs);
      if (stuck.closed !== undefined) tooSlowAtMs.push(nowMs);
      fixture.clock.advance(250);
    }
    expect(stuck.closed?.code).toBe(liveCloseCodes.tooSlow);
    expect([droppedAtMs[0], tooSlowAtMs[0]]).toEqual([15_250, 20_500]);
    expect(quick.tags()).toHaveLength(headers.length + samples.length);
  });

  it('drops nothing for a viewer that is always ten seconds behind', () => {
    const fixture = createFixture();
    const { description, samples } = pictures(40, 0, 100);
    const slow = fixture.join();
    fixture.stream.onDescription(description);
    for (const [index, sample] of samples.entries()) {
      // What was sent before the last ten seconds has arrived.
      const arrived = Math.max(0, index - 40);
      slow.queuedBytes = Buffer.concat(slow.messages.slice(arrived)).byteLength;
      fixture.stream.onSample(sample);
      fixture.clock.advance(250);
    }
    expect(fixture.status()).toMatchObject({ viewers: 1, framesDropped: 0 });
  });

  it('sends new sequence headers when parameters change', () => {
    const fixture = createFixture();
    const { description, samples } = pictures(2);
    const sink = fixture.join();
    fixture.stream.onDescription(description);
    feed(fixture, samples.slice(0, 4));
    fixture.stream.onDescription({ ...description, generation: 2 });
    feed(fixture, samples.slice(4, 6));

    expect(sink.tags()).toEqual([
      ...headers,
      ...group(0),
      'metadata 1000',
      'video-header 1000',
      'key 1000',
      'inter 1250',
    ]);
  });

  it('closes viewers when sound appears, for the file header has said there is none', () => {
    const fixture = createFixture();
    const { description, samples } = pictures(2);
    const before = fixture.join();
    fixture.stream.onDescription(description);
    feed(fixture, samples.slice(0, 4));
    fixture.stream.onDescription(syntheticDescription(true, 2));
    feed(fixture, samples.slice(4, 5));

    expect(before.closed?.code).toBe(liveCloseCodes.streamEnded);
    const after = fixture.join();
    expect(after.tags()).toEqual(['metadata 1000', 'video-header 1000', 'audio-header 1000', 'key 1000']);
  });

  it('keeps viewers while the camera is away, and starts them anew with a sync picture', () => {
    const fixture = createFixture();
    const { description, samples } = pictures(1);
    const sink = fixture.join();
    fixture.stream.onDescription(description);
    feed(fixture, samples);
    fixture.stream.onInterruption({ kind: 'silent', detail: 'nothing for 10 s' });
    expect(fixture.cache.byteLength).toBe(0);
    fixture.clock.advance(limits.lingerMs - 1);
    fixture.stream.onDescription(description);
    feed(fixture, pictures(1, 30_000).samples.slice(0, 2));
    fixture.clock.advance(limits.lingerMs);

    expect(sink.closed).toBeUndefined();
    expect(sink.tags().slice(-2)).toEqual(['key 30000', 'inter 30250']);
  });

  it('closes each viewer when the camera has been away for its whole patience', () => {
    const fixture = createFixture();
    const { description, samples } = pictures(1);
    const early = fixture.join();
    fixture.stream.onDescription(description);
    feed(fixture, samples);
    fixture.stream.onInterruption({ kind: 'unreachable', detail: 'no route' });
    fixture.clock.advance(1000);
    const late = fixture.join();
    fixture.clock.advance(limits.lingerMs - 1000);
    expect([early.closed?.code, late.closed]).toEqual([liveCloseCodes.streamEnded, undefined]);
    fixture.clock.advance(1000);

    const closed = { code: liveCloseCodes.streamEnded, reason: 'The camera sends nothing.' };
    expect([early.closed, late.closed]).toEqual([closed, closed]);
    expect(late.messages).toEqual([]);
    expect(fixture.status().viewers).toBe(0);
  });

  it('closes viewers at once when the stream is stopped', () => {
    const fixture = createFixture();
    const sink = fixture.join();
    fixture.stream.onInterruption({ kind: 'stopped', detail: 'the camera was removed' });

    expect(sink.closed?.code).toBe(liveCloseCodes.streamEnded);
  });

  it('refuses more viewers than it may serve, and takes one again when another leaves', () => {
    const fixture = createFixture();
    const admissions = Array.from({ length: limits.maximumViewers }, () =>
      fixture.channel.addViewer(new TestSink()),
    );
    const refused = fixture.channel.addViewer(new TestSink());
    const [first] = admissions;
    if (first?.kind !== 'opened') throw new Error('The first viewer is let in.');
    first.viewer[Symbol.dispose]();
    first.viewer[Symbol.dispose]();

    expect(refused).toEqual({
      kind: 'refused',
      code: liveCloseCodes.tooManyViewers,
      reason: 'This stream serves 3 viewers at most.',
    });
    expect(fixture.channel.addViewer(new TestSink()).kind).toBe('opened');
    expect(fixture.status()).toMatchObject({ viewers: 3, viewersRefused: 1 });
  });

  it('starts over when the clock of FLV has run out', () => {
    const fixture = createFixture();
    const { description, samples } = pictures(1);
    const sink = fixture.join();
    fixture.stream.onDescription(description);
    feed(fixture, samples);
    const endMs = 2 ** 31;
    feed(fixture, pictures(2, endMs).samples);

    expect(sink.closed?.code).toBe(liveCloseCodes.streamEnded);
    const next = fixture.join();
    expect(next.tags()).toEqual([...headers, ...group(0)]);
  });

  it('skips a picture that FLV cannot hold, and what refers to it', () => {
    const fixture = createFixture();
    const { description, samples } = pictures(2);
    const sink = fixture.join();
    fixture.stream.onDescription(description);
    const monster = new Uint8Array(2 ** 24);
    feed(
      fixture,
      samples.map((sample, index) => (index === 1 ? { ...sample, data: monster } : sample)).slice(0, 5),
    );

    expect(sink.tags()).toEqual([...headers, 'key 0', 'key 1000']);
  });
});

describe('a viewer of a stream with tracks that FLV does not carry', () => {
  it('gets the others, and the reason', () => {
    const fixture = createFixture();
    const { description, samples } = pictures(1);
    const sink = fixture.join();
    fixture.stream.onDescription({
      ...description,
      audio: { kind: 'audio', codec: 'pcmu', sampleRate: 8_000, channels: 1 },
      metadata: { kind: 'metadata', codec: 'onvif' },
    });
    feed(
      fixture,
      samples.flatMap((sample) => [
        sample,
        { ...sample, track: 'audio' as const, isSync: true },
        { ...sample, track: 'metadata' as const, isSync: true },
      ]),
    );
    expect(sink.tags()).toEqual([...headers, ...group(0)]);
    expect(Buffer.concat(sink.messages).toString('latin1')).toMatch(
      /soundobstacle.{3}The camera sends G\.711 mu-law sound/s,
    );
  });
});
