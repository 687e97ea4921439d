/** Time comes from here, never from globals, so that tests decide it. Intervals use the monotonic clock, names and rows UTC. */
export interface Clock {
  /** Milliseconds since an arbitrary start; never jumps. */
  monotonicMs(): number;
  /** Milliseconds since 1970-01-01 UTC; may jump when somebody sets the clock. */
  utcMs(): number;
  /** Calls back once after `delayMs`. Disposing it cancels. Does not keep the process alive. */
  after(delayMs: number, callback: () => void): Disposable;
  /** Calls back every `periodMs` until disposed. Does not keep the process alive. */
  every(periodMs: number, callback: () => void): Disposable;
}
