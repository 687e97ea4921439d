/** Whoever wants to hear of a change. */
export class ChangeListeners {
  readonly #listeners = new Set<() => void>();

  add(listener: () => void): Disposable {
    const entry = (): void => listener();
    this.#listeners.add(entry);
    return { [Symbol.dispose]: () => void this.#listeners.delete(entry) };
  }

  announce(): void {
    for (const listener of this.#listeners) listener();
  }
}
