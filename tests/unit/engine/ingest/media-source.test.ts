/** The ingest drives any source: here one that is played by the test, with decoding times of its own. */
import { expect, it } from 'vitest';
import { createStreamIngest } from '../../../../src/engine/ingest/index.ts';
import type { SourceSink } from '../../../../src/engine/ingest/index.ts';
import type { ParameterSets } from '../../../../src/engine/media/parameter-sets.ts';
import { SourceFailure } from '../../../../src/engine/media/source-failure.ts';
import { CollectingSubscriber, collectingLog } from './collecting-subscriber.ts';
import { ManualClock } from './manual-clock.ts';
import { IDR, PPS, SLICE, SPS } from './scripted-camera.ts';

const PARAMETER_SETS: ParameterSets = { codec: 'h264', sps: SPS, pps: PPS };

async function settle(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

it('a source with decoding times keeps them, with the order of presentation, over its ends', async () => {
  const clock = new ManualClock();
  const { log } = collectingLog();
  const subscriber = new CollectingSubscriber();
  const opened: SourceSink[] = [];
  let closed = 0;
  const ingest = createStreamIngest({
    openSource: (sink) => {
      opened.push(sink);
      return {
        receivedBytes: 1_000,
        lastMediaMonotonicMs: clock.monotonicMs(),
        start: () => {
          sink.pipeline.beginConnection({ videoClockRate: 1_000, audio: undefined, audioClockRate: 1_000 });
          return Promise.resolve();
        },
        close: () => {
          closed += 1;
          return Promise.resolve();
        },
      };
    },
    clock,
    log,
    random: () => 0.5,
  });
  ingest.subscribe(subscriber);
  ingest.start();
  await settle();
  const send = (timestamp: number, compositionOffset: number): void => {
    opened.at(-1)?.pipeline.takeVideo({
      data: timestamp === 0 ? IDR : SLICE,
      timestamp,
      compositionOffset,
      parameterSets: PARAMETER_SETS,
      isSync: timestamp === 0,
      arrivalMonotonicMs: clock.monotonicMs(),
    });
  };
  // Decoded I0 P3 B1 B2, shown I0 B1 B2 P3.
  for (const [index, offset] of [40, 120, 0, 0].entries()) {
    send(index * 40, offset);
    clock.advance(40);
  }
  opened[0]?.onEnded(new SourceFailure('closed-by-camera', 'The publisher has gone.'));
  clock.advance(500);
  await settle();
  send(0, 0);
  expect(subscriber.samples.map(({ dts90k, pts90k }) => [dts90k, pts90k])).toEqual([
    [0, 3_600],
    [3_600, 14_400],
    [7_200, 7_200],
    [10_800, 10_800],
    [59_400, 59_400],
  ]);
  expect(subscriber.interruptions).toEqual([{ kind: 'closed-by-camera', detail: 'The publisher has gone.' }]);
  expect([opened.length, closed]).toEqual([2, 1]);
  await ingest.stop();
  expect([closed, clock.pendingAlarms]).toEqual([2, 0]);
});
