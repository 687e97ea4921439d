import type { TrackSenderReport } from '../rtsp/index.ts';

/** Believed after so many in a row that agree. */
const PROVEN_REPORTS = 4;
const KEPT_REPORTS = 8;
/** Cameras read one clock after the other, and some report the stamp of the last picture. */
const READING_ERROR_MS = 120;
/** A camera's two clocks may drift apart by this share; more, and one of them does not count time. */
const LARGEST_DRIFT = 0.005;
/** A report is made at about the time of the packets around it; some cameras report stamps of another stream or of none. */
const LARGEST_DISTANCE_MS = 10_000;
/** What was said longer ago says nothing of now. */
const LONGEST_SILENCE_MS = 60_000;

interface Reading {
  /** Milliseconds since 1970 UTC, by the camera. */
  readonly ntpUtcMs: number;
  /** The track's clock at that moment, without wrap. */
  readonly trackMs: number;
  readonly arrivalMonotonicMs: number;
}

/**
 * The sender reports of one track (RFC 3550 §6.4.1). Cameras tell nonsense in them: they are believed only as long as they
 * agree with each other, with the packets and with the time that passes here. What the camera's wall clock shows is never
 * believed by itself.
 */
export class SenderReports {
  readonly #clockRate: number;
  #readings: readonly Reading[] = [];

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** `lastTimestamp` is the newest packet's, on the clock of the report. */
  take({ ntpUtcMs, rtpTimestamp, arrivalMonotonicMs }: TrackSenderReport, lastTimestamp: number): void {
    const reading = { ntpUtcMs, trackMs: (rtpTimestamp * 1_000) / this.#clockRate, arrivalMonotonicMs };
    const distanceMs = Math.abs(reading.trackMs - (lastTimestamp * 1_000) / this.#clockRate);
    if (distanceMs > LARGEST_DISTANCE_MS) {
      this.#readings = [];
      return;
    }
    const [newest] = this.#readings;
    const agrees = newest !== undefined && areConsistent(newest, reading);
    this.#readings = agrees ? [reading, ...this.#readings].slice(0, KEPT_REPORTS) : [reading];
  }

  /** The track's clock started anew. */
  forget(): void {
    this.#readings = [];
  }

  /** The stamp at a moment of the camera's wall clock; undefined while the reports are not to be believed. */
  timestampAt(ntpUtcMs: number, monotonicMs: number): number | undefined {
    const [newest] = this.#readings;
    if (newest === undefined || this.#readings.length < PROVEN_REPORTS) return undefined;
    if (monotonicMs - newest.arrivalMonotonicMs > LONGEST_SILENCE_MS) return undefined;
    const offsetMs = median(this.#readings.map((reading) => reading.ntpUtcMs - reading.trackMs));
    return ((ntpUtcMs - offsetMs) * this.#clockRate) / 1_000;
  }
}

/** Both clocks went on, by the same time, and by about the time that passed here. */
function areConsistent(before: Reading, after: Reading): boolean {
  const ntpMs = after.ntpUtcMs - before.ntpUtcMs;
  const trackMs = after.trackMs - before.trackMs;
  const passedMs = after.arrivalMonotonicMs - before.arrivalMonotonicMs;
  if (ntpMs <= 0 || trackMs <= 0 || passedMs > LONGEST_SILENCE_MS) return false;
  const toleranceMs = READING_ERROR_MS + LARGEST_DRIFT * passedMs;
  // What arrives may have been held up by the network for a while.
  const isOfThisTime = Math.abs(ntpMs - passedMs) <= toleranceMs + LARGEST_DISTANCE_MS;
  return Math.abs(ntpMs - trackMs) <= toleranceMs && isOfThisTime;
}

/** The middle one; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return ((sorted[middle] ?? 0) + (sorted[sorted.length - 1 - middle] ?? 0)) / 2;
}
