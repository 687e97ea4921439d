import { expect, it } from 'vitest';
import { GapWriter, type KeptGap } from '../../../../src/engine/recording/gap-writer.ts';
import type { GapLog } from '../../../../src/engine/storage/index.ts';
import type { Log } from '../../../../src/shared/domain/log.ts';
import { ManualClock } from '../ingest/manual-clock.ts';

const quiet: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => quiet,
};

function gapAt(startUtcMs: number): KeptGap {
  return {
    id: undefined,
    startUtcMs,
    endUtcMs: startUtcMs + 1,
    reason: 'camera',
    evidence: { kind: 'stall' },
  };
}

// Turns of the queue of promises between the index's answer and the next gap: the writer needs a few to come to rest.
it.each(Array.from({ length: 12 }, (_, turns) => turns))(
  'writes down a gap that comes %i turns after the one before it was',
  async (turns) => {
    const written: number[] = [];
    const answer = Promise.withResolvers<number>();
    const gapLog: GapLog = {
      bootId: 'this boot',
      past: async () => ({ openGap: undefined, resumedUtcMs: undefined, lastFootage: undefined }),
      insert: ({ startUtcMs }) => {
        written.push(startUtcMs);
        return written.length === 1 ? answer.promise : Promise.resolve(written.length);
      },
      update: async () => undefined,
      remove: async () => undefined,
    };
    const writer = new GapWriter({
      cameraId: 'gate',
      gapLog,
      clock: new ManualClock(),
      log: quiet,
    });
    writer.save(gapAt(1));
    answer.resolve(1);
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    writer.save(gapAt(2));
    await writer.written();
    expect(written).toEqual([1, 2]);
  },
);
