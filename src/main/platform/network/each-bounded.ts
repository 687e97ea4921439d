/** Runs `task` for every item, at most `limit` at a time, until all are done or `signal` ends. A task that throws ends the whole. */
export async function eachBounded<T>(
  items: Iterable<T>,
  options: { readonly limit: number; readonly signal: AbortSignal },
  task: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = Iterator.from(items);
  const work = async (): Promise<void> => {
    while (!options.signal.aborted) {
      const { done, value } = iterator.next();
      if (done === true) return;
      await task(value);
    }
  };
  await Promise.all(Array.from({ length: options.limit }, work));
}
