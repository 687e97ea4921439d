/** Where a present state can be read and its changes heard. */
export interface StateSource<T> {
  read(): T;
  /** Calls back after every change of `read()`. */
  onChange(listener: () => void): Disposable;
}

/**
 * The state now, then the newest state after each change, until `signal` ends. A reader that is slow misses states in
 * between and never the last one, so that nothing has to be queued.
 */
export async function* watchState<T>(source: StateSource<T>, signal: AbortSignal): AsyncGenerator<T, void> {
  let isStale = true;
  let wake: (() => void) | undefined;
  const onAbort = (): void => wake?.();
  using cleanup = new DisposableStack();
  cleanup.use(
    source.onChange(() => {
      isStale = true;
      wake?.();
    }),
  );
  signal.addEventListener('abort', onAbort, { once: true });
  cleanup.defer(() => signal.removeEventListener('abort', onAbort));
  while (!signal.aborted) {
    if (isStale) {
      isStale = false;
      yield source.read();
    } else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}
