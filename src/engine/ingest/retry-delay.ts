import type { Interruption } from '../media/sample.ts';

export interface RetryLimits {
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** Cameras lock an account after a handful of wrong passwords: slower then, and when nothing will change by itself. */
  readonly firstHopelessDelayMs: number;
  readonly longestHopelessDelayMs: number;
}

const JITTER = 0.2;
/** Time alone does not mend these. */
const HOPELESS: ReadonlySet<Interruption['kind']> = new Set([
  'refused-credentials',
  'changed-identity',
  'unsupported',
]);

/** How long to wait before the next attempt: doubling, bounded, and never the same for all cameras of a switch. */
export function retryDelayMs(
  failure: {
    readonly kind: Interruption['kind'];
    readonly failuresInARow: number;
    /** It may pass by itself although its kind does not. */
    readonly mayPass?: boolean;
  },
  limits: RetryLimits,
  random: () => number,
): number {
  const isHopeless = HOPELESS.has(failure.kind) && failure.mayPass !== true;
  const first = isHopeless ? limits.firstHopelessDelayMs : limits.firstDelayMs;
  const longest = isHopeless ? limits.longestHopelessDelayMs : limits.longestDelayMs;
  const doublings = Math.min(30, Math.max(0, failure.failuresInARow - 1));
  const delayMs = Math.min(longest, first * 2 ** doublings);
  return Math.round(delayMs * (1 - JITTER + 2 * JITTER * random()));
}
