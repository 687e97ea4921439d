import type { RunId, runsContract } from '../../../shared/contract/index.ts';
import type { Clock } from '../../platform/ports.ts';
import type { RunEngine } from '../../runs/index.ts';
import { watchChangedKeys } from '../delta-stream.ts';
import type { ChangedKeys } from '../delta-stream.ts';
import type { Feature } from '../feature.ts';

export interface RunsDependencies {
  readonly engine: RunEngine;
  /** Marked by the engine's `onChange`. */
  readonly changed: ChangedKeys<RunId>;
  readonly clock: Clock;
}

/** Ten states a second are as much as a person can follow. */
const announcePeriodMs = 100;

/** Lets pages follow, cancel and resume runs. */
export function createRunsFeature(dependencies: RunsDependencies): Feature<typeof runsContract> {
  const { engine, changed, clock } = dependencies;
  return {
    handlers: {
      watch: async function* (_input, signal) {
        // Subscribed before the snapshot is taken, so that nothing falls between the two.
        const turns = watchChangedKeys(changed, signal);
        yield { runs: [...engine.current()] };
        for await (const runIds of turns) {
          yield { runs: [...runIds].map((runId) => engine.get(runId)) };
          await pause(clock, announcePeriodMs, signal);
        }
      },
      cancel: ({ runId }) => {
        engine.cancel(runId);
      },
      resume: ({ runId }) => {
        engine.resume(runId);
      },
    },
    start: () => {
      engine.start();
    },
    stop: () => engine.stop(),
  };
}

/** Also ends with the signal. */
async function pause(clock: Clock, durationMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.after(durationMs, resolve);
  const onAbort = (): void => resolve();
  signal.addEventListener('abort', onAbort);
  await promise;
  signal.removeEventListener('abort', onAbort);
  timer[Symbol.dispose]();
}
