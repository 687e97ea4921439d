/** Bytes that the group caches of all streams may keep together. */
export class GopBudget {
  readonly maximumBytes: number;
  #usedBytes = 0;

  constructor(maximumBytes: number) {
    this.maximumBytes = maximumBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** False, and nothing taken, when that would be too much. */
  take(byteLength: number): boolean {
    if (this.#usedBytes + byteLength > this.maximumBytes) return false;
    this.#usedBytes += byteLength;
    return true;
  }

  giveBack(byteLength: number): void {
    this.#usedBytes -= byteLength;
  }
}
