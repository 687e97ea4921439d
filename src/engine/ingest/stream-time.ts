import type { Sample } from '../media/sample.ts';
import type { TrackSenderReport } from '../rtsp/index.ts';
import { median, SenderReports } from './sender-reports.ts';
import { TrackTimeline } from './track-timeline.ts';
import type { WallClock } from './wall-clock.ts';

type TrackName = Sample['track'];
type SecondaryTrack = Exclude<TrackName, 'video'>;

export interface ConnectionClocks {
  readonly videoClockRate: number;
  readonly audioClockRate: number;
  readonly metadataClockRate: number;
  /** `arrival`: the camera's stamps are known to mean nothing. */
  readonly clock?: 'auto' | 'arrival';
}

const TICKS_PER_MS = 90;
/** Cameras do not send sound and picture of a moment further apart than this. */
const LARGEST_ALIGNMENT_TICKS = 500 * TICKS_PER_MS;
/** From the camera's sensor to here. A camera whose clock says more, or less than nothing, has a wrong clock. */
const LARGEST_LATENCY_MS = 300;
const LATENCY_READINGS = 4;
const LATENCY_SPREAD_MS = 60;
/** What is recorded stays steady: a change of the latency is spread over time. */
const LATENCY_SLEW = 0.005;

/**
 * Where the samples of one stream belong on its timeline, and what time of day that is. Each track follows its own arrival;
 * sender reports, where they are to be believed, put sound and metadata beside the pictures, and tell how long a picture has
 * been on its way.
 */
export class StreamTime {
  readonly #originMonotonicMs: number;
  readonly #wallClock: WallClock;
  readonly #timelines: Readonly<Record<TrackName, TrackTimeline>>;
  readonly #lastTimestamps: Partial<Record<TrackName, number>> = {};
  #reports: Readonly<Record<TrackName, SenderReports>> = reportsFor({
    videoClockRate: 1,
    audioClockRate: 1,
    metadataClockRate: 1,
  });
  /** The newest first. */
  #latenciesMs: readonly number[] = [];
  #latencyMs = 0;
  #latencyTargetMs = 0;
  #latencyMonotonicMs = 0;

  constructor({
    originMonotonicMs,
    wallClock,
  }: {
    readonly originMonotonicMs: number;
    readonly wallClock: WallClock;
  }) {
    this.#originMonotonicMs = originMonotonicMs;
    this.#wallClock = wallClock;
    this.#timelines = {
      video: new TrackTimeline(originMonotonicMs),
      audio: new TrackTimeline(originMonotonicMs),
      metadata: new TrackTimeline(originMonotonicMs),
    };
  }

  /** A new connection, whose clocks have nothing to do with those before. The timeline goes on by the time that passed. */
  beginConnection(clocks: ConnectionClocks): void {
    const { clock = 'auto' } = clocks;
    const { video, audio, metadata } = this.#timelines;
    video.beginConnection({ clockRate: clocks.videoClockRate, clock, isReordered: true });
    audio.beginConnection({ clockRate: clocks.audioClockRate, clock, isReordered: false });
    metadata.beginConnection({ clockRate: clocks.metadataClockRate, clock, isReordered: false });
    this.#reports = reportsFor(clocks);
    this.#latenciesMs = [];
  }

  /** How often the clocks of the camera started anew within a connection. */
  get leaps(): number {
    const { video, audio, metadata } = this.#timelines;
    return video.leaps + audio.leaps + metadata.leaps;
  }

  /** The position of a stamp (in the track's clock, unwrapped) in 1/90000 s since the origin. */
  place(track: TrackName, timestamp: number, arrivalMonotonicMs: number): number {
    const timeline = this.#timelines[track];
    const { leaps } = timeline;
    const position = timeline.place(timestamp, arrivalMonotonicMs);
    if (timeline.leaps !== leaps) this.#reports[track].forget();
    this.#lastTimestamps[track] = timestamp;
    return position;
  }

  /** A duration in the track's clock as 1/90000 s. */
  ticks90k(track: TrackName, duration: number): number {
    return this.#timelines[track].ticks90k(duration);
  }

  /** Milliseconds since 1970 UTC of what lies at a position and came at about this time. */
  utcMsAt(position90k: number, arrivalMonotonicMs: number): number {
    const most = Math.max(0, arrivalMonotonicMs - this.#latencyMonotonicMs) * LATENCY_SLEW;
    this.#latencyMonotonicMs = arrivalMonotonicMs;
    this.#latencyMs += Math.max(-most, Math.min(most, this.#latencyTargetMs - this.#latencyMs));
    return this.#wallClock.utcMsAt(this.#monotonicMsAt(position90k) - this.#latencyMs);
  }

  takeSenderReport(track: TrackName, report: TrackSenderReport): void {
    const lastTimestamp = this.#lastTimestamps[track];
    if (lastTimestamp === undefined) return;
    this.#reports[track].take(report, lastTimestamp);
    if (track === 'video') this.#measureLatency(report);
    else this.#align(track, report);
  }

  /** Puts the track where the pictures of the same moment of the camera's wall clock are. */
  #align(track: SecondaryTrack, report: TrackSenderReport): void {
    const pictures = this.#floorAt('video', report);
    const others = this.#floorAt(track, report);
    const apart = pictures === undefined || others === undefined ? 0 : pictures - others;
    this.#timelines[track].alignBy(Math.abs(apart) > LARGEST_ALIGNMENT_TICKS ? 0 : apart);
  }

  /** Only a camera whose clock is set shows a latency that is possible, and shows it again and again. */
  #measureLatency(report: TrackSenderReport): void {
    const floor = this.#floorAt('video', report);
    if (floor === undefined) {
      this.#latenciesMs = [];
      this.#latencyTargetMs = 0;
      return;
    }
    const latencyMs = this.#wallClock.utcMsAt(this.#monotonicMsAt(floor)) - report.ntpUtcMs;
    this.#latenciesMs = [latencyMs, ...this.#latenciesMs].slice(0, LATENCY_READINGS);
    const least = Math.min(...this.#latenciesMs);
    const most = Math.max(...this.#latenciesMs);
    const isProven = this.#latenciesMs.length === LATENCY_READINGS && most - least <= LATENCY_SPREAD_MS;
    const isPossible = least >= 0 && most <= LARGEST_LATENCY_MS;
    this.#latencyTargetMs = isProven && isPossible ? median(this.#latenciesMs) : 0;
  }

  /** Where the track was, without delay, at the moment of the report. */
  #floorAt(track: TrackName, { ntpUtcMs, arrivalMonotonicMs }: TrackSenderReport): number | undefined {
    const timestamp = this.#reports[track].timestampAt(ntpUtcMs, arrivalMonotonicMs);
    return timestamp === undefined ? undefined : this.#timelines[track].floorAt(timestamp);
  }

  #monotonicMsAt(position90k: number): number {
    return this.#originMonotonicMs + position90k / TICKS_PER_MS;
  }
}

function reportsFor(clocks: ConnectionClocks): Readonly<Record<TrackName, SenderReports>> {
  return {
    video: new SenderReports(clocks.videoClockRate),
    audio: new SenderReports(clocks.audioClockRate),
    metadata: new SenderReports(clocks.metadataClockRate),
  };
}
