import type { Clock } from '../../shared/domain/clock.ts';

/** Which request keeps the session alive; `auto` is GET_PARAMETER where the server says that it knows it, else OPTIONS. */
export type KeepaliveChoice = 'auto' | 'options' | 'get-parameter' | 'none';

export type KeepaliveMethod = 'OPTIONS' | 'GET_PARAMETER';

/** No more often than this, however short the session's timeout. */
const MIN_PERIOD_MS = 1_000;

export interface KeepaliveOptions {
  readonly choice: KeepaliveChoice;
  readonly clock: Clock;
  /** Sends the request and yields the status of its answer; undefined when there was none, which is no failure. */
  readonly send: (method: KeepaliveMethod) => Promise<number | undefined>;
}

/** Keeps a session alive at half its timeout (RFC 2326 §12.37). */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  #method: KeepaliveMethod;
  #timer: Disposable | undefined;

  constructor(options: KeepaliveOptions) {
    this.#options = options;
    this.#method = options.choice === 'get-parameter' ? 'GET_PARAMETER' : 'OPTIONS';
  }

  /** `methods` is what the server listed in `Public`. */
  noteMethods(methods: string): void {
    if (this.#options.choice === 'auto' && /\bGET_PARAMETER\b/i.test(methods)) this.#method = 'GET_PARAMETER';
  }

  start(timeoutSeconds: number): void {
    this.stop();
    if (this.#options.choice === 'none') return;
    const periodMs = Math.max(MIN_PERIOD_MS, (1_000 * timeoutSeconds) / 2);
    this.#timer = this.#options.clock.every(periodMs, () => {
      void this.#beat();
    });
  }

  stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  async #beat(): Promise<void> {
    const status = await this.#options.send(this.#method);
    // Servers that list GET_PARAMETER and do not take it know OPTIONS.
    if (status !== undefined && status >= 400 && this.#options.choice === 'auto') this.#method = 'OPTIONS';
  }
}
