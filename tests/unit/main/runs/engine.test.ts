import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Log } from '../../../../src/main/platform/ports.ts';
import { fail } from '../../../../src/main/failure.ts';
import { RunEngine, defineRun } from '../../../../src/main/runs/index.ts';
import type { Step } from '../../../../src/main/runs/index.ts';
import type { Run } from '../../../../src/shared/contract/index.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryJournal } from './memory-journal.ts';

/** What the steps work on: a set of things that are done, and a list of what happened. */
class World implements AsyncDisposable {
  readonly done = new Set<string>();
  readonly calls: string[] = [];
  opened = 0;

  [Symbol.asyncDispose](): Promise<void> {
    this.opened -= 1;
    return Promise.resolve();
  }
}

function step(id: string, change: Partial<Step<World>> = {}): Step<World> {
  return {
    id,
    title: id,
    timeoutMs: 10_000,
    probe: (world) => Promise.resolve(world.done.has(id)),
    act: (world) => {
      world.calls.push(`act ${id}`);
      world.done.add(id);
      return Promise.resolve();
    },
    verify: (world) =>
      world.done.has(id) ? Promise.resolve() : Promise.reject(fail('internal', `${id} is not done`)),
    undo: (world) => {
      world.calls.push(`undo ${id}`);
      world.done.delete(id);
      return Promise.resolve();
    },
    ...change,
  };
}

const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

function setUp(steps: readonly Step<World>[]) {
  const world = new World();
  const journal = new MemoryJournal();
  const clock = new ManualClock();
  const seen: Run[] = [];
  const engine: RunEngine = new RunEngine({
    journal,
    clock,
    log: silent,
    onChange: (runId) => seen.push(engine.get(runId)),
    definitions: [
      defineRun({
        kind: 'deploy',
        input: z.object({}),
        steps,
        open: ({ conceal }) => {
          conceal('hunter22');
          world.opened += 1;
          return world;
        },
      }),
    ],
  });
  const begin = () => engine.begin({ kind: 'deploy', nodeId: 'rec-1', input: {} });
  const finish = async (runId: string): Promise<Run> => {
    await engine.ended(runId);
    return engine.get(runId);
  };
  return { world, journal, clock, seen, engine, begin, finish };
}

const states = (run: Run): string[] => [run.state.kind, ...run.steps.map((each) => each.state.kind)];
const hang = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

describe('a run', () => {
  it('stores every transition before it acts on it', async () => {
    const { journal, begin, finish, world } = setUp([
      step('a', {
        act: () => {
          expect(journal.writes.at(-1)).toBe('a running');
          world.done.add('a');
          return Promise.resolve();
        },
      }),
      step('b'),
    ]);
    const run = await finish(begin());
    expect(states(run)).toEqual(['succeeded', 'done', 'done']);
    expect(journal.writes).toEqual([
      'create',
      'run running',
      'a running',
      'a done',
      'b running',
      'b done',
      'run succeeded',
    ]);
    expect(world.opened).toBe(0);
  });

  it('skips what is done already', async () => {
    const { world, begin, finish } = setUp([step('a'), step('b')]);
    world.done.add('a');
    expect(states(await finish(begin()))).toEqual(['succeeded', 'skipped', 'done']);
    expect(world.calls).toEqual(['act b']);
  });

  it('undoes what it did, last first, and leaves what it found', async () => {
    const failing = step('d', {
      act: () => Promise.reject(fail('no-space', 'The disk is full.', 'Free space.')),
    });
    const { world, begin, finish } = setUp([step('a'), step('b'), step('c'), failing, step('e')]);
    world.done.add('b');
    const run = await finish(begin());
    expect(states(run)).toEqual(['failed', 'undone', 'skipped', 'undone', 'failed', 'waiting']);
    expect(run.state).toEqual({
      kind: 'failed',
      finishedUtcMs: 1_700_000_000_000,
      failure: { code: 'no-space', message: 'The disk is full.', remedy: 'Free space.' },
    });
    expect(world.calls).toEqual(['act a', 'act c', 'undo d', 'undo c', 'undo a']);
    expect(world.done).toEqual(new Set(['b']));
    expect(run.log.map(({ step: position, level, text }) => ({ position, level, text }))).toEqual([
      { position: 3, level: 'error', text: 'The disk is full.' },
    ]);
  });

  it('does not undo a step that failed before it did anything', async () => {
    const { world, begin, finish } = setUp([
      step('a', { probe: () => Promise.reject(fail('unreachable', 'No.')) }),
    ]);
    expect(states(await finish(begin()))).toEqual(['failed', 'failed']);
    expect(world.calls).toEqual([]);
  });

  it('fails when what it did does not hold', async () => {
    const { world, begin, finish } = setUp([step('a', { act: () => Promise.resolve() })]);
    expect(states(await finish(begin()))).toEqual(['failed', 'failed']);
    expect(world.calls).toEqual(['undo a']);
  });

  it('says when something could not be undone, and goes on undoing', async () => {
    const stubborn = step('b', { undo: () => Promise.reject(fail('unreachable', 'The node is gone.')) });
    const failing = step('c', { act: () => Promise.reject(fail('internal', 'No.')) });
    const { world, begin, finish } = setUp([step('a'), stubborn, failing]);
    const run = await finish(begin());
    expect(states(run)).toEqual(['failed', 'undone', 'failed', 'failed']);
    expect(world.done).toEqual(new Set(['b']));
    expect(run.log.at(-1)?.text).toBe('This step could not be undone. The node is gone.');
  });

  it('calls a bug a bug, without its text', async () => {
    const { begin, finish } = setUp([
      step('a', { act: () => Promise.reject(new TypeError('x is undefined')) }),
    ]);
    const run = await finish(begin());
    expect(run.state).toMatchObject({ kind: 'failed', failure: { code: 'internal' } });
    expect(JSON.stringify(run)).not.toContain('x is undefined');
  });

  it('gives up a step at its deadline', async () => {
    const { clock, begin, finish, engine } = setUp([
      step('a', { act: (_world, { signal }) => hang(signal) }),
    ]);
    const runId = begin();
    await Promise.resolve();
    await Promise.resolve();
    clock.pass(10_000);
    expect((await finish(runId)).state).toMatchObject({
      kind: 'failed',
      failure: { code: 'timed-out', message: 'The step did not end within 10 s.' },
    });
    expect(engine.current()).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('shows progress, keeps the newest 500 lines, and no secret', async () => {
    const chatty = step('a', {
      act: (world, io) => {
        for (let line = 1; line <= 502; line += 1)
          io.log(`line ${line}: the password is hunter22\u001B[2J\n!`);
        io.progress(0.5);
        io.progress(7);
        world.done.add('a');
        return Promise.resolve();
      },
    });
    const { seen, begin, finish } = setUp([chatty]);
    const run = await finish(begin());
    expect(run.log).toHaveLength(500);
    expect(run.log[0]?.text).toBe('line 3: the password is ••• [2J !');
    const progress = seen.flatMap((each) =>
      each.steps.flatMap(({ state }) => (state.kind === 'running' ? [state.progress] : [])),
    );
    expect(new Set(progress)).toEqual(new Set([undefined, 0.5, 1]));
  });
});

describe('cancelling', () => {
  it('lets the present step go, undoes, and ends as cancelled', async () => {
    const hanging = step('b', { act: (_world, { signal }) => hang(signal) });
    const { world, engine, begin, finish } = setUp([step('a'), hanging]);
    const runId = begin();
    await expect.poll(() => engine.get(runId).steps[1]?.state.kind).toBe('running');
    engine.cancel(runId);
    expect(engine.get(runId).state.kind).toBe('cancelling');
    engine.cancel(runId);
    expect(states(await finish(runId))).toEqual(['cancelled', 'undone', 'failed']);
    expect(world.calls).toEqual(['act a', 'undo b', 'undo a']);
    engine.cancel(runId);
    expect(engine.get(runId).state.kind).toBe('cancelled');
  });

  it('knows no run that is not there', () => {
    const { engine } = setUp([]);
    expect(() => engine.cancel('4c9f2f5e-7a39-4a6e-9df3-0e6d1a3b1c55')).toThrow('not known');
  });
});

describe('one node', () => {
  it('has one run at a time', async () => {
    const { begin, finish } = setUp([step('a')]);
    const runId = begin();
    expect(begin).toThrow('A run is on this node already.');
    await finish(runId);
    await finish(begin());
  });
});

const left = (kinds: readonly ('done' | 'running' | 'skipped' | 'waiting')[]): Run => ({
  id: '4c9f2f5e-7a39-4a6e-9df3-0e6d1a3b1c55',
  kind: 'deploy',
  nodeId: 'rec-1',
  startedUtcMs: 1,
  state: { kind: 'running' },
  steps: kinds.map((kind, index) => ({
    id: 'abcd'.charAt(index),
    title: '',
    state:
      kind === 'waiting'
        ? { kind }
        : kind === 'skipped'
          ? { kind, finishedUtcMs: 2 }
          : kind === 'running'
            ? { kind, startedUtcMs: 2 }
            : { kind, startedUtcMs: 2, finishedUtcMs: 3 },
  })),
  log: [],
});

describe('a run that was interrupted', () => {
  const { id } = left([]);
  const steps = ['a', 'b', 'c', 'd'].map((name) => step(name));

  it('is found at start, blocks its node, and is resumed from what the probes find', async () => {
    const { world, journal, engine, begin, finish } = setUp(steps);
    journal.put(left(['done', 'running', 'waiting', 'waiting']), [0, 1]);
    engine.start();
    expect(engine.get(id).state).toEqual({ kind: 'interrupted' });
    expect(begin).toThrow('was interrupted');
    // `a` was lost with the node's disk, `b` was done by the desk that died.
    world.done.add('b');
    engine.resume(id);
    const run = await finish(id);
    expect(states(run)).toEqual(['succeeded', 'done', 'done', 'done', 'done']);
    expect(world.calls).toEqual(['act a', 'act c', 'act d']);
    expect(() => engine.resume(id)).toThrow('Only a run that was interrupted can be resumed.');
  });

  it('is undone when it is cancelled, or when it fails after all', async () => {
    for (const way of ['cancel', 'fail'] as const) {
      const failing = step('d', { act: () => Promise.reject(fail('internal', 'No.')) });
      const { world, journal, engine, finish } = setUp([...steps.slice(0, 3), failing]);
      journal.put(left(['skipped', 'done', 'running', 'waiting']), [1, 2]);
      engine.start();
      for (const name of ['a', 'b', 'c']) world.done.add(name);
      if (way === 'cancel') engine.cancel(id);
      else engine.resume(id);
      const run = await finish(id);
      expect(run.state.kind).toBe(way === 'cancel' ? 'cancelled' : 'failed');
      expect(world.done).toEqual(new Set(['a']));
    }
  });

  it('stays as it is when the desk stops', async () => {
    const hanging = step('b', { act: (_world, { signal }) => hang(signal) });
    const { world, journal, engine, begin } = setUp([step('a'), hanging]);
    const runId = begin();
    await expect.poll(() => engine.get(runId).steps[1]?.state.kind).toBe('running');
    await engine.stop();
    expect(states(engine.get(runId))).toEqual(['interrupted', 'done', 'running']);
    expect(world.calls).toEqual(['act a']);
    expect(journal.find(runId)?.touched).toEqual([0, 1]);
  });
});
