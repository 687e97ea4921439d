import { maximumVolumes } from '../../shared/engine-api/index.ts';
import { defaultGuardLimits } from '../storage/index.ts';

/** For everything that is not a volume: state files, certificates, names. */
const otherThreads = 8;

/**
 * Gives libuv's pool so many threads that all volumes can hang and the rest goes on. Before the pool's first use, which decides.
 * A size that somebody has set is theirs.
 */
export function sizeThreadPool(environment: NodeJS.ProcessEnv): void {
  const threads = maximumVolumes * defaultGuardLimits.maximumOperations + otherThreads;
  environment['UV_THREADPOOL_SIZE'] ??= String(threads);
}
