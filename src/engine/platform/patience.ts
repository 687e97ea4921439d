import type { Clock } from '../../shared/domain/clock.ts';

/** Waits for something, but no longer than this: then it is `late`, and goes on by itself. Rejects as it does. */
export async function withPatience(
  clock: Clock,
  patienceMs: number,
  awaited: Promise<unknown>,
): Promise<'done' | 'late'> {
  const { promise: patienceEnds, resolve } = Promise.withResolvers<'late'>();
  const patience = clock.after(patienceMs, () => resolve('late'));
  try {
    return await Promise.race([awaited.then(() => 'done' as const), patienceEnds]);
  } finally {
    patience[Symbol.dispose]();
  }
}
