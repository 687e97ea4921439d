import { describe, expect, it } from 'vitest';
import {
  createStreamIngest,
  PUSH_INGEST_LIMITS,
  rtmpPushSource,
} from '../../../../src/engine/ingest/index.ts';
import { SlabPool } from '../../../../src/engine/media/slab-pool.ts';
import { PublishPoints } from '../../../../src/engine/rtmp/index.ts';
import type { Interruption } from '../../../../src/engine/media/sample.ts';
import { SourceFailure } from '../../../../src/engine/media/source-failure.ts';
import type { StreamOverrides } from '../../../../src/shared/engine-api/index.ts';
import type { Publisher } from '../../../../src/engine/rtmp/publish-points.ts';
import { audioBody, avcBody, avcRecord, PPS, SPS, withLengths } from '../media/flv/reading.ts';
import type { Body } from '../media/flv/reading.ts';
import { CollectingSubscriber, collectingLog } from './collecting-subscriber.ts';
import { ManualClock } from './manual-clock.ts';

const NAME = 'gate';
const KEY = 'key-of-the-gate';
const IDR = Buffer.from([0x65, 0x88, 1]);
const SLICE = Buffer.from([0x41, 0x9a, 2]);
const VIDEO_HEADER = avcBody(avcRecord({ sps: [SPS], pps: [PPS] }), { packet: 0 });
const AAC_HEADER = audioBody([0xaf, 0], Buffer.from([0x11, 0x88]));

async function settle(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function key(at: number): Body {
  return avcBody(withLengths([IDR]), { at });
}

function slice(at: number): Body {
  return avcBody(withLengths([SLICE]), { at, key: false });
}

function sound(at: number): Body {
  return audioBody([0xaf, 1], Buffer.from([9]), at);
}

/** A camera's connection without a network. */
class FakeConnection {
  readonly said: string[] = [];
  receivedBytes = 0;
  #publisher: Publisher | undefined;

  close(reason: string, kind: Interruption['kind'] = 'refused-credentials'): void {
    this.said.push(reason);
    this.#publisher?.leave(new SourceFailure(kind, reason));
  }

  hold(): void {
    this.said.push('hold');
  }

  release(): void {
    this.said.push('release');
  }

  enter(points: PublishPoints): this {
    this.#publisher = points.find({ name: NAME, key: KEY })?.enter(this);
    return this;
  }

  announceSound(): void {
    this.#publisher?.announce({ hasAudio: true });
  }

  push(clock: ManualClock, ...bodies: readonly Body[]): void {
    for (const { track, bytes, timestampMs } of bodies) {
      const target = this.#publisher?.[track];
      this.receivedBytes += bytes.length;
      target?.begin({ byteLength: bytes.length, timestampMs });
      target?.push(bytes, 0, bytes.length);
      target?.end(clock.monotonicMs());
    }
  }

  /** A picture that ends amid a NAL unit. */
  damagePicture(): void {
    const target = this.#publisher?.video;
    target?.begin({ byteLength: 100, timestampMs: 0 });
    target?.abort();
  }

  hangUp(): void {
    this.#publisher?.leave(new SourceFailure('closed-by-camera', 'Bye.'));
  }
}

function createStream(overrides?: Pick<StreamOverrides, 'audio' | 'clock'>) {
  const clock = new ManualClock();
  const { log, lines } = collectingLog();
  const slabPool = new SlabPool({ maximumIdleBytes: 1024 ** 2 });
  const points = new PublishPoints({ slabPool, maxAccessUnitBytes: 10_000 });
  points.configure([{ name: NAME, key: KEY }]);
  const ingest = createStreamIngest({
    openSource: rtmpPushSource({ points, name: NAME, overrides, clock }),
    clock,
    log,
    limits: PUSH_INGEST_LIMITS,
    random: () => 0.5,
  });
  const subscriber = new CollectingSubscriber();
  ingest.subscribe(subscriber);
  return { clock, points, ingest, subscriber, lines };
}

describe('a camera that pushes', () => {
  it('is waited for, heard, and waited for again', async () => {
    const { clock, points, ingest, subscriber } = createStream();
    ingest.start();
    await settle();
    expect(ingest.status().state.kind).toBe('connecting');
    const camera = new FakeConnection().enter(points);
    camera.push(clock, VIDEO_HEADER, AAC_HEADER, key(0), sound(5), slice(40));
    expect([ingest.status().state.kind, subscriber.order]).toEqual([
      'streaming',
      ['description 1', 'sync', 'audio', 'picture'],
    ]);
    expect(camera.receivedBytes).toBe(
      VIDEO_HEADER.bytes.length +
        AAC_HEADER.bytes.length +
        key(0).bytes.length +
        sound(5).bytes.length +
        slice(40).bytes.length,
    );

    camera.hangUp();
    await settle();
    expect([ingest.status().state, subscriber.interruptions]).toEqual([
      expect.objectContaining({ kind: 'waiting', reason: 'closed-by-camera', detail: 'Bye.' }),
      [{ kind: 'closed-by-camera', detail: 'Bye.' }],
    ]);
    clock.advance(1_000);
    await settle();
    const again = new FakeConnection().enter(points);
    again.push(clock, VIDEO_HEADER, AAC_HEADER, key(7_000));
    expect([ingest.status().state.kind, ingest.status().reconnects, subscriber.order.slice(4)]).toEqual([
      'streaming',
      1,
      ['closed-by-camera', 'description 1', 'sync'],
    ]);
    await ingest.stop();
    expect({ said: again.said, alarms: clock.pendingAlarms }).toEqual({ said: [], alarms: 0 });
  });

  it('takes over from its own dead connection at once, and the timeline goes on', async () => {
    const { clock, points, ingest, subscriber } = createStream();
    ingest.start();
    await settle();
    const first = new FakeConnection().enter(points);
    first.push(clock, VIDEO_HEADER, key(0), slice(40));
    clock.advance(3_000);
    const second = new FakeConnection().enter(points);
    first.push(clock, slice(80));
    second.push(clock, VIDEO_HEADER, key(0), slice(40));
    expect({
      first: first.said,
      second: second.said,
      takeovers: points.takeovers,
      interruptions: subscriber.interruptions,
      order: subscriber.order,
      times: subscriber.samples.map(({ dts90k }) => Math.round(dts90k / 90)),
      reported: ingest.status().framesReceived,
    }).toEqual({
      first: ['The camera has opened another connection.'],
      second: [],
      takeovers: 1,
      interruptions: [],
      order: ['description 1', 'sync', 'picture', 'description 1', 'sync', 'picture'],
      times: [0, 40, 3_000, 3_040],
      reported: 4,
    });
    await ingest.stop();
  });

  it('that comes while nobody listens is held for a moment, and passed over until somebody does', async () => {
    const { clock, points, ingest, subscriber } = createStream();
    const camera = new FakeConnection().enter(points);
    camera.push(clock, VIDEO_HEADER, AAC_HEADER, key(0), slice(40));
    ingest.start();
    await settle();
    camera.push(clock, slice(80), key(120), sound(125));
    expect([camera.said, subscriber.order]).toEqual([
      ['hold', 'release'],
      ['description 1', 'sync', 'audio'],
    ]);
    await ingest.stop();
    camera.push(clock, key(160));
    expect(subscriber.order).toEqual(['description 1', 'sync', 'audio', 'stopped']);
  });

  it('does not come: that is known after a while', async () => {
    const { clock, ingest, subscriber } = createStream();
    ingest.start();
    await settle();
    clock.advance(20_000);
    await settle();
    expect(subscriber.interruptions).toEqual([
      { kind: 'silent', detail: 'The camera does not push to gate. The engine waits for it.' },
    ]);
    await ingest.stop();
  });

  it('sends no pictures, or may not come: that is said', async () => {
    const { clock, points, ingest, subscriber } = createStream();
    ingest.start();
    await settle();
    const camera = new FakeConnection().enter(points);
    camera.push(clock, AAC_HEADER, sound(0));
    clock.advance(20_000);
    await settle();
    expect(camera.said).toEqual(['The camera pushes to gate, but no pictures. Check its video settings.']);
    points.configure([{ name: NAME, key: undefined }]);
    clock.advance(1_000);
    await settle();
    clock.advance(20_000);
    await settle();
    expect(subscriber.interruptions).toEqual([
      {
        kind: 'silent',
        detail: 'The camera pushes to gate, but no pictures. Check its video settings.',
      },
      {
        kind: 'refused-credentials',
        detail: 'Nobody may push to gate: the camera has no stream key. Set one.',
      },
    ]);
    await ingest.stop();
  });

  it('is cut off when its key is changed, and refused with the former', async () => {
    const { clock, points, ingest, subscriber } = createStream();
    ingest.start();
    await settle();
    const camera = new FakeConnection().enter(points);
    camera.push(clock, VIDEO_HEADER, key(0));
    points.configure([{ name: NAME, key: KEY }]);
    expect(camera.said).toEqual([]);
    points.configure([{ name: NAME, key: 'another-key' }]);
    expect([camera.said, subscriber.interruptions, points.find({ name: NAME, key: KEY })]).toEqual([
      ['The stream or its key was changed.'],
      [{ kind: 'refused-credentials', detail: 'The stream or its key was changed.' }],
      undefined,
    ]);
    points.configure([]);
    const found = [KEY, 'another-key', ''].map((claimed) => points.find({ name: NAME, key: claimed }));
    expect(found).toEqual([undefined, undefined, undefined]);
    await ingest.stop();
  });

  it.each([
    {
      what: 'whose pictures stop',
      picture: [],
      afterSeconds: 5,
      detail: 'The camera has sent no video for 5 s.',
    },
    {
      what: 'whose pictures cannot be decoded',
      picture: [slice(0)],
      afterSeconds: 60,
      detail: 'The camera sends, but for 60 s no picture could be made of it.',
    },
  ])('$what while its sound goes on is cut off, so that it begins anew', async (given) => {
    const { clock, points, ingest, subscriber } = createStream();
    ingest.start();
    await settle();
    const camera = new FakeConnection().enter(points);
    camera.push(clock, VIDEO_HEADER, AAC_HEADER, key(0));
    if (given.picture.length > 0) camera.damagePicture();
    for (let second = 0; second < given.afterSeconds; second += 1) {
      camera.push(clock, sound(0), ...given.picture);
      clock.advance(1_000);
    }
    await settle();
    expect(camera.said).toEqual([given.detail]);
    expect(subscriber.interruptions).toMatchObject([{ detail: given.detail }]);
    clock.advance(1_000);
    await settle();
    new FakeConnection().enter(points).push(clock, VIDEO_HEADER, key(0));
    expect(ingest.status().state.kind).toBe('streaming');
    await ingest.stop();
  });

  it('is not cut off for the silence before it came', async () => {
    const { clock, points, ingest, subscriber } = createStream();
    ingest.start();
    await settle();
    clock.advance(19_000);
    const first = new FakeConnection().enter(points);
    clock.advance(2_000);
    await settle();
    first.push(clock, VIDEO_HEADER, key(0));
    clock.advance(4_500);
    // The first is dead and does not know it.
    const second = new FakeConnection().enter(points);
    clock.advance(2_000);
    await settle();
    second.push(clock, VIDEO_HEADER, key(0));
    expect([first.said, second.said, subscriber.interruptions]).toEqual([
      ['The camera has opened another connection.'],
      [],
      [],
    ]);
    await ingest.stop();
  });

  it('is left alone when nobody wants its stream any more', async () => {
    const { clock, points, ingest } = createStream();
    ingest.start();
    await settle();
    const camera = new FakeConnection().enter(points);
    camera.push(clock, VIDEO_HEADER, key(0));
    await ingest.stop();
    expect(camera.said).toEqual([]);
  });

  it('pushes what is not supported: it is told so, and cut off', async () => {
    const { clock, points, ingest, subscriber } = createStream();
    ingest.start();
    await settle();
    const camera = new FakeConnection().enter(points);
    camera.push(clock, { track: 'video', timestampMs: 0, bytes: Buffer.from('\x90av01....', 'latin1') });
    await settle();
    const detail = 'The camera pushes video of av01. Choose H.264 or H.265 in its settings.';
    expect([camera.said, subscriber.interruptions]).toEqual([[detail], [{ kind: 'unsupported', detail }]]);
    await ingest.stop();
  });
});

it('stamps that mean nothing are not looked at where the settings say so', async () => {
  const { clock, points, ingest, subscriber } = createStream({ audio: true, clock: 'arrival' });
  ingest.start();
  await settle();
  const camera = new FakeConnection().enter(points);
  camera.push(clock, VIDEO_HEADER, key(0));
  clock.advance(40);
  camera.push(clock, slice(400));
  clock.advance(40);
  camera.push(clock, slice(410));
  const times = subscriber.samples.map(({ dts90k }) => dts90k);
  expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 3_600, 7_200]);
  await ingest.stop();
});

describe('sound', () => {
  it('is put where the pictures of its moment are, however late it arrives', async () => {
    const { clock, points, ingest, subscriber } = createStream();
    ingest.start();
    await settle();
    const camera = new FakeConnection().enter(points);
    camera.push(clock, VIDEO_HEADER, AAC_HEADER);
    const lateMs = 200;
    for (let at = 0; at <= 60_000; at += 40) {
      camera.push(clock, at % 1_000 === 0 ? key(at) : slice(at));
      if (at >= lateMs) camera.push(clock, sound(at - lateMs));
      clock.advance(40);
    }
    const [picture] = subscriber.samples.filter(({ track }) => track === 'video').slice(-1 - lateMs / 40);
    const last = subscriber.samples.findLast(({ track }) => track === 'audio');
    expect(Math.abs((last?.dts90k ?? 0) - (picture?.dts90k ?? 0)) / 90).toBeLessThan(10);
    await ingest.stop();
  });

  it('that was announced is waited for, so that the stream does not begin without', async () => {
    const { clock, points, ingest, subscriber } = createStream();
    ingest.start();
    await settle();
    const camera = new FakeConnection().enter(points);
    camera.announceSound();
    camera.push(clock, VIDEO_HEADER, key(0), slice(40));
    expect(subscriber.order).toEqual([]);
    camera.push(clock, AAC_HEADER, sound(50), slice(80));
    expect(subscriber.order).toEqual(['description 1', 'sync', 'picture', 'audio', 'picture']);
    expect(subscriber.descriptions[0]?.audio?.codec).toBe('aac');
    await ingest.stop();
  });

  it('that was announced and does not come is waited for no longer than a second', async () => {
    const { clock, points, ingest, subscriber } = createStream();
    ingest.start();
    await settle();
    const camera = new FakeConnection().enter(points);
    camera.announceSound();
    camera.push(clock, VIDEO_HEADER, key(0));
    clock.advance(1_000);
    camera.push(clock, slice(1_000));
    expect(subscriber.order).toEqual(['description 1', 'sync', 'picture']);
    await ingest.stop();
  });

  it('is left out when the camera is to be taken without, and its pictures do not wait for it', async () => {
    const { clock, points, ingest, subscriber } = createStream({ audio: false, clock: 'auto' });
    ingest.start();
    await settle();
    const camera = new FakeConnection().enter(points);
    camera.announceSound();
    camera.push(clock, VIDEO_HEADER, key(0), AAC_HEADER, sound(5), key(40), sound(45));
    expect(subscriber.order).toEqual(['description 1', 'sync', 'sync']);
    expect(subscriber.descriptions[0]?.audio).toBeUndefined();
    await ingest.stop();
  });

  it('that comes late, or changes, makes a new description with the next sync picture and costs no picture', async () => {
    const { clock, points, ingest, subscriber } = createStream();
    ingest.start();
    await settle();
    const camera = new FakeConnection().enter(points);
    camera.push(clock, VIDEO_HEADER, key(0), AAC_HEADER, slice(40), sound(45), key(80), sound(85));
    camera.push(
      clock,
      audioBody([0x72], Buffer.from([1, 2])),
      slice(100),
      key(120),
      audioBody([0x2f], Buffer.from([1])),
      key(160),
    );
    expect(subscriber.order).toEqual([
      'description 1',
      'sync',
      'picture',
      'description 2',
      'sync',
      'audio',
      'picture',
      'description 3',
      'sync',
      'description 4',
      'sync',
    ]);
    expect(subscriber.descriptions.map(({ audio, audioIgnored }) => audio?.codec ?? audioIgnored)).toEqual([
      undefined,
      'aac',
      'pcma',
      "The camera pushes sound of FLV format 2, which is left out. Choose AAC in the camera's settings.",
    ]);
    await ingest.stop();
  });
});
