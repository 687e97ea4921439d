import { describe, expect, it } from 'vitest';
import { createStreamIngest } from '../../../../src/engine/ingest/index.ts';
import type { MediaSource, SourceSink, StreamIngest } from '../../../../src/engine/ingest/index.ts';
import { SourceFailure } from '../../../../src/engine/media/source-failure.ts';
import { CollectingSubscriber, collectingLog } from './collecting-subscriber.ts';
import { ManualClock } from './manual-clock.ts';
import { PPS, SPS } from './scripted-camera.ts';

/** A source that plays one picture when it is told, and keeps how it was treated. */
class ScriptedSource implements MediaSource {
  readonly receivedBytes = 0;
  lastMediaMonotonicMs: number | undefined;
  isClosed = false;
  readonly #sink: SourceSink;
  readonly #clock: ManualClock;

  constructor(sink: SourceSink, clock: ManualClock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  async start(): Promise<void> {
    this.#sink.pipeline.beginConnection({ videoClockRate: 90_000, audio: undefined, audioClockRate: 90_000 });
    this.lastMediaMonotonicMs = this.#clock.monotonicMs();
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  show(): void {
    this.#sink.pipeline.takeVideo({
      data: Buffer.from([0, 0, 0, 2, 0x65, 0x88]),
      timestamp: 0,
      parameterSets: { codec: 'h264', sps: SPS, pps: PPS },
      isSync: true,
      arrivalMonotonicMs: this.#clock.monotonicMs(),
    });
  }

  fail(): void {
    this.#sink.onEnded(new SourceFailure('unreachable', 'The slave is gone.'));
  }
}

interface Scene {
  readonly clock: ManualClock;
  readonly sources: readonly ScriptedSource[];
  readonly subscriber: CollectingSubscriber;
  readonly ingest: StreamIngest;
}

function scene(): Scene {
  const clock = new ManualClock();
  const sources: ScriptedSource[] = [];
  const subscriber = new CollectingSubscriber();
  const ingest = createStreamIngest({
    openSource: (sink) => {
      const source = new ScriptedSource(sink, clock);
      sources.push(source);
      return source;
    },
    clock,
    log: collectingLog().log,
    random: () => 0.5,
  });
  ingest.subscribe(subscriber);
  return { clock, sources, subscriber, ingest };
}

/** Lets what waits for promises go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

describe('a stream that moves to another source', () => {
  it('goes on with the new one on the same timeline', async () => {
    const { clock, sources, subscriber, ingest } = scene();
    ingest.start();
    await settle();
    sources[0]?.show();
    clock.advance(1_000);
    ingest.reconnect();
    await settle();
    expect(sources.map(({ isClosed }) => isClosed)).toEqual([true, false]);
    sources[0]?.fail();
    sources[1]?.show();
    expect(subscriber.order).toEqual(['description 1', 'sync', 'closed-by-camera', 'description 1', 'sync']);
    const [first, second] = subscriber.samples;
    expect((second?.dts90k ?? 0) - (first?.dts90k ?? 0)).toBe(90_000);
    expect(ingest.status().state.kind).toBe('streaming');
    await ingest.stop();
  });

  it('does not wait for the time that a failure had set, and starts counting failures anew', async () => {
    const { clock, sources, ingest } = scene();
    ingest.start();
    for (let failure = 0; failure < 5; failure += 1) {
      await settle();
      sources.at(-1)?.fail();
      clock.advance(15_000);
    }
    await settle();
    sources.at(-1)?.fail();
    const before = sources.length;
    ingest.reconnect();
    await settle();
    expect(sources).toHaveLength(before + 1);
    sources.at(-1)?.fail();
    clock.advance(600);
    expect(sources).toHaveLength(before + 2);
    await ingest.stop();
  });

  it('stays stopped when it is stopped', async () => {
    const { sources, ingest } = scene();
    ingest.reconnect();
    await settle();
    expect(sources).toEqual([]);
    expect(ingest.status().state).toEqual({ kind: 'idle' });
  });
});
