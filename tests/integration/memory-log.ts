import type { Log } from '../../src/shared/domain/log.ts';

/** A log that keeps everything as text, to look for what must not be in it. */
export class MemoryLog implements Log {
  readonly #lines: string[];

  constructor(lines: string[] = []) {
    this.#lines = lines;
  }

  get text(): string {
    return this.#lines.join('\n');
  }

  debug(facts: object, message: string): void {
    this.#lines.push(`${message} ${JSON.stringify(facts)}`);
  }
  info(facts: object, message: string): void {
    this.debug(facts, message);
  }
  warn(facts: object, message: string): void {
    this.debug(facts, message);
  }
  error(facts: object, message: string): void {
    this.debug(facts, message);
  }
  child(): Log {
    return new MemoryLog(this.#lines);
  }
}
