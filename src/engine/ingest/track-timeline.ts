const TICKS_PER_SECOND = 90_000;
const TICKS_PER_MS = 90;
/** A camera's stamps may leap ahead of arrival by this much in one step before they count as a new start of its clock. */
const LEAP_TICKS = 2 * TICKS_PER_SECOND;
/** And may go back by this much: pictures that refer to later ones do. */
const REORDER_TICKS = TICKS_PER_SECOND;
/** Where the timeline and arrival disagree by more, arrival is right. */
const LARGEST_ERROR_TICKS = 5 * TICKS_PER_SECOND;
/** A single late picture says nothing: the error is averaged over about this time. */
const AVERAGING_TICKS = 4 * TICKS_PER_SECOND;
/** Differences below this are how networks and encoders are; they are not corrected. */
const TOLERATED_ERROR_TICKS = 0.1 * TICKS_PER_SECOND;
/** Larger ones fade with this time constant, at no more than the given share of the pace. */
const CORRECTION_SECONDS = 10;
const LARGEST_CORRECTION = 0.1;
const PACE_WINDOW_TICKS = 5 * TICKS_PER_SECOND;
/** A camera whose clock is off by more than this, in two windows that agree, stamps something else than time. */
const TOLERATED_PACE_ERROR = 0.05;
const LARGEST_PACE = 5;

/**
 * Puts one track of one connection on the stream's timeline. Two regimes: a camera whose stamps keep pace with arrival is
 * followed stamp by stamp, and only slowly pulled back to arrival; one whose stamps run at another pace (25 frames stamped,
 * 21 sent) has its steps scaled to the pace of arrival. Stamps that leap start anew at arrival.
 */
export class TrackTimeline {
  readonly #originMonotonicMs: number;
  readonly #clockRate: number;
  /** In 1/90000 s, like everything here. */
  #position: number | undefined;
  #camera = 0;
  #arrival = 0;
  #averageError = 0;
  #windowCamera = 0;
  #windowArrival = 0;
  #windowPace = 1;
  /** 1 in the first regime; in the second one what turns the camera's time into arrival's. */
  #scale = 1;
  #leaps = 0;

  constructor({
    originMonotonicMs,
    clockRate,
  }: {
    readonly originMonotonicMs: number;
    readonly clockRate: number;
  }) {
    this.#originMonotonicMs = originMonotonicMs;
    this.#clockRate = clockRate;
  }

  /** How often the camera's clock started anew within this connection. */
  get leaps(): number {
    return this.#leaps;
  }

  get regime(): 'camera' | 'arrival' {
    return this.#scale === 1 ? 'camera' : 'arrival';
  }

  /** A duration in the track's clock as 1/90000 s. */
  ticks90k(duration: number): number {
    return Math.round((duration * TICKS_PER_SECOND) / this.#clockRate);
  }

  /** The position of a stamp (in the track's clock, unwrapped) in 1/90000 s since the origin. */
  place(timestamp: number, arrivalMonotonicMs: number): number {
    const camera = (timestamp * TICKS_PER_SECOND) / this.#clockRate;
    const arrival = (arrivalMonotonicMs - this.#originMonotonicMs) * TICKS_PER_MS;
    const position = this.#advance(camera, arrival);
    this.#position = position;
    this.#camera = camera;
    this.#arrival = arrival;
    this.#measurePace(camera, arrival);
    return Math.round(position);
  }

  #advance(camera: number, arrival: number): number {
    const before = this.#position;
    if (before === undefined) {
      this.#startWindow(camera, arrival);
      return arrival;
    }
    const step = camera - this.#camera;
    if (step < -REORDER_TICKS || step > arrival - this.#arrival + LEAP_TICKS) {
      this.#leaps += 1;
      this.#averageError = 0;
      this.#startWindow(camera, arrival);
      return Math.max(before, arrival);
    }
    const position = before + step * this.#scale;
    const error = position - arrival;
    if (error < -LARGEST_ERROR_TICKS) {
      this.#averageError = 0;
      return arrival;
    }
    if (error > LARGEST_ERROR_TICKS) return Math.min(position, before);
    if (step <= 0) return position;
    this.#averageError += (error - this.#averageError) * Math.min(1, step / AVERAGING_TICKS);
    if (Math.abs(this.#averageError) < TOLERATED_ERROR_TICKS) return position;
    const share = this.#averageError / (CORRECTION_SECONDS * TICKS_PER_SECOND);
    return position - step * Math.max(-LARGEST_CORRECTION, Math.min(LARGEST_CORRECTION, share));
  }

  #startWindow(camera: number, arrival: number): void {
    this.#windowCamera = camera;
    this.#windowArrival = arrival;
  }

  #measurePace(camera: number, arrival: number): void {
    const waited = arrival - this.#windowArrival;
    if (waited < PACE_WINDOW_TICKS) return;
    const pace = (camera - this.#windowCamera) / waited;
    // One window may hold a stall, the next what had been held up.
    const isConfirmed = Math.abs(pace - this.#windowPace) < TOLERATED_PACE_ERROR;
    const isUsable = pace > 1 / LARGEST_PACE && pace < LARGEST_PACE;
    if (isConfirmed && isUsable) {
      this.#scale = Math.abs(pace - 1) > TOLERATED_PACE_ERROR ? 1 / pace : 1;
    }
    this.#windowPace = pace;
    this.#startWindow(camera, arrival);
  }
}
