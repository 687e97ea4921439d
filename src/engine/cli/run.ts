import { startEngine, type Engine, type EngineOptions } from '../engine.ts';
import { createSystemClock } from '../platform/clock.ts';
import { EngineExit } from '../platform/exit.ts';
import { openLog } from '../platform/log.ts';
import { releaseVersion } from '../platform/release.ts';

/** A stop that takes longer is cut off: what is not on disk by then is found and mended at the next start. */
const STOP_DEADLINE_MS = 4_500;
/** Why an engine ends although nobody asked it to; its supervisor starts it again. */
const damagedIndex = new EngineExit('damaged-index', 'The index is damaged; the next start makes it again.');

export interface RunOptions {
  readonly directory: string;
  readonly host: string;
  readonly port: number;
  readonly reserveBytes: number;
  readonly gopCacheBytes: number;
  /** `undefined`: standard output. */
  readonly logFile: string | undefined;
}

/**
 * Runs an engine until SIGTERM or SIGINT, or until only another start helps. Prints JSON lines; the one with `"ready":true` says where it listens.
 * Returns the exit code; throws `EngineExit` when the engine cannot start.
 */
export async function run(options: RunOptions): Promise<number> {
  const clock = createSystemClock();
  const version = releaseVersion();
  const log = openLog(options.logFile ?? process.stdout.fd);
  process.on('uncaughtException', (error) => {
    log.error({ error }, 'The engine met an error nobody foresaw and ends; its supervisor starts it again.');
    log.flush();
    process.exit(70);
  });
  const stopAsked = signalled();
  const { directory, host, reserveBytes, gopCacheBytes } = options;
  try {
    const engine = await startOrStartAgain({
      directory,
      host,
      port: options.port,
      reserveBytes,
      gopCacheBytes,
      version,
      clock,
      log,
    });
    const { nodeId, port } = engine;
    log.info({ ready: true, host, port, nodeId, version, processId: process.pid }, 'The engine is ready.');
    const because = await Promise.race([stopAsked, engine.restartWanted.then(() => damagedIndex)]);
    log.info(
      because === damagedIndex ? { reason: because.reason } : { signal: because },
      'The engine stops.',
    );
    const deadline = setTimeout(() => {
      log.error({ deadlineMs: STOP_DEADLINE_MS }, 'The engine did not stop in time and is cut off.');
      log.flush();
      endAtOnce();
    }, STOP_DEADLINE_MS);
    await engine.stop();
    clearTimeout(deadline);
    log.info({}, 'The engine has stopped.');
    const stuckOperations = engine.stuckOperations();
    if (stuckOperations > 0) {
      log.error({ stuckOperations }, 'A disk does not answer: the process ends without waiting for it.');
      log.flush();
      endAtOnce();
    }
    return because === damagedIndex ? damagedIndex.exitCode : 0;
  } finally {
    log.flush();
  }
}

/** An index that is found damaged by the start itself is made again at once. */
async function startOrStartAgain(options: EngineOptions): Promise<Engine> {
  try {
    return await startEngine(options);
  } catch (error) {
    if (!(error instanceof EngineExit) || error.reason !== damagedIndex.reason) throw error;
    options.log.error({ reason: error.message }, 'The engine starts once more.');
    return startEngine(options);
  }
}

/** An orderly exit waits for the threads of libuv's pool, and one that waits for a disk may never come back. */
function endAtOnce(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** Resolves with the name of the first signal that asks to stop; further ones change nothing. */
function signalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
  });
}
