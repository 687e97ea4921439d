import type { LatencyCounts } from './latency-histogram.ts';

/** What a volume counts about itself, since the engine's start where it is a sum. */
export interface VolumeMeter {
  readonly name: string;
  /** Bytes of footage that the disk has not taken yet. */
  readonly queuedBytes: number;
  /** Operations that are not answered in time now. */
  readonly stuckOperations: number;
  /** Pictures that were given for writing here and did not come to stay. */
  readonly lostFrames: number;
  /** How long the system took for each append. */
  readonly writeLatency: LatencyCounts;
}
