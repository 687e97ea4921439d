/** A camera may send anything: the ingest goes on, and what it says of itself stays true. `BELVEDERE_TEST_SEED` repeats a run. */
import { expect, it } from 'vitest';
import { createStreamIngest, rtspSource } from '../../../../src/engine/ingest/index.ts';
import { SlabPool } from '../../../../src/engine/media/slab-pool.ts';
import { StreamStatus } from '../../../../src/shared/engine-api/status.ts';
import { seededRandom } from '../../../integration/seeded-random.ts';
import { damaged } from '../../../fuzz/mutate.ts';
import { frame } from '../rtsp/collecting-reader.ts';
import { rtpPacket } from '../rtsp/rtp-packets.ts';
import { CollectingSubscriber, collectingLog } from './collecting-subscriber.ts';
import { ManualClock } from './manual-clock.ts';
import {
  healthyScript,
  IDR,
  PPS,
  ScriptedCamera,
  SDP_AUDIO,
  SDP_VIDEO,
  SLICE,
  SPS,
} from './scripted-camera.ts';
import { runsWhole } from '../../../support/sampling.ts';

const RUNS = Number(process.env['BELVEDERE_FUZZ_RUNS'] ?? (runsWhole ? 6000 : 60));

async function settle(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

it('damaged answers and packets never throw out of the ingest, never break the timeline, and leave nothing behind', async () => {
  const seeded = seededRandom();
  const { seed } = seeded;
  const random = (): number => seeded.next();
  for (let run = 0; run < RUNS; run += 1) {
    const clock = new ManualClock();
    const healthy = healthyScript(SDP_VIDEO + SDP_AUDIO);
    const camera = new ScriptedCamera((request) => {
      const answer = healthy(request);
      if (answer === undefined || random() > 0.1) return answer;
      return damaged(Buffer.from(answer), random).toString('latin1');
    });
    const subscriber = new CollectingSubscriber();
    const { log, lines } = collectingLog();
    const ingest = createStreamIngest({
      openSource: rtspSource({
        slabPool: new SlabPool({ maximumIdleBytes: 1024 ** 2 }),
        url: 'rtsp://camera.example/live',
        credentials: { username: 'u', password: 'p' },
        clock,
        log,
        connect: camera.dial,
      }),
      clock,
      log,
      random,
    });
    ingest.subscribe(subscriber);
    ingest.start();
    for (let step = 0; step < 60; step += 1) {
      await settle();
      const nals = step % 10 === 0 ? [SPS, PPS, IDR] : [SLICE];
      const packets = nals.map((payload, index) =>
        frame(
          0,
          rtpPacket({
            sequence: step * 4 + index,
            timestamp: step * 18_000,
            payload,
            marker: index === nals.length - 1,
          }),
        ),
      );
      const bytes = Buffer.concat(packets);
      camera.send(random() < 0.2 ? damaged(bytes, random) : bytes);
      if (random() < 0.02) camera.hangUp('ECONNRESET');
      clock.advance(random() < 0.05 ? 4_000 : 200);
    }
    const times = subscriber.samples.filter(({ track }) => track === 'video').map(({ dts90k }) => dts90k);
    const seenOfIt = {
      seed,
      run,
      times,
      hasValidStatus: StreamStatus.safeParse({ ...ingest.status(), viewers: 0 }).success,
      errors: lines.filter(({ level }) => level === 'error'),
    };
    expect(seenOfIt).toEqual({
      seed,
      run,
      times: [...new Set(times)].toSorted((left, right) => left - right),
      hasValidStatus: true,
      errors: [],
    });
    const stopped = ingest.stop();
    await settle();
    clock.advance(1_000);
    await stopped;
    const left = { seed, run, alarms: clock.pendingAlarms, isConnected: camera.isConnected };
    expect(left).toEqual({ seed, run, alarms: 0, isConnected: false });
  }
});
