import type { Gap, TimelineSpan } from '../engine-api/index.ts';
import { gapToleranceMs } from './gaps.ts';

interface Stretch {
  readonly startUtcMs: number;
  readonly endUtcMs: number;
}

/**
 * Gaps as they are to be shown in a stretch of time whose footage is `spans`: one that stands for several, and that of
 * retention, which has other gaps and locked footage in it, is cut into the pieces where nothing else is told. Both lists are
 * ordered by start, and so is the answer.
 */
export function visibleGaps(gaps: readonly Gap[], spans: readonly TimelineSpan[], within: Stretch): Gap[] {
  const exact = gaps.filter((gap) => !isRough(gap));
  const told = [
    ...spans,
    ...exact.map(({ startUtcMs, endUtcMs }) => ({ startUtcMs, endUtcMs: endUtcMs ?? Infinity })),
  ].sort((one, other) => one.startUtcMs - other.startUtcMs);
  const pieces = gaps.filter(isRough).flatMap((gap) =>
    remainders(
      {
        startUtcMs: Math.max(gap.startUtcMs, within.startUtcMs),
        endUtcMs: Math.min(gap.endUtcMs ?? Infinity, within.endUtcMs),
      },
      told,
    ).map((piece): Gap => ({ ...gap, ...piece })),
  );
  return [...exact, ...pieces].sort((one, other) => one.startUtcMs - other.startUtcMs);
}

function isRough({ evidence }: Gap): boolean {
  return evidence.kind === 'merged' || evidence.kind === 'deletion';
}

/** What is left of a stretch without others, which are ordered by start. */
function remainders(whole: Stretch, others: readonly Stretch[]): Stretch[] {
  const pieces: Stretch[] = [];
  let startUtcMs = whole.startUtcMs;
  for (const other of others) {
    if (other.startUtcMs >= whole.endUtcMs) break;
    if (other.startUtcMs > startUtcMs) pieces.push({ startUtcMs, endUtcMs: other.startUtcMs });
    startUtcMs = Math.max(startUtcMs, other.endUtcMs);
  }
  if (startUtcMs < whole.endUtcMs) pieces.push({ startUtcMs, endUtcMs: whole.endUtcMs });
  return pieces.filter((piece) => piece.endUtcMs - piece.startUtcMs > gapToleranceMs);
}
