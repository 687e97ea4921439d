import { watchState } from '../../../src/main/features/state-stream.ts';

/** A value that tells when it changes. */
export class StateBox<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  read(): T {
    return this.#value;
  }

  update(change: (value: T) => T): void {
    this.#value = change(this.#value);
    for (const listener of this.#listeners) listener();
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  watch(signal: AbortSignal): AsyncIterable<T> {
    return watchState(this, signal);
  }
}
