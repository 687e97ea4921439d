import { ArrivalFloor } from './arrival-floor.ts';
import { ArrivalStamps } from './arrival-stamps.ts';

const TICKS_PER_SECOND = 90_000;
const TICKS_PER_MS = 90;
/** Pictures that refer to later ones go back; never by more. */
const REORDER_TICKS = TICKS_PER_SECOND;
/** A sample earlier than the floor by more, after a step of its stamps that no delay explains, follows a leap of the clock. */
const LEAP_TICKS = 0.3 * TICKS_PER_SECOND;
/** What explains a step while the usual one is not known. */
const UNKNOWN_STEP_TICKS = 2 * TICKS_PER_SECOND;
/** A sample later than this is no delayed one: the connection would have been given up. */
const LARGEST_LATENESS_TICKS = 5 * TICKS_PER_SECOND;
/** The timeline is not let further away from arrival than this. */
const LARGEST_ERROR_TICKS = 5 * TICKS_PER_SECOND;
/** Errors up to this are left alone, so that the steps of a camera in order stay exactly those of its stamps. */
const TOLERATED_ERROR_TICKS = 0.03 * TICKS_PER_SECOND;
const CORRECTED_ERROR_TICKS = 0.005 * TICKS_PER_SECOND;
/** Errors fade with this time constant, at no more than the given share of the pace. */
const CORRECTION_TICKS = 10 * TICKS_PER_SECOND;
const LARGEST_CORRECTION = 0.1;
/** Ahead of arrival by more, the timeline goes at half its pace. */
const FAR_AHEAD_TICKS = 3 * TICKS_PER_SECOND;
const FAR_AHEAD_CORRECTION = 0.5;
/** A clock as wrong as this stamps something else than time; less is drift, which is slewed. */
const TOLERATED_PACE_ERROR = 0.005;
/** The measured pace is believed where it lies so many of its own errors off. */
const PACE_CERTAINTY = 3;
const LARGEST_PACE = 5;
/** So many samples over so long are enough to see that stamps stand still. */
const STANDSTILL_SAMPLES = 25;
const STANDSTILL_TICKS = 2 * TICKS_PER_SECOND;
/** So many leaps in a minute, and the stamps mean nothing. */
const MOST_LEAPS = 10;
const LEAP_WINDOW_TICKS = 60 * TICKS_PER_SECOND;
const AVERAGED_STEPS = 16;

export interface TrackClock {
  /** Stamps a second. */
  readonly clockRate: number;
  /** `arrival`: the stamps are known to mean nothing. */
  readonly clock: 'auto' | 'arrival';
  /** Whether stamps may go back a little, because pictures refer to later ones; otherwise each one that does is a leap. */
  readonly isReordered: boolean;
}

/**
 * Puts one track on the stream's timeline, connection after connection. A camera whose stamps keep pace with arrival is
 * followed stamp by stamp, and slewed where it drifts; one whose stamps run at another pace (25 frames stamped, 21 sent) has
 * its steps scaled to the pace of arrival. Stamps that leap go on from where they were by the time that passed, and those
 * that keep leaping, or stand still, are replaced by arrival. See docs/design/time.md.
 */
export class TrackTimeline {
  readonly #originMonotonicMs: number;
  readonly #floor = new ArrivalFloor();
  #track: TrackClock = { clockRate: TICKS_PER_SECOND, clock: 'auto', isReordered: true };
  /** Set when the camera's stamps are worth nothing; then these are used in their place. */
  #arrivalStamps: ArrivalStamps | undefined;
  /** The camera's own newest stamp while they are not used. */
  #newestCamera: number | undefined;
  /** In 1/90000 s, like everything here. */
  #position: number | undefined;
  #camera: number | undefined;
  #arrival = 0;
  /** What turns the camera's time into arrival's; 1 in the first regime. */
  #scale = 1;
  #usualStep: number | undefined;
  #isCorrecting = false;
  #alignment = 0;
  /** Where the floor starts, and how many samples it has seen. */
  #start = { camera: 0, arrival: 0, samples: 0 };
  #leaps = 0;
  #leapsInWindow = 0;
  #leapWindowEnd = 0;

  constructor(originMonotonicMs: number) {
    this.#originMonotonicMs = originMonotonicMs;
  }

  /** How often the camera's clock started anew within a connection. */
  get leaps(): number {
    return this.#leaps;
  }

  get regime(): 'camera' | 'pace' | 'arrival' {
    if (this.#arrivalStamps !== undefined) return 'arrival';
    return this.#scale === 1 ? 'camera' : 'pace';
  }

  /** A new connection, whose stamps have nothing to do with those before. The timeline goes on. */
  beginConnection(track: TrackClock): void {
    this.#track = track;
    this.#arrivalStamps = track.clock === 'arrival' ? new ArrivalStamps() : undefined;
    this.#newestCamera = undefined;
    this.#camera = undefined;
    this.#usualStep = undefined;
    this.#leapsInWindow = 0;
    this.#forget();
  }

  /** A duration in the track's clock as 1/90000 s. */
  ticks90k(duration: number): number {
    return Math.round((duration * TICKS_PER_SECOND) / this.#track.clockRate);
  }

  /** Where a stamp near the last one would have arrived without delay, in 1/90000 s; undefined while stamps tell nothing. */
  floorAt(timestamp: number): number | undefined {
    if (this.#camera === undefined || this.#arrivalStamps !== undefined) return undefined;
    return this.#floor.at(this.#cameraTicks(timestamp));
  }

  /** Moves the track by so much against its arrival, gradually: what is known of it from the other tracks of the camera. */
  alignBy(ticks90k: number): void {
    this.#alignment = ticks90k;
  }

  /** The position of a stamp (in the track's clock, unwrapped) in 1/90000 s since the origin. */
  place(timestamp: number, arrivalMonotonicMs: number): number {
    const arrival = (arrivalMonotonicMs - this.#originMonotonicMs) * TICKS_PER_MS;
    const stamps = this.#arrivalStamps;
    const camera = stamps?.next(arrival) ?? this.#cameraTicks(timestamp);
    const position = this.#advance(camera, arrival);
    this.#position = position;
    this.#camera = stamps === this.#arrivalStamps ? camera : undefined;
    this.#arrival = arrival;
    return Math.round(position + this.#stepBack(timestamp));
  }

  /** By how much a picture is shown before one that was sent earlier, where arrival cannot tell. */
  #stepBack(timestamp: number): number {
    if (this.#arrivalStamps === undefined || this.#track.clock === 'auto') return 0;
    const camera = this.#cameraTicks(timestamp);
    const back = camera - (this.#newestCamera ?? camera);
    if (back < 0 && back >= -this.#reorderTicks()) return back;
    this.#newestCamera = camera;
    return 0;
  }

  #reorderTicks(): number {
    return this.#track.isReordered ? REORDER_TICKS : 0;
  }

  #cameraTicks(timestamp: number): number {
    return (timestamp * TICKS_PER_SECOND) / this.#track.clockRate;
  }

  #advance(camera: number, arrival: number): number {
    const before = this.#position;
    const cameraBefore = this.#camera;
    if (before === undefined || cameraBefore === undefined) {
      this.#begin(camera, arrival);
      // What counts in milliseconds, as FLV does, sees the order too.
      return before === undefined ? arrival : Math.max(before + TICKS_PER_MS, arrival);
    }
    const step = camera - cameraBefore;
    if (this.#isLeap(step, camera, arrival)) return this.#leap(before, camera, arrival);
    const lateness = this.#floor.note(camera, arrival);
    if (lateness > LARGEST_LATENESS_TICKS) {
      const position = this.#leap(before, camera, arrival);
      return Math.max(position, arrival);
    }
    this.#judgePace(camera, arrival);
    if (step <= 0) return before + step * this.#scale;
    const usual = this.#usualStep ?? step;
    this.#usualStep = usual + (step - usual) / AVERAGED_STEPS;
    return this.#follow(before, step * this.#scale, camera);
  }

  /** No delay makes stamps go back, nor lets a sample arrive before it was taken. */
  #isLeap(step: number, camera: number, arrival: number): boolean {
    if (step < -this.#reorderTicks()) return true;
    const explained = 2 * (this.#usualStep ?? UNKNOWN_STEP_TICKS) + LEAP_TICKS;
    const unexplained = step * this.#scale - (arrival - this.#arrival);
    return unexplained > explained && arrival < this.#floor.at(camera) - LEAP_TICKS;
  }

  #leap(before: number, camera: number, arrival: number): number {
    this.#leaps += 1;
    if (arrival > this.#leapWindowEnd) {
      this.#leapWindowEnd = arrival + LEAP_WINDOW_TICKS;
      this.#leapsInWindow = 0;
    }
    this.#leapsInWindow += 1;
    this.#forget();
    if (this.#leapsInWindow >= MOST_LEAPS) this.#distrust();
    else this.#begin(camera, arrival);
    return before + Math.max(1, this.#usualStep ?? 0, arrival - this.#arrival);
  }

  #forget(): void {
    this.#floor.restart(this.#scale);
    this.#isCorrecting = false;
    this.#alignment = 0;
  }

  /** Until the next connection. */
  #distrust(): void {
    this.#arrivalStamps = new ArrivalStamps();
    this.#scale = 1;
    this.#floor.restart(1);
  }

  #begin(camera: number, arrival: number): void {
    this.#start = { camera, arrival, samples: 0 };
    this.#floor.note(camera, arrival);
  }

  #judgePace(camera: number, arrival: number): void {
    const { pace, paceError } = this.#floor;
    if (paceError === Number.POSITIVE_INFINITY) {
      if (this.#standsStill(camera, arrival)) this.#distrust();
      return;
    }
    if (pace > LARGEST_PACE || pace < 1 / LARGEST_PACE) {
      this.#distrust();
      return;
    }
    const isOff = Math.abs(pace - 1) > Math.max(TOLERATED_PACE_ERROR, PACE_CERTAINTY * paceError);
    this.#scale = isOff ? pace : 1;
  }

  #standsStill(camera: number, arrival: number): boolean {
    const start = this.#start;
    start.samples += 1;
    const waited = arrival - start.arrival;
    if (start.samples < STANDSTILL_SAMPLES || waited < STANDSTILL_TICKS) return false;
    return camera - start.camera < waited / LARGEST_PACE;
  }

  /** Fades what separates the position from where arrival wants it. */
  #follow(before: number, step: number, camera: number): number {
    const position = before + step;
    const target = this.#floor.at(camera) + this.#alignment;
    const error = position - target;
    if (error > LARGEST_ERROR_TICKS) return before;
    if (error < -LARGEST_ERROR_TICKS) return target;
    const size = Math.abs(error);
    if (size > TOLERATED_ERROR_TICKS) this.#isCorrecting = true;
    else if (size < CORRECTED_ERROR_TICKS) this.#isCorrecting = false;
    if (!this.#isCorrecting) return position;
    const share = Math.max(-LARGEST_CORRECTION, Math.min(LARGEST_CORRECTION, error / CORRECTION_TICKS));
    return position - step * (error > FAR_AHEAD_TICKS ? FAR_AHEAD_CORRECTION : share);
  }
}
