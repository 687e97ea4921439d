import type { GapLog } from '../storage/index.ts';
import type { EventFeed } from './event-feed.ts';

/** Announces gaps once they are written down: what a listener then finds in the timeline is what it was told. */
export function announceGaps(
  gapLog: GapLog,
  feed: Pick<EventFeed, 'gapOpened' | 'gapClosed' | 'gapRemoved'>,
): GapLog {
  return {
    ...gapLog,
    async insert(gap) {
      const id = await gapLog.insert(gap);
      if (gap.endUtcMs === undefined) feed.gapOpened({ ...gap, id });
      else feed.gapClosed({ ...gap, id });
      return id;
    },
    async update(gap) {
      await gapLog.update(gap);
      if (gap.endUtcMs === undefined) feed.gapOpened(gap);
      else feed.gapClosed(gap);
    },
    async remove(id) {
      await gapLog.remove(id);
      feed.gapRemoved(id);
    },
  };
}
