const periodMs = 1000;
const longestMs = 15_000;

/**
 * How long to wait before asking a node again: a second, doubling with each failure in a row up to 15 s. `random` in [0, 1)
 * spreads nodes by a tenth, so that they are not all asked at once.
 */
export function pollDelayMs(failuresInARow: number, random: number): number {
  const base = Math.min(periodMs * 2 ** Math.max(0, failuresInARow - 1), longestMs);
  return base * (0.95 + random * 0.1);
}
