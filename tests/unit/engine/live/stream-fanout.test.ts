import { describe, expect, it } from 'vitest';
import { GopBudget, GopCache, StreamFanout } from '../../../../src/engine/live/index.ts';
import type {
  Interruption,
  Sample,
  StreamDescription,
  StreamSubscriber,
} from '../../../../src/engine/media/sample.ts';
import type { Log } from '../../../../src/shared/domain/log.ts';
import { syntheticStream } from '../recording/synthetic-stream.ts';
import { inCountedMemory } from './counted-memory.ts';

class RecordingLog implements Log {
  readonly sentences: string[] = [];
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(_facts: object, message: string): void {
    this.sentences.push(message);
  }
  child(): Log {
    return this;
  }
}

/** Writes down what it gets: `described 1`, `sync 0`, `inter 250`, `sound 21`, `stopped`. */
class Notes implements StreamSubscriber {
  readonly lines: string[] = [];

  onDescription({ generation }: StreamDescription): void {
    this.lines.push(`described ${generation}`);
  }

  onSample({ track, isSync, dts90k }: Sample): void {
    const kind = track === 'audio' ? 'sound' : isSync ? 'sync' : 'inter';
    this.lines.push(`${kind} ${Math.round(dts90k / 90)}`);
  }

  onInterruption({ kind }: Interruption): void {
    this.lines.push(kind);
  }
}

function createFixture(): { fanout: StreamFanout; cache: GopCache; log: RecordingLog } {
  const log = new RecordingLog();
  const cache = new GopCache({ maximumBytes: 1_000_000, budget: new GopBudget(1_000_000) });
  return { fanout: new StreamFanout({ cache, log }), cache, log };
}

const { description, samples } = syntheticStream({
  seed: 1,
  seconds: 3,
  framesPerSecond: 4,
  gopFrames: 4,
  maximumPictureBytes: 500,
});

describe('a fan-out', () => {
  it('gives a newcomer the description and the group in hand before join returns, then what comes', () => {
    const { fanout } = createFixture();
    fanout.onDescription(description);
    for (const sample of samples.slice(0, 6)) fanout.onSample(sample);
    const notes = new Notes();
    using membership = fanout.join(notes);
    expect(notes.lines).toEqual(['described 1', 'sync 1000', 'inter 1250']);
    for (const sample of samples.slice(6, 8)) fanout.onSample(sample);
    expect(notes.lines.slice(3)).toEqual(['inter 1500', 'inter 1750']);
    membership[Symbol.dispose]();
    for (const sample of samples.slice(8)) fanout.onSample(sample);
    expect([notes.lines.length, fanout.memberCount]).toEqual([5, 0]);
  });

  it('begins with a sync picture where no group is in hand', () => {
    const { fanout, cache } = createFixture();
    const notes = new Notes();
    fanout.onDescription(description);
    for (const sample of samples.slice(0, 2)) fanout.onSample(sample);
    cache.clear();
    fanout.join(notes);
    for (const sample of samples.slice(2, 6)) fanout.onSample(sample);
    expect(notes.lines).toEqual(['described 1', 'sync 1000', 'inter 1250']);
  });

  it('keeps nothing over an interruption, and goes on with a sync picture', () => {
    const { fanout, cache } = createFixture();
    const counted = inCountedMemory(samples);
    const notes = new Notes();
    fanout.join(notes);
    fanout.onDescription(description);
    for (const sample of counted.samples.slice(0, 2)) fanout.onSample(sample);
    fanout.onInterruption({ kind: 'silent', detail: 'nothing for 5 s' });
    expect([counted.heldCount(), cache.byteLength]).toEqual([0, 0]);
    const late = new Notes();
    fanout.join(late);
    expect(late.lines).toEqual([]);
    fanout.onDescription(description);
    for (const sample of counted.samples.slice(2, 6)) fanout.onSample(sample);
    const after = ['described 1', 'sync 1000', 'inter 1250'];
    expect(notes.lines).toEqual(['described 1', 'sync 0', 'inter 250', 'silent', ...after]);
    expect(late.lines).toEqual(after);
  });

  it('tells everybody of its end, also those who come too late', () => {
    const { fanout } = createFixture();
    const [early, late] = [new Notes(), new Notes()];
    fanout.join(early);
    fanout.end('The camera was removed.');
    fanout.join(late);
    fanout.onDescription(description);
    for (const sample of samples.slice(0, 2)) fanout.onSample(sample);
    expect([early.lines, late.lines, fanout.memberCount]).toEqual([['stopped'], ['stopped'], 0]);
  });

  it('lets a subscriber go that throws, tells it so, and goes on with the others', () => {
    const { fanout, log } = createFixture();
    const told: Interruption[] = [];
    const broken: StreamSubscriber = {
      onDescription: () => undefined,
      onSample: () => {
        throw new Error('a mistake of ours');
      },
      onInterruption: (interruption) => void told.push(interruption),
    };
    const notes = new Notes();
    fanout.join(broken);
    fanout.join(notes);
    fanout.onDescription(description);
    for (const sample of samples.slice(0, 2)) fanout.onSample(sample);
    expect(notes.lines).toEqual(['described 1', 'sync 0', 'inter 250']);
    expect({ told, members: fanout.memberCount, log: log.sentences }).toEqual({
      told: [{ kind: 'stopped', detail: 'The output failed; see the log.' }],
      members: 1,
      log: ['A subscriber of the stream failed and was detached.'],
    });
  });

  it('calls nobody who left during the call before', () => {
    const { fanout } = createFixture();
    const notes = new Notes();
    let membership: Disposable | undefined;
    fanout.join({
      onDescription: () => undefined,
      onSample: () => membership?.[Symbol.dispose](),
      onInterruption: () => undefined,
    });
    membership = fanout.join(notes);
    fanout.onDescription(description);
    for (const sample of samples.slice(0, 2)) fanout.onSample(sample);
    expect(notes.lines).toEqual(['described 1']);
  });
});
