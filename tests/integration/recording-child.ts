/**
 * A recorder that runs until it is killed: `node recording-child.ts DIRECTORY`. It records the source in the directory
 * over and over, faster than real time, and after each step says in one line how many pictures it fed and how many of them
 * the recorder reported as written.
 */
import { writeSync } from 'node:fs';
import type { Sample } from '../../src/engine/media/sample.ts';
import { SampleSlab } from '../../src/engine/media/sample-slab.ts';
import { SlabPool } from '../../src/engine/media/slab-pool.ts';
import { createSystemClock } from '../../src/engine/platform/clock.ts';
import { createRecorder, GapKeeper } from '../../src/engine/recording/index.ts';
import { createGapLog } from '../../src/engine/storage/index.ts';
import {
  childCameraId,
  childPauseMs,
  childSource,
  samplesPerStep,
  type ChildReport,
} from './recording-child-protocol.ts';
import { later, readSource, sourceStart } from './recording-fixture.ts';
import { openStore, quietLog, testBootId } from './storage-fixture.ts';

const stepMs = 5;
const slab = new SampleSlab(new SlabPool({ maximumIdleBytes: 0 }), {
  limitBytes: 1024 * 1024,
  preferredBytes: 256 * 1024,
});

/** As a camera's samples lie: in memory that is used again, and that direct I/O takes them from. */
function inSlab(sample: Sample): Sample {
  slab.append(Buffer.from(sample.data), 0, sample.data.byteLength);
  return { ...sample, ...slab.take() };
}

const directory = process.argv[2];
if (directory === undefined) throw new Error('A directory is needed.');

const { description, samples } = await readSource(directory, childSource);
const { store, index } = await openStore(directory, { isThreaded: true });
const clock = createSystemClock();
const gaps = new GapKeeper({ gapLog: createGapLog({ index, bootId: testBootId }), clock, log: quietLog });
const recorder = createRecorder({
  cameraId: childCameraId,
  store,
  gaps: gaps.of(childCameraId),
  clock,
  log: quietLog,
  limits: { segmentDurationMs: 2000 },
});

// Samples are fed faster than they would come: what was recorded before may reach into the future.
const before = await index.lastFootage(childCameraId);
const startUtcMs = Math.max(Date.now(), (before?.endUtcMs ?? 0) + childPauseMs);
const startMs = startUtcMs - sourceStart.utcMs;
let fed = 0;

/** At most one part is being written while the next is put together, as in real time. */
function step(): void {
  if (recorder.status().queuedBytes > 0) return;
  for (let count = 0; count < samplesPerStep; count += 1, fed += 1) {
    const sample = samples[fed % samples.length];
    if (sample === undefined) return;
    const repetition = Math.floor(fed / samples.length);
    const moved = later(sample, repetition * childSource.seconds * 1000);
    recorder.onSample(inSlab({ ...moved, utcMs: moved.utcMs + startMs }));
  }
  const report: ChildReport = { fed, written: recorder.status().framesRecorded };
  writeSync(1, `${JSON.stringify(report)}\n`);
}

recorder.onDescription(description);
setInterval(step, stepMs);
