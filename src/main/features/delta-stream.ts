/** Tells subscribers which keys changed. Each one gathers keys in a set, so a slow one costs no more than the keys there are. */
export class ChangedKeys<K> {
  readonly #subscribers = new Set<(keys: Iterable<K>) => void>();

  mark(keys: Iterable<K>): void {
    for (const subscriber of this.#subscribers) subscriber(keys);
  }

  onMark(listener: (keys: Iterable<K>) => void): Disposable {
    const entry = (keys: Iterable<K>): void => listener(keys);
    this.#subscribers.add(entry);
    return { [Symbol.dispose]: () => void this.#subscribers.delete(entry) };
  }
}

/**
 * The keys changed since the last turn, until `signal` ends. Subscribes when it is called, not when it is first read, so
 * that nothing is missed between a snapshot and the first turn.
 */
export function watchChangedKeys<K>(
  changed: ChangedKeys<K>,
  signal: AbortSignal,
): AsyncGenerator<ReadonlySet<K>, void> {
  let gathered = new Set<K>();
  let wake: (() => void) | undefined;
  const subscription = changed.onMark((keys) => {
    for (const key of keys) gathered.add(key);
    wake?.();
  });
  const onAbort = (): void => {
    subscription[Symbol.dispose]();
    wake?.();
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });

  return (async function* turns() {
    try {
      while (!signal.aborted) {
        if (gathered.size > 0) {
          const turn = gathered;
          gathered = new Set();
          yield turn;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      subscription[Symbol.dispose]();
    }
  })();
}
