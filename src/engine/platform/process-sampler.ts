import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { CountedClock } from './counted-clock.ts';

const PERIOD_MS = 5_000;
/** Each look wakes the process, which is what costs most while it has little to do. */
const DELAY_RESOLUTION_MS = 50;
const NANOSECONDS_PER_MS = 1_000_000;

export interface ProcessSample {
  /** 1 = one core busy, over the last period. */
  readonly cpuCores: number;
  readonly residentBytes: number;
  /** Of JavaScript objects, and of the memory beside them that holds media. */
  readonly heapBytes: number;
  readonly bufferBytes: number;
  /** Alarms that have yet to ring. */
  readonly timers: number;
  /** How late the event loop came round, over the last whole period: all cameras wait for it together. */
  readonly eventLoopDelayP99Ms: number;
  readonly eventLoopDelayMaxMs: number;
}

/** Watches what the engine's process costs. */
export interface ProcessSampler {
  start(): void;
  stop(): void;
  sample(): ProcessSample;
}

export function createProcessSampler(clock: CountedClock): ProcessSampler {
  const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  let timer: Disposable | undefined;
  let usage = process.cpuUsage();
  let usageMonotonicMs = clock.monotonicMs();
  let latest = { cpuCores: 0, eventLoopDelayP99Ms: 0, eventLoopDelayMaxMs: 0 };

  const measure = (): void => {
    const now = clock.monotonicMs();
    const spent = process.cpuUsage(usage);
    const elapsedMs = Math.max(1, now - usageMonotonicMs);
    latest = {
      cpuCores: (spent.user + spent.system) / 1_000 / elapsedMs,
      eventLoopDelayP99Ms: lateness(delay.percentile(99)),
      eventLoopDelayMaxMs: lateness(delay.max),
    };
    usage = process.cpuUsage();
    usageMonotonicMs = now;
    delay.reset();
  };

  return {
    start() {
      delay.enable();
      timer = clock.every(PERIOD_MS, measure);
    },
    stop() {
      timer?.[Symbol.dispose]();
      delay.disable();
    },
    sample() {
      const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
      return {
        ...latest,
        residentBytes: rss,
        heapBytes: heapUsed,
        bufferBytes: arrayBuffers,
        timers: clock.pendingTimers,
      };
    },
  };
}

/** The histogram holds the intervals between two turns; what exceeds the resolution is the delay. */
function lateness(intervalNanoseconds: number): number {
  return Math.max(0, intervalNanoseconds / NANOSECONDS_PER_MS - DELAY_RESOLUTION_MS);
}
