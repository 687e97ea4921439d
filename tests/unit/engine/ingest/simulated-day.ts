/**
 * A camera's day as its recorder meets it, simulated: what the camera stamps, what the network does to it, what the node's
 * clock does, and how far the times of the samples are from the truth. Pure and seeded; a day takes a second or two.
 */
import { SamplePipeline } from '../../../../src/engine/ingest/sample-pipeline.ts';
import { WallClock } from '../../../../src/engine/ingest/wall-clock.ts';
import type { H264ParameterSets } from '../../../../src/engine/media/parameter-sets.ts';
import type { G711Track, Sample } from '../../../../src/engine/media/sample.ts';
import { mulberry32 } from '../recording/synthetic-stream.ts';
import { PPS, SPS } from './scripted-camera.ts';
import { SentTrack } from './sent-track.ts';

/** What a camera says in its sender reports. */
export type ReportHabit =
  | 'none'
  /** A set clock, read a few milliseconds early or late. */
  | 'good'
  /** Steady, but an hour ahead. */
  | 'hour-ahead'
  /** Never set: counts from 1970. */
  | 'epoch'
  /** Steady, with sound and picture two seconds apart. */
  | 'tracks-apart'
  /** Set anew again and again. */
  | 'jumping'
  /** Random stamps. */
  | 'random-stamps'
  /** Runs at half speed. */
  | 'half-speed'
  /** Always the same report. */
  | 'stuck';

export interface DayOptions {
  readonly seed: number;
  readonly hours: number;
  readonly framesPerSecond: number;
  /** By how much the camera's stamps run ahead of time, as a share: 0.00005 is 50 ppm, 0.19 is 25 stamped and 21 sent. */
  readonly paceError: number;
  /** Mean of the delay beyond the least one. */
  readonly jitterMs: number;
  /** Frames that the camera sends at once. */
  readonly burstFrames: number;
  readonly stallsPerHour: number;
  /** The stamps start anew somewhere, in mid-stream. */
  readonly leapsPerDay: number;
  /** The pace of the stamps changes to another one, between 20 % too fast and too slow. */
  readonly paceChangesPerDay: number;
  /** The connection is lost for a while. */
  readonly reconnectsPerDay: number;
  /** A new source with stamps of its own, on the same connection. */
  readonly rebootsPerDay: number;
  /** A connection begins with pictures of up to so long ago. */
  readonly backlogMs: number;
  /** Pictures that refer to the next one, sent after it. */
  readonly reordered: boolean;
  readonly reports: ReportHabit;
  /** Somebody sets the node's clock. */
  readonly wallStepsPerDay: number;
  /** The node's clock is being slewed against its monotonic one. */
  readonly wallDrift: number;
}

export const ORDERLY: Omit<DayOptions, 'seed' | 'hours'> = {
  framesPerSecond: 15,
  paceError: 0,
  jitterMs: 5,
  burstFrames: 1,
  stallsPerHour: 0,
  leapsPerDay: 0,
  paceChangesPerDay: 0,
  reconnectsPerDay: 0,
  rebootsPerDay: 0,
  backlogMs: 0,
  reordered: false,
  reports: 'none',
  wallStepsPerDay: 0,
  wallDrift: 0,
};

export interface DayResult {
  readonly videoFrames: number;
  readonly connections: number;
  /** Of the utc times, against when the pictures were taken, outside the minute after something happened. */
  readonly largestErrorMs: number;
  /** At the end of the day. */
  readonly lastErrorMs: number;
  /** Whenever. */
  readonly worstErrorMs: number;
  /** Steps of the decoding times that were not above the one before. */
  readonly backwardSteps: number;
  /** Largest step of the decoding times within a connection, less the camera's own interval. */
  readonly largestGapMs: number;
  /** Share of the frames that last less than a third of the camera's interval. */
  readonly squeezedShare: number;
  /** Sound against picture, outside the minute after something happened. */
  readonly largestAudioOffsetMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SETTLING_MS = 60_000;
/** A connection may be away for a minute, and needs another to settle: the end of the day is one that can be judged. */
const QUIET_END_MS = 3 * SETTLING_MS;
const UTC_START_MS = Date.UTC(2026, 5, 1);
/** From the sensor to the wire. */
const ENCODING_MS = { video: 90, audio: 40 };
const LEAST_DELAY_MS = 3;
/** How much faster than live the network is. */
const CATCH_UP_PACE = 4;
const STEPS_OVER_PAUSE = 4;
const REPORT_PERIOD_MS = 5_000;
const AUDIO_RATE = 8_000;
const AUDIO_PERIOD_MS = 200;

const SETS: H264ParameterSets = { codec: 'h264', sps: SPS, pps: PPS };
const SOUND: G711Track = { kind: 'audio', codec: 'pcmu', sampleRate: AUDIO_RATE, channels: 1 };
const BYTES = new Uint8Array(1);

type Track = 'video' | 'audio';

function never(): Disposable {
  return { [Symbol.dispose]: () => undefined };
}

export function simulateDay(options: DayOptions): DayResult {
  return new SimulatedDay(options).run();
}

class SimulatedDay {
  readonly #options: DayOptions;
  readonly #random: () => number;
  readonly #intervalMs: number;
  readonly #video: SentTrack;
  readonly #audio: SentTrack;
  readonly #wallClock: WallClock;
  readonly #pipeline: SamplePipeline;
  #paceError: number;
  #wallOffsetMs = UTC_START_MS;
  /** On the monotonic clock of the node, like all times here. */
  #nowMs = 0;
  #arrivalMs = 0;
  #nextAudioMs = 0;
  #nextReportMs = 0;
  #nextAdjustMs = 0;
  #settlesAtMs = 0;
  #lastDecoding90k = -1;
  /** Steps over a pause of the camera: with pictures out of order it shows a little later. */
  #stepsOverPause = STEPS_OVER_PAUSE;
  #lastVideoErrorMs = 0;
  #stuckReport = 0;
  #sample: Sample | undefined;
  #result = {
    videoFrames: 0,
    connections: 0,
    largestErrorMs: 0,
    lastErrorMs: 0,
    worstErrorMs: 0,
    backwardSteps: 0,
    largestGapMs: 0,
    squeezed: 0,
    largestAudioOffsetMs: 0,
  };

  constructor(options: DayOptions) {
    this.#options = options;
    this.#random = mulberry32(options.seed);
    this.#paceError = options.paceError;
    this.#intervalMs = 1_000 / options.framesPerSecond;
    this.#video = new SentTrack(90_000, this.#random);
    this.#audio = new SentTrack(AUDIO_RATE, this.#random);
    this.#wallClock = new WallClock({
      monotonicMs: () => this.#nowMs,
      utcMs: () => this.#utcAt(this.#nowMs),
      after: never,
      every: never,
    });
    this.#pipeline = new SamplePipeline({
      originMonotonicMs: 0,
      wallClock: this.#wallClock,
      events: {
        onDescription: () => undefined,
        onSample: (sample) => {
          this.#sample = sample;
        },
      },
    });
  }

  run(): DayResult {
    const endMs = this.#options.hours * HOUR_MS;
    let captureMs = 1_000;
    this.#connect(captureMs);
    while (captureMs < endMs) {
      captureMs += this.#intervalMs;
      if (captureMs < endMs - QUIET_END_MS) captureMs = this.#happen(captureMs);
      const group = this.#options.reordered ? 3 : 1;
      // Of a group the last is sent first, when it was taken.
      const sendMs = captureMs + (group - 1) * this.#intervalMs;
      for (let index = 0; index < group; index += 1) {
        const shown = index === 0 ? group - 1 : index - 1;
        this.#sendPicture(captureMs + shown * this.#intervalMs, sendMs);
      }
      captureMs = sendMs;
      this.#sendOthers(captureMs);
    }
    const { squeezed, ...result } = this.#result;
    return { ...result, squeezedShare: squeezed / result.videoFrames };
  }

  #utcAt(monotonicMs: number): number {
    return this.#wallOffsetMs + monotonicMs * (1 + this.#options.wallDrift);
  }

  #connect(atMs: number): void {
    const { backlogMs } = this.#options;
    this.#result.connections += 1;
    this.#stepsOverPause = STEPS_OVER_PAUSE;
    this.#video.begin(atMs, 1 + this.#paceError);
    this.#audio.begin(atMs, 1);
    this.#pipeline.beginConnection({
      videoClockRate: this.#video.clockRate,
      audio: SOUND,
      audioClockRate: this.#audio.clockRate,
    });
    this.#wallClock.adjust();
    // What was taken before the connection comes with its start.
    this.#arrivalMs = Math.max(this.#arrivalMs, atMs + backlogMs * this.#random());
    this.#disturb(atMs);
    this.#nextAudioMs = atMs;
    this.#nextReportMs = atMs + 1_000;
  }

  #disturb(atMs: number): void {
    this.#settlesAtMs = Math.max(atMs, this.#arrivalMs) + SETTLING_MS;
  }

  /** Yields when the camera goes on. */
  #happen(nowMs: number): number {
    const {
      reconnectsPerDay,
      rebootsPerDay,
      leapsPerDay,
      paceChangesPerDay,
      stallsPerHour,
      wallStepsPerDay,
    } = this.#options;
    if (this.#occurs(wallStepsPerDay / DAY_MS)) {
      this.#wallOffsetMs += (this.#random() - 0.5) * (this.#random() < 0.5 ? 3_000 : 2 * HOUR_MS);
      this.#disturb(nowMs);
    }
    if (this.#occurs(stallsPerHour / HOUR_MS)) {
      this.#arrivalMs = Math.max(this.#arrivalMs, nowMs + 500 + 4_000 * this.#random());
      this.#disturb(nowMs);
    }
    if (this.#occurs(leapsPerDay / DAY_MS)) {
      this.#video.leap(nowMs, 1 + this.#paceError);
      this.#disturb(nowMs);
    }
    if (this.#occurs(paceChangesPerDay / DAY_MS)) {
      this.#paceError = 0.38 * (this.#random() - 0.5);
      this.#video.changePace(nowMs, 1 + this.#paceError);
      this.#disturb(nowMs);
    }
    if (this.#occurs(rebootsPerDay / DAY_MS)) {
      this.#disturb(nowMs);
      const upMs = nowMs + 3_000 * this.#random();
      this.#video.reboot(upMs, 1 + this.#paceError);
      this.#audio.reboot(upMs, 1);
      this.#stepsOverPause = STEPS_OVER_PAUSE;
      return upMs;
    }
    if (this.#occurs(reconnectsPerDay / DAY_MS)) {
      const upMs = nowMs + 500 + 60_000 * this.#random();
      this.#connect(upMs);
      return upMs;
    }
    return nowMs;
  }

  #occurs(perMs: number): boolean {
    return perMs > 0 && this.#random() < perMs * this.#intervalMs;
  }

  #arrive(sendMs: number, track: Track): number {
    const { jitterMs, burstFrames } = this.#options;
    const periodMs = burstFrames * this.#intervalMs;
    const isBurst = track === 'video' && burstFrames > 1;
    const sentMs = isBurst ? Math.ceil(sendMs / periodMs) * periodMs : sendMs;
    const delayMs = ENCODING_MS[track] + LEAST_DELAY_MS - jitterMs * Math.log(1 - this.#random());
    // What was sent later never overtakes, and what was held up comes as fast as the network can.
    const soonestMs = this.#arrivalMs + (track === 'video' ? this.#intervalMs / CATCH_UP_PACE : 0);
    this.#arrivalMs = Math.max(soonestMs, sentMs + delayMs);
    this.#nowMs = this.#arrivalMs;
    if (this.#nowMs >= this.#nextAdjustMs) {
      this.#nextAdjustMs = this.#nowMs + 1_000;
      this.#wallClock.adjust();
    }
    return this.#arrivalMs;
  }

  #sendPicture(captureMs: number, sendMs: number): void {
    const arrivalMs = this.#arrive(sendMs, 'video');
    if (!this.#video.send(captureMs, arrivalMs)) return;
    this.#pipeline.takeVideo({
      data: BYTES,
      timestamp: this.#video.timestamp,
      parameterSets: SETS,
      isSync: true,
      arrivalMonotonicMs: arrivalMs,
    });
    const sample = this.#taken();
    this.#judgeStep(sample.dts90k);
    const errorMs = sample.utcMs - this.#utcAt(captureMs);
    const result = this.#result;
    result.videoFrames += 1;
    result.lastErrorMs = errorMs;
    result.worstErrorMs = Math.max(result.worstErrorMs, Math.abs(errorMs));
    if (captureMs > this.#settlesAtMs) {
      result.largestErrorMs = Math.max(result.largestErrorMs, Math.abs(errorMs));
    }
    this.#lastVideoErrorMs = errorMs;
  }

  /** What the pipeline made of what it was given last. */
  #taken(): Sample {
    const sample = this.#sample;
    if (sample === undefined) throw new Error('The pipeline passed nothing on.');
    this.#sample = undefined;
    return sample;
  }

  #judgeStep(dts90k: number): void {
    const result = this.#result;
    const stepMs = (dts90k - this.#lastDecoding90k) / 90;
    if (stepMs <= 0) result.backwardSteps += 1;
    if (this.#stepsOverPause === 0) {
      result.largestGapMs = Math.max(result.largestGapMs, stepMs - this.#intervalMs);
      if (stepMs < this.#intervalMs / 3) result.squeezed += 1;
    }
    this.#stepsOverPause = Math.max(0, this.#stepsOverPause - 1);
    this.#lastDecoding90k = dts90k;
  }

  #sendOthers(untilMs: number): void {
    for (; this.#nextAudioMs <= untilMs; this.#nextAudioMs += AUDIO_PERIOD_MS) {
      const arrivalMs = this.#arrive(this.#nextAudioMs, 'audio');
      if (!this.#audio.send(this.#nextAudioMs, arrivalMs)) continue;
      this.#pipeline.takeAudio({
        data: BYTES,
        timestamp: this.#audio.timestamp,
        arrivalMonotonicMs: arrivalMs,
      });
      const errorMs = this.#taken().utcMs - this.#utcAt(this.#nextAudioMs);
      if (this.#nextAudioMs < this.#settlesAtMs) continue;
      const offsetMs = Math.abs(errorMs - this.#lastVideoErrorMs);
      this.#result.largestAudioOffsetMs = Math.max(this.#result.largestAudioOffsetMs, offsetMs);
    }
    if (this.#nextReportMs > untilMs) return;
    this.#nextReportMs += REPORT_PERIOD_MS;
    this.#report('video', this.#video, untilMs);
    this.#report('audio', this.#audio, untilMs);
  }

  #report(track: Track, sent: SentTrack, nowMs: number): void {
    const claim = this.#claim(track, sent, nowMs);
    if (claim === undefined) return;
    this.#pipeline.takeSenderReport(track, {
      ntpUtcMs: claim.ntpUtcMs,
      rtpTimestamp: sent.unwrapped(claim.timestamp32),
      arrivalMonotonicMs: this.#arrivalMs,
    });
  }

  #claim(
    track: Track,
    sent: SentTrack,
    nowMs: number,
  ): { readonly ntpUtcMs: number; readonly timestamp32: number } | undefined {
    const trueUtcMs = this.#utcAt(nowMs);
    const timestamp32 = sent.stampAt(nowMs);
    const readMs = 20 * (this.#random() - 0.5);
    switch (this.#options.reports) {
      case 'none':
        return undefined;
      case 'good':
        return { ntpUtcMs: trueUtcMs + readMs, timestamp32 };
      case 'hour-ahead':
        return { ntpUtcMs: trueUtcMs + HOUR_MS + readMs, timestamp32 };
      case 'epoch':
        return { ntpUtcMs: nowMs + readMs, timestamp32 };
      case 'tracks-apart':
        return { ntpUtcMs: trueUtcMs + (track === 'audio' ? 2_000 : 0), timestamp32 };
      case 'jumping':
        return { ntpUtcMs: trueUtcMs + 10_000 * this.#random(), timestamp32 };
      case 'random-stamps':
        return { ntpUtcMs: trueUtcMs, timestamp32: Math.floor(this.#random() * 2 ** 32) };
      case 'half-speed':
        return { ntpUtcMs: trueUtcMs / 2, timestamp32 };
      case 'stuck':
        this.#stuckReport ||= trueUtcMs;
        return { ntpUtcMs: this.#stuckReport, timestamp32: 12_345 };
    }
  }
}
