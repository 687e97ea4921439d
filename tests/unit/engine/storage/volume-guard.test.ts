import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { VolumeGuard, VolumeHangError } from '../../../../src/engine/storage/volume-guard.ts';
import { ManualClock } from '../ingest/manual-clock.ts';

/** An operation of the system that is answered when the test says so. */
class Answer<Value = string> {
  readonly #deferred = Promise.withResolvers<Value>();
  isAsked = false;

  readonly task = (): Promise<Value> => {
    this.isAsked = true;
    return this.#deferred.promise;
  };

  async give(value: Value): Promise<void> {
    this.#deferred.resolve(value);
    await setImmediate();
  }

  async fail(code: string): Promise<void> {
    this.#deferred.reject(Object.assign(new Error(code), { code }));
    await setImmediate();
  }
}

const patient = { isPatient: true };
const limits = { maximumOperations: 2, maximumWaiting: 3, hangAfterMs: 5000 };

function ask(count: number): Answer[] {
  return Array.from({ length: count }, () => new Answer());
}

/** What a caller is told, `hung` for a hang. */
function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => (error instanceof VolumeHangError ? 'hung' : error));
}

describe('VolumeGuard', () => {
  let clock: ManualClock;
  let events: string[];
  let mayWait: boolean;
  let guard: VolumeGuard;

  beforeEach(() => {
    clock = new ManualClock();
    events = [];
    mayWait = false;
    guard = new VolumeGuard({
      clock,
      limits,
      events: {
        shouldWait: () => mayWait,
        onHang: () => void events.push('hang'),
        onAnswer: () => void events.push('answer'),
      },
    });
  });

  it('begins so many at once and the others in their turn', async () => {
    const answers = ask(4);
    const results = Promise.allSettled(answers.map(({ task }) => guard.run(task)));
    expect(answers.map(({ isAsked }) => isAsked)).toEqual([true, true, false, false]);

    await answers[1]?.give('second');
    expect(answers.map(({ isAsked }) => isAsked)).toEqual([true, true, true, false]);
    await answers[0]?.fail('EIO');
    await answers[2]?.give('third');
    await answers[3]?.give('fourth');

    expect(await results).toEqual([
      { status: 'rejected', reason: expect.objectContaining({ code: 'EIO' }) },
      { status: 'fulfilled', value: 'second' },
      { status: 'fulfilled', value: 'third' },
      { status: 'fulfilled', value: 'fourth' },
    ]);
    expect(events).toEqual([]);
  });

  it('sets one timer for all, however many operations there are', async () => {
    const answers = ask(4);
    for (const { task } of answers) void guard.run(task);
    expect(clock.pendingAlarms).toBe(1);
    for (const answer of answers) await answer.give('');
    clock.advance(limits.hangAfterMs);

    expect(clock.pendingAlarms).toBe(0);
    expect(events).toEqual([]);
  });

  it('is hung once an operation is overdue, and not before', async () => {
    const [quick = new Answer(), slow = new Answer()] = ask(2);
    void guard.run(quick.task);
    clock.advance(3000);
    await quick.give('');
    void outcome(guard.run(slow.task));
    clock.advance(4999);
    expect([guard.isHung, guard.stuckOperations]).toEqual([false, 0]);
    clock.advance(1);

    expect([guard.isHung, guard.stuckOperations]).toEqual([true, 1]);
    expect(events).toEqual(['hang']);
  });

  it('does not take a process that stood still for a volume that hangs', async () => {
    const answer = new Answer();
    const result = guard.run(answer.task);
    clock.standStill(60_000);
    expect(events).toEqual([]);
    await answer.give('was there all the time');
    clock.advance(1000);

    expect(await result).toBe('was there all the time');
    expect(events).toEqual([]);
  });

  it('refuses everything while it hangs, and tells all who wait when it is told to', async () => {
    const answers = ask(3);
    const results = answers.map(({ task }) => outcome(guard.run(task, patient)));
    clock.advance(limits.hangAfterMs);
    const late = new Answer();
    expect(await outcome(guard.run(late.task, patient))).toBe('hung');
    guard.giveUpAll();

    expect(await Promise.all(results)).toEqual(['hung', 'hung', 'hung']);
    expect([answers[2]?.isAsked, late.isAsked]).toEqual([false, false]);
    expect(guard.stuckOperations).toBe(2);
  });

  it('lets callers wait when there is nowhere else to go, and goes on where it was', async () => {
    mayWait = true;
    const [first = new Answer(), second = new Answer(), third = new Answer()] = ask(3);
    const results = [guard.run(first.task, patient), guard.run(second.task, patient)];
    clock.advance(limits.hangAfterMs);
    results.push(guard.run(third.task, patient));
    expect(third.isAsked).toBe(false);

    await first.give('1');
    expect(events).toEqual(['hang']);
    await second.give('2');
    expect(events).toEqual(['hang', 'answer']);
    await third.give('3');

    expect(await Promise.all(results)).toEqual(['1', '2', '3']);
  });

  it('gives up at once what is not worth waiting for', async () => {
    mayWait = true;
    const [question = new Answer(), write = new Answer()] = ask(2);
    const asked = outcome(guard.run(question.task));
    const written = guard.run(write.task, patient);
    clock.advance(limits.hangAfterMs);

    expect(await asked).toBe('hung');
    expect(await outcome(guard.run(new Answer().task))).toBe('hung');
    await write.give('written');
    expect(await written).toBe('written');
    expect([guard.isHung, guard.stuckOperations]).toEqual([true, 1]);
  });

  it('undoes what comes true after its caller was told otherwise', async () => {
    const answer = new Answer();
    const late: string[] = [];
    const result = outcome(guard.run(answer.task, { onLateValue: (value) => void late.push(value) }));
    clock.advance(limits.hangAfterMs);
    guard.giveUpAll();
    expect(await result).toBe('hung');
    expect(late).toEqual([]);

    await answer.give('a file');

    expect(late).toEqual(['a file']);
    expect([guard.isHung, guard.stuckOperations]).toEqual([false, 0]);
  });

  it('holds memory until the system is done with it, and counts it', async () => {
    const answers = ask(3);
    const settled: number[] = [];
    const results = answers.map(({ task }, index) =>
      outcome(guard.run(task, { byteLength: 100, isWrite: true, onSettled: () => void settled.push(index) })),
    );
    expect(guard.queuedBytes).toBe(300);
    clock.advance(limits.hangAfterMs);
    guard.giveUpAll();
    await Promise.all(results);
    expect([settled, guard.queuedBytes]).toEqual([[2], 200]);

    await answers[0]?.give('');
    await answers[1]?.fail('EIO');

    expect([settled, guard.queuedBytes]).toEqual([[2, 0, 1], 0]);
    expect(guard.writeLatency.counts()).toMatchObject({ count: 2, sumMs: 2 * limits.hangAfterMs });
  });

  it('refuses what would wait too long a queue', async () => {
    const answers = ask(limits.maximumOperations + limits.maximumWaiting);
    for (const { task } of answers) void outcome(guard.run(task));
    const settled: string[] = [];
    const refused = guard.run(new Answer().task, { onSettled: () => void settled.push('released') });

    await expect(refused).rejects.toBeInstanceOf(VolumeHangError);
    expect(settled).toEqual(['released']);
  });

  it('asks a hung volume one thing at a time, and only where a place is left', async () => {
    const [stuck = new Answer(), probe = new Answer(), other = new Answer()] = ask(3);
    expect(await guard.probe(other.task)).toBe(false);
    void outcome(guard.run(stuck.task));
    clock.advance(limits.hangAfterMs);
    const probing = guard.probe(probe.task);
    expect(await guard.probe(other.task)).toBe(false);
    await probe.give('');

    expect(await probing).toBe(true);
    expect([guard.isHung, guard.stuckOperations, other.isAsked]).toEqual([false, 1, false]);
    expect(events).toEqual(['hang', 'answer']);
  });

  it('never has more operations stuck than places, whatever is asked', async () => {
    const answers = ask(50);
    for (const [index, { task }] of answers.entries()) {
      void outcome(index % 2 === 0 ? guard.run(task) : guard.probe(task));
      clock.advance(limits.hangAfterMs);
      guard.giveUpAll();
    }
    expect(answers.filter(({ isAsked }) => isAsked)).toHaveLength(limits.maximumOperations);
    expect(guard.stuckOperations).toBe(limits.maximumOperations);
    expect(clock.pendingAlarms).toBe(0);
  });

  it('does later what was put off until it answers', async () => {
    const stuck = new Answer();
    const putOff = new Answer<void>();
    void outcome(guard.run(stuck.task));
    clock.advance(limits.hangAfterMs);
    guard.whenAnswering(putOff.task);
    expect(putOff.isAsked).toBe(false);
    await stuck.give('');

    expect(putOff.isAsked).toBe(true);
  });

  it('ends for good: nobody waits and nothing is begun', async () => {
    const answers = ask(3);
    const results = answers.map(({ task }) => outcome(guard.run(task)));
    guard.shutDown();

    expect(await Promise.all(results)).toEqual(['hung', 'hung', 'hung']);
    expect(await outcome(guard.run(new Answer().task))).toBe('hung');
    await answers[0]?.give('');
    expect(answers[2]?.isAsked).toBe(false);
    expect(clock.pendingAlarms).toBe(0);
  });
});
