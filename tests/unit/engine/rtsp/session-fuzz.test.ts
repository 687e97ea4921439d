/** A camera may answer anything: a session fails with the named failure or plays, and leaves nothing behind. */
import { expect, it } from 'vitest';
import { mulberry32 } from '../recording/synthetic-stream.ts';
import { damaged, pick } from '../../../fuzz/mutate.ts';
import { RtspFailure } from '../../../../src/engine/rtsp/failure.ts';
import { RtpReceiver } from '../../../../src/engine/rtsp/rtp.ts';
import type { RtspSession } from '../../../../src/engine/rtsp/session.ts';
import { seededRandom } from '../../../integration/seeded-random.ts';
import { runsWhole } from '../../../support/sampling.ts';
import { orderlyServer, sessionWith, settle } from './scripted-server.ts';
import type { ScriptedAnswer, ServerScript } from './scripted-server.ts';

const RUNS = runsWhole ? 5_000 : 200;
const STEPS = 40;

/** Answers that change the course of a session. */
const TURNS: readonly ScriptedAnswer[] = [
  { status: 401, headers: ['WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'] },
  { status: 302, headers: ['Location: rtsp://other:8554/live'] },
  { status: 301, headers: ['Location: rtsps://camera/live'] },
  { status: 461 },
  { headers: ['Transport: RTP/AVP;unicast;server_port=6970-6971', 'Session: x;timeout=2'] },
  { headers: ['Transport: RTP/AVP/TCP;interleaved=9', 'Session: y'] },
  { status: 454 },
];

function erratic(random: () => number): ServerScript {
  const orderly = orderlyServer();
  return (request) => {
    const dice = random();
    if (dice < 0.03) return undefined;
    const answer = dice < 0.25 ? pick(TURNS, random) : orderly(request);
    if (answer === undefined || dice < 0.85) return answer;
    const headers = (answer.headers ?? []).map((field) =>
      damaged(Buffer.from(field), random)
        .toString('latin1')
        .replaceAll(/[\r\n]/g, ' '),
    );
    const body = damaged(Buffer.from(answer.body ?? ''), random).toString('latin1');
    return { ...answer, headers, body };
  };
}

async function playEverything(session: RtspSession): Promise<'played' | 'failed'> {
  try {
    await session.open();
    const { media } = await session.describe();
    for (const track of media.slice(0, 3)) {
      if (track.direction === 'sendonly') continue;
      await session.setUp(
        track,
        new RtpReceiver({ payloadType: track.payloadType, onPacket: () => undefined }),
      );
    }
    await session.play();
    return 'played';
  } catch (error) {
    if (!(error instanceof RtspFailure)) throw error;
    return 'failed';
  }
}

it('whatever a camera answers, a session ends in order', async () => {
  const { seed } = seededRandom();
  const outcomes = { played: 0, failed: 0 };
  for (let run = 0; run < RUNS; run += 1) {
    const bench = sessionWith(erratic(mulberry32(seed + run)));
    const playing = playEverything(bench.session);
    for (let step = 0; step < STEPS; step += 1) {
      await settle();
      bench.clock.advance(500);
    }
    for (const events of bench.udp.events) {
      events.onRtp(Buffer.alloc(30, 0x80));
      events.onRtcp(Buffer.alloc(30, 0x80));
    }
    const closing = bench.session.close();
    await settle();
    bench.clock.advance(1_000);
    await closing;
    outcomes[await playing] += 1;
    const { server, udp, clock } = bench;
    expect({
      seed,
      run,
      open: server.openConnections,
      ports: udp.openPairs,
      timers: clock.pendingAlarms,
      dialled: server.dialled.length <= 4,
    }).toEqual({ seed, run, open: 0, ports: 0, timers: 0, dialled: true });
  }
  // Both happen, so both are looked at.
  expect({ seed, playsSome: outcomes.played > 0, failsSome: outcomes.failed > 0 }).toEqual({
    seed,
    playsSome: true,
    failsSome: true,
  });
});
