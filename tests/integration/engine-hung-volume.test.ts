import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { expect, it } from 'vitest';
import { engineLayout } from '../../src/engine/platform/layout.ts';
import { defaultGuardLimits } from '../../src/engine/storage/index.ts';
import { markerFileName, newIdentity } from '../../src/engine/storage/volume-identity.ts';
import { enginePaths, maximumVolumes, VolumeOverview } from '../../src/shared/engine-api/index.ts';
import { EngineProcess, temporaryFolder } from './engine-process.ts';

/** `STOP_DEADLINE_MS` of the command, and a little for this machine. */
const stopLimitMs = 5_500;

/** A pipe that nobody writes to: whoever opens it to read waits in the system, as for a disk that does not answer. */
function makeHangingMarker(recordings: string): string {
  mkdirSync(recordings, { recursive: true, mode: 0o700 });
  const path = join(recordings, markerFileName);
  execFileSync('mkfifo', [path]);
  return path;
}

it('starts and serves although its volume does not answer, and ends in time although it still does not', async () => {
  await using folder = await temporaryFolder();
  makeHangingMarker(engineLayout(folder.path).recordings);
  await using engine = await EngineProcess.start(folder.path);
  const { token } = engine.enrol('view');

  const health = await engine.ask(enginePaths.health);
  const volumes = await engine.ask(enginePaths.volumes, { token });
  const threads = readdirSync(`/proc/${engine.processId}/task`).length;
  const beganMs = performance.now();
  const end = await engine.end('SIGTERM');

  // All volumes can hang, and there are threads left.
  expect(threads).toBeGreaterThan(maximumVolumes * defaultGuardLimits.maximumOperations);
  expect([health.status, health.json()]).toEqual([503, { status: 'failing', obstacle: 'volumes' }]);
  expect(VolumeOverview.parse(volumes.json())).toEqual({
    volumes: [
      {
        name: 'recordings',
        path: engineLayout(folder.path).recordings,
        totalBytes: 0,
        freeBytes: 0,
        reserveBytes: expect.any(Number),
        storedBytes: 0,
        state: {
          kind: 'hung',
          sinceUtcMs: expect.any(Number),
          detail: expect.stringContaining('has not answered for 5 s'),
          remedy: 'Check the disk and its connection.',
        },
      },
    ],
    cameras: [],
  });
  expect(performance.now() - beganMs).toBeLessThan(stopLimitMs);
  // An orderly exit would wait for the thread that waits for the disk.
  expect(end).toEqual({ code: null, signal: 'SIGKILL' });
  expect(engine.log).toContain('A disk does not answer: the process ends without waiting for it.');
});

it('uses a volume that begins to answer, and then ends in an orderly way', async () => {
  await using folder = await temporaryFolder();
  const path = makeHangingMarker(engineLayout(folder.path).recordings);
  await using engine = await EngineProcess.start(folder.path);
  const { token, nodeId } = engine.enrol('view');
  const marker = JSON.stringify(newIdentity(nodeId, 0));

  // Opening it lets the engine's thread go on; from then on there is a file of that name.
  await using pipe = await open(path, 'w');
  await rm(path);
  await writeFile(path, marker);
  await pipe.writeFile(marker);
  await pipe.close();
  const kind = async (): Promise<string | undefined> => {
    const answer = await engine.ask(enginePaths.volumes, { token });
    return VolumeOverview.parse(answer.json()).volumes[0]?.state.kind;
  };

  await expect.poll(kind, { timeout: 10_000 }).toBe('ok');
  expect((await engine.ask(enginePaths.health)).status).toBe(200);
  expect(await engine.end('SIGTERM')).toEqual({ code: 0, signal: null });
});
