import { gapToleranceMs } from '../../shared/domain/gaps.ts';
import { visibleGaps } from '../../shared/domain/timeline.ts';
import type { CameraId, Timeline, TimelineQuery } from '../../shared/engine-api/index.ts';
import type { GapIndex, SegmentIndex } from './segment-index.ts';

/** In one answer, before pieces are made of them. */
const maximumGaps = 1000;
/** Of one answer, pieces included: see `Timeline`. */
const maximumPieces = 5000;

/**
 * What there is of a camera in a stretch of time: footage put together to spans, and gaps between them. Where there is more
 * than one answer may hold, it ends earlier and says where to go on.
 */
export async function readTimeline(
  index: Pick<SegmentIndex, 'spans'> & Pick<GapIndex, 'gaps'>,
  cameraId: CameraId,
  { from, to, limit }: TimelineQuery,
): Promise<Timeline> {
  const found = await index.gaps({ cameraId, fromUtcMs: from, toUtcMs: to, limit: maximumGaps + 1 });
  // Gaps that all began before the stretch cannot end the answer: it must get on.
  const surplus = found.length > maximumGaps ? found.at(-1)?.startUtcMs : undefined;
  const gapsUntil = surplus === undefined ? to : Math.max(surplus, from + 1);
  const { spans, segmentCount } = await index.spans({
    cameraId,
    fromUtcMs: from,
    toUtcMs: gapsUntil,
    toleranceMs: gapToleranceMs,
    limit,
  });
  const lastEnd = spans.at(-1)?.endUtcMs ?? gapsUntil;
  const until =
    segmentCount < limit ? gapsUntil : Math.min(gapsUntil, Math.max(Math.ceil(lastEnd), from + 1));
  const gaps = found.filter(({ startUtcMs }) => startUtcMs < until);
  const visible = visibleGaps(gaps, spans, { startUtcMs: from, endUtcMs: until }).slice(0, maximumPieces);
  return {
    cameraId,
    fromUtcMs: from,
    toUtcMs: until,
    ...(until < to ? { nextFromUtcMs: until } : {}),
    spans: [...spans],
    gaps: visible,
  };
}
