import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { systemClock } from '../../src/main/platform/clock/index.ts';
import { migrations, openDatabase } from '../../src/main/platform/database/index.ts';
import { fail } from '../../src/main/failure.ts';
import { RunEngine, createSqliteJournal, defineRun } from '../../src/main/runs/index.ts';
import type { RunJournal, Step } from '../../src/main/runs/index.ts';
import { MemoryLog } from './memory-log.ts';

/** Where the victim works: a database, and one file for each step that is done. */
export interface VictimPlace {
  readonly directory: string;
  /** The run fails at its last step, so that everything is undone. */
  readonly failsAtTheEnd: boolean;
}

export const victimSteps = ['a', 'b', 'c'] as const;

/** Opens the journal of a place and an engine whose steps make files there. `aroundWrite` wraps every journal write. */
export function openVictim(place: VictimPlace, aroundWrite: (write: () => void) => void) {
  const database = openDatabase({ path: join(place.directory, 'site.sqlite'), migrations });
  database.exec(
    `INSERT OR IGNORE INTO node (id, name, address, port, username, authentication, host_key_fingerprint, added_utc_ms)
     VALUES ('rec-1', 'rec-1', '127.0.0.1', 22, 'x', 'password', 'x', 0)`,
  );
  const inner = createSqliteJournal(database);
  const journal: RunJournal = {
    create: (stored) => aroundWrite(() => inner.create(stored)),
    setRunState: (...rest) => aroundWrite(() => inner.setRunState(...rest)),
    setStepState: (...rest) => aroundWrite(() => inner.setStepState(...rest)),
    appendLog: (...rest) => aroundWrite(() => inner.appendLog(...rest)),
    find: (runId) => inner.find(runId),
    current: () => inner.current(),
  };
  const engine = new RunEngine({
    journal,
    clock: systemClock,
    log: new MemoryLog(),
    definitions: [
      defineRun({
        kind: 'deploy',
        input: z.object({}),
        steps: [...victimSteps.map((id) => fileStep(id, place.directory)), lastStep(place)],
        open: () => new AsyncDisposableStack(),
      }),
    ],
    onChange: () => undefined,
  });
  return { engine, journal: inner, database };
}

function fileStep(id: string, directory: string): Step<unknown> {
  const path = join(directory, id);
  return {
    id,
    title: id,
    timeoutMs: 60_000,
    probe: () => Promise.resolve(existsSync(path)),
    act: (_context, io) => {
      io.log(`${id} is made.`);
      writeFileSync(path, '');
      return Promise.resolve();
    },
    verify: () => Promise.resolve(),
    undo: () => {
      rmSync(path, { force: true });
      return Promise.resolve();
    },
  };
}

function lastStep({ failsAtTheEnd }: VictimPlace): Step<unknown> {
  return {
    id: 'last',
    title: 'last',
    timeoutMs: 60_000,
    probe: () => Promise.resolve(false),
    act: () => (failsAtTheEnd ? Promise.reject(fail('internal', 'As asked.')) : Promise.resolve()),
    verify: () => Promise.resolve(),
  };
}

// As a program: runs until the asked write, then dies like a power cut, before or after it.
if (import.meta.main) {
  const [, , directory = '', outcome, when, killAt] = process.argv;
  let writes = 0;
  const { engine, database } = openVictim({ directory, failsAtTheEnd: outcome === 'fails' }, (write) => {
    writes += 1;
    const isTheOne = writes === Number(killAt);
    if (isTheOne && when === 'before') process.kill(process.pid, 'SIGKILL');
    write();
    if (isTheOne) process.kill(process.pid, 'SIGKILL');
  });
  await engine.ended(engine.begin({ kind: 'deploy', nodeId: 'rec-1', input: {} }));
  database.close();
  process.stdout.write(`${writes}`);
}
