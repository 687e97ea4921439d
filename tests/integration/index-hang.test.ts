import Database from 'better-sqlite3';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { enginePaths } from '../../src/shared/engine-api/index.ts';
import { EngineProcess, temporaryFolder } from './engine-process.ts';

/** After this a supervisor would lose patience. */
const stopDeadlineMs = 5_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let engine: EngineProcess;

beforeEach(async () => {
  folder = await temporaryFolder();
  engine = await EngineProcess.start(join(folder.path, 'engine'));
});
afterEach(async () => {
  await engine[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

it('an engine answers while the disk of its index does not, and stops in time', async () => {
  const { token } = engine.enrol('admin');
  const index = new Database(join(engine.directory, 'var', 'index.sqlite'));
  // Whoever holds the write lock makes every write wait, as a disk would that hangs.
  index.exec('BEGIN IMMEDIATE');
  const order = {
    cameraId: 'gate',
    startUtcMs: 1000,
    endUtcMs: 2000,
    reason: 'Accident at the gate',
    lockedBy: 'E. Muster',
  };
  const hanging = engine.ask(enginePaths.locks, { method: 'POST', token, body: JSON.stringify(order) });
  const neverAnswered = Promise.allSettled([hanging]);

  await expect
    .poll(async () => (await engine.ask(enginePaths.metrics, { token })).body.toString('utf8'))
    .toMatch(/belvedere_index_waiting_requests [1-9]/);
  const askedMs = performance.now();
  expect((await engine.ask(enginePaths.status, { token })).status).toBe(200);
  expect(performance.now() - askedMs).toBeLessThan(1000);

  const stoppedMs = performance.now();
  await engine.end('SIGTERM');
  expect(performance.now() - stoppedMs).toBeLessThan(stopDeadlineMs);
  expect(engine.log).not.toMatch(/nobody foresaw/);
  index.close();
  await neverAnswered;
});
