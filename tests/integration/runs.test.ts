import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ChangedKeys } from '../../src/main/features/delta-stream.ts';
import { createRunsFeature } from '../../src/main/features/runs/index.ts';
import { systemClock } from '../../src/main/platform/clock/index.ts';
import { RunLogWriter } from '../../src/main/runs/run-log.ts';
import type { Run, RunId } from '../../src/shared/contract/index.ts';
import { openVictim, victimSteps } from './runs-victim.ts';
import { runsWhole } from '../support/sampling.ts';

const victim = fileURLToPath(new URL('runs-victim.ts', import.meta.url));
/** Every write takes long; a sample each time, all of them when asked. */
const samples = runsWhole ? Number.POSITIVE_INFINITY : 5;

interface Death {
  readonly outcome: 'succeeds' | 'fails';
  readonly when: 'before' | 'after';
  readonly killAt: number;
}

/** Runs the victim in a process of its own; gives what it printed, nothing if it was killed. */
async function runVictim(directory: string, { outcome, when, killAt }: Death): Promise<string> {
  const child = spawn(process.execPath, [victim, directory, outcome, when, String(killAt)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return text(child.stdout);
}

async function temporary(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'belvedere-runs-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

function filesOf(directory: string): string[] {
  return victimSteps.filter((name) => existsSync(join(directory, name)));
}

it.for(['succeeds', 'fails'] as const)(
  'a run that %s is taken up again wherever the desk was killed',
  async (outcome) => {
    await using whole = await temporary();
    const writes = Number(await runVictim(whole.path, { outcome, when: 'after', killAt: 0 }));
    expect(writes).toBeGreaterThan(8);
    const seed = Date.now();
    const deaths = (['before', 'after'] as const).flatMap((when) =>
      Array.from({ length: writes }, (_, index): Death => ({ outcome, when, killAt: index + 1 })),
    );
    const chosen = sample(deaths, seed);
    for (const death of chosen) {
      const context = `seed ${seed}, killed ${death.when} write ${death.killAt} of ${writes}`;
      await using place = await temporary();
      const printed = await runVictim(place.path, death);
      const { engine, database } = openVictim(
        { directory: place.path, failsAtTheEnd: outcome === 'fails' },
        (write) => write(),
      );
      engine.start();
      const [left] = engine.current();
      if (left?.state.kind === 'interrupted') {
        engine.resume(left.id);
        await engine.ended(left.id);
      }
      const ended = left === undefined ? 'not begun' : engine.get(left.id).state.kind;
      // Killed before it was created: nothing is known and nothing was done.
      const wanted = left === undefined ? 'not begun' : outcome === 'fails' ? 'failed' : 'succeeded';
      expect({ context, printed, ended, files: filesOf(place.path) }).toEqual({
        context,
        printed: '',
        ended: wanted,
        files: wanted === 'succeeded' ? [...victimSteps] : [],
      });
      database.close();
    }
  },
);

it('a run that was interrupted is undone when it is cancelled', async () => {
  await using place = await temporary();
  // After `b running` was stored and before it was done, a file of `a` is there.
  await runVictim(place.path, { outcome: 'succeeds', when: 'after', killAt: 6 });
  expect(filesOf(place.path)).toEqual(['a']);
  const { engine, database } = openVictim({ directory: place.path, failsAtTheEnd: false }, (write) =>
    write(),
  );
  engine.start();
  const [left] = engine.current();
  engine.cancel(left?.id ?? '');
  await engine.ended(left?.id ?? '');
  expect({ state: engine.get(left?.id ?? '').state.kind, files: filesOf(place.path) }).toEqual({
    state: 'cancelled',
    files: [],
  });
  database.close();
});

it('the journal keeps 500 lines of a run, 20 runs of a node, and reads back what it stored', async () => {
  await using place = await temporary();
  const { engine, journal, database } = openVictim({ directory: place.path, failsAtTheEnd: false }, (write) =>
    write(),
  );
  const runIds: RunId[] = [];
  for (let index = 0; index < 23; index += 1) {
    const runId = engine.begin({ kind: 'deploy', nodeId: 'rec-1', input: { index } });
    runIds.push(runId);
    await engine.ended(runId);
  }
  expect(runIds.map((runId) => journal.find(runId) !== undefined)).toEqual([
    ...Array.from({ length: 3 }, () => false),
    ...Array.from({ length: 20 }, () => true),
  ]);
  const newest = runIds.at(-1) ?? '';
  expect(engine.current().map(({ id }) => id)).toEqual([newest]);
  const writer = new RunLogWriter();
  for (let index = 0; index < 600; index += 1) {
    journal.appendLog(newest, writer.line({ atUtcMs: index, step: 0, level: 'info' }, `line ${index}`));
  }
  const stored = journal.find(newest);
  expect(stored?.input).toEqual({ index: 22 });
  expect(stored?.run.log.map(({ text: line }) => line)).toEqual(
    Array.from({ length: 500 }, (_, index) => `line ${index + 100}`),
  );
  database.close();
});

it('a page sees the present state first and then every run that changes', async () => {
  await using place = await temporary();
  const changed = new ChangedKeys<RunId>();
  const { engine, database } = openVictim({ directory: place.path, failsAtTheEnd: false }, (write) => {
    write();
    changed.mark(engine.current().map(({ id }) => id));
  });
  const { handlers } = createRunsFeature({ engine, changed, clock: systemClock });
  const leave = new AbortController();
  const seen: Run[][] = [];
  for await (const { runs } of handlers.watch(undefined, leave.signal)) {
    seen.push([...runs]);
    if (seen.length === 1) engine.begin({ kind: 'deploy', nodeId: 'rec-1', input: {} });
    if (runs.some(({ state }) => state.kind === 'succeeded')) leave.abort();
  }
  expect(seen[0]).toEqual([]);
  expect(seen.at(-1)?.map(({ state }) => state.kind)).toEqual(['succeeded']);
  database.close();
});

/** Some of many, the same ones for the same seed (mulberry32). */
function sample<T>(all: readonly T[], seed: number): readonly T[] {
  if (samples >= all.length) return all;
  let state = seed;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const rest = [...all];
  return Array.from({ length: samples }, () => rest.splice(Math.floor(random() * rest.length), 1)).flat();
}
