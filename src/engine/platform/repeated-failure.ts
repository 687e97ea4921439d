import type { Log } from '../../shared/domain/log.ts';
import { errorCode } from './layout.ts';

/** Logs what fails again and again once for each kind of error, until it went well in between. */
export class RepeatedFailure {
  readonly #log: Log;
  readonly #message: string;
  readonly #logged = new Set<string>();

  constructor(log: Log, message: string) {
    this.#log = log;
    this.#message = message;
  }

  note(error: unknown): void {
    const code = errorCode(error);
    if (this.#logged.has(code)) return;
    this.#logged.add(code);
    this.#log.error({ code, error }, this.#message);
  }

  noteSuccess(): void {
    this.#logged.clear();
  }
}
