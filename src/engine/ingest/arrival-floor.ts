const TICKS_PER_SECOND = 90_000;
const BUCKET_TICKS = TICKS_PER_SECOND;
const MOST_BUCKETS = 32;
/** A slope over less says more of the network than of the camera. */
const SHORTEST_SPAN_TICKS = 4 * TICKS_PER_SECOND;
/** What so many buckets in a row say may be a change for good rather than for a moment. */
const CHANGE_BUCKETS = 6;
const CHANGE_OF_PACE = 0.03;
/** How exactly the buckets have to lie on a line of their own. */
const STRAIGHT_TICKS = 0.05 * TICKS_PER_SECOND;
/** A pace that is getting slower shows as growing lateness, of at least this. */
const GROWN_LATENESS_TICKS = 0.1 * TICKS_PER_SECOND;
/** Later by so much at whatever pace: a camera's clock stood still. A network that stalled catches up sooner. */
const STANDSTILL_TICKS = TICKS_PER_SECOND;

interface Point {
  readonly camera: number;
  readonly arrival: number;
}

/**
 * When stamps would arrive if nothing delayed them, from when they do. No packet arrives before it was sent and most are
 * late by a different amount, so the truth lies along the lower edge of (stamp, arrival): each second's earliest arrival is
 * kept, and the line is the edge of their lower convex hull that crosses their mean stamp, which is the highest line below
 * all of them (Moon, Skelly, Towsley: Estimation and Removal of Clock Skew from Network Delay Measurements, INFOCOM 1999).
 * Stamps and arrivals in 1/90000 s.
 */
export class ArrivalFloor {
  #points: Point[] = [];
  /** The earliest of the bucket under way. */
  #earliest: Point | undefined;
  #bucketEnd = 0;
  #line: Point = { camera: 0, arrival: 0 };
  #pace = 1;
  /** By how much the pace may be wrong, as far as the points tell. */
  #paceError = Number.POSITIVE_INFINITY;

  /** Arrival time that passes for a unit of the camera's: 1 for a true clock, above for one whose stamps run ahead slower. */
  get pace(): number {
    return this.#pace;
  }

  /** Infinite until there is enough to tell. */
  get paceError(): number {
    return this.#paceError;
  }

  /** Forgets everything but the pace, which starts the next estimate: a camera rarely changes its habits. */
  restart(pace: number): void {
    this.#points = [];
    this.#earliest = undefined;
    this.#pace = pace;
    this.#paceError = Number.POSITIVE_INFINITY;
  }

  /** The arrival a stamp would have had without delay. */
  at(camera: number): number {
    return this.#line.arrival + (camera - this.#line.camera) * this.#pace;
  }

  /** Yields by how much this one is late; below zero it is earlier than had been thought possible, and the floor sinks. */
  note(camera: number, arrival: number): number {
    const earliest = this.#earliest;
    if (earliest === undefined) {
      this.#earliest = { camera, arrival };
      if (this.#points.length === 0) this.#line = this.#earliest;
      this.#bucketEnd = arrival + BUCKET_TICKS;
    } else if (arrival - earliest.arrival < (camera - earliest.camera) * this.#pace) {
      this.#earliest = { camera, arrival };
    }
    const lateness = arrival - this.at(camera);
    if (lateness < 0) this.#line = { camera, arrival };
    if (arrival >= this.#bucketEnd) this.#endBucket();
    return lateness;
  }

  #endBucket(): void {
    const point = this.#earliest;
    const before = this.#points.at(-1);
    this.#earliest = undefined;
    if (point === undefined || (before !== undefined && point.camera <= before.camera)) return;
    this.#points.push(point);
    if (this.#points.length > MOST_BUCKETS) this.#points.shift();
    this.#fit();
    if (this.#hasChanged()) {
      this.#points.splice(0, this.#points.length - CHANGE_BUCKETS);
      this.#fit();
    }
  }

  #fit(): void {
    const points = this.#points;
    const span = spanOf(points);
    if (span < SHORTEST_SPAN_TICKS) {
      this.#line = lowestAt(points, this.#pace) ?? this.#line;
      return;
    }
    const [left, right] = edgeBelow(points);
    if (left === undefined || right === undefined) return;
    this.#pace = (right.arrival - left.arrival) / (right.camera - left.camera);
    this.#line = right;
    let spread = 0;
    for (const { camera, arrival } of points) spread += arrival - this.at(camera);
    this.#paceError = spread / points.length / span;
  }

  /** Whether the older points tell nothing of now: then the newest alone are to be believed. */
  #hasChanged(): boolean {
    if (this.#points.length <= CHANGE_BUCKETS || this.#paceError === Number.POSITIVE_INFINITY) return false;
    const recent = this.#points.slice(-CHANGE_BUCKETS);
    let least = Number.POSITIVE_INFINITY;
    let latest = 0;
    for (const { camera, arrival } of recent) {
      latest = arrival - this.at(camera);
      least = Math.min(least, latest);
    }
    if (least > STANDSTILL_TICKS) return true;
    const pace = paceOf(recent);
    if (Math.abs(pace / this.#pace - 1) < CHANGE_OF_PACE || !areStraight(recent, pace)) return false;
    // Faster, but still late: that is a network that catches up.
    return pace > this.#pace ? least > GROWN_LATENESS_TICKS : latest < STRAIGHT_TICKS;
  }
}

/** The slope from the first point to the last. */
function paceOf(points: readonly Point[]): number {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return Number.NaN;
  return (last.arrival - first.arrival) / (last.camera - first.camera);
}

/** Whether the points lie on a line of this slope through the first. */
function areStraight(points: readonly Point[], pace: number): boolean {
  const [first] = points;
  if (first === undefined) return false;
  return points.every(
    ({ camera, arrival }) =>
      Math.abs(arrival - first.arrival - (camera - first.camera) * pace) < STRAIGHT_TICKS,
  );
}

function spanOf(points: readonly Point[]): number {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return 0;
  return last.arrival - first.arrival;
}

function lowestAt(points: readonly Point[], pace: number): Point | undefined {
  let lowest: Point | undefined;
  for (const point of points) {
    if (lowest === undefined || point.arrival - lowest.arrival < (point.camera - lowest.camera) * pace) {
      lowest = point;
    }
  }
  return lowest;
}

/** The edge of the lower convex hull over the mean stamp; points come in the order of their stamps. */
function edgeBelow(points: readonly Point[]): readonly [Point | undefined, Point | undefined] {
  const hull: Point[] = [];
  let mean = 0;
  for (const point of points) {
    mean += point.camera / points.length;
    while (hull.length > 1 && isAboveChord(hull[hull.length - 2], hull[hull.length - 1], point)) hull.pop();
    hull.push(point);
  }
  let right = 1;
  while (right < hull.length - 1 && (hull[right]?.camera ?? mean) < mean) right += 1;
  return [hull[right - 1], hull[right]];
}

function isAboveChord(left: Point | undefined, middle: Point | undefined, right: Point): boolean {
  if (left === undefined || middle === undefined) return false;
  const whole = (right.arrival - left.arrival) * (middle.camera - left.camera);
  return (middle.arrival - left.arrival) * (right.camera - left.camera) >= whole;
}
