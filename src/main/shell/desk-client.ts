import { DeskAnswer, type DeskOptions, type DeskRequest } from '../desk-protocol.ts';
import { DeskError, fail } from '../failure.ts';

/** A desk process as a shell holds it, whichever kind of process it is. */
export interface DeskPipe {
  send(request: DeskRequest): void;
  /** What it says, not yet parsed. */
  onMessage(listener: (message: unknown) => void): void;
  /** Once, with the exit code, or null when a signal ended it. */
  onExit(listener: (code: number | null) => void): void;
  kill(): void;
}

/** How a desk that was started ended. */
export type DeskEnd =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'crashed'; readonly code: number | null };

const stopTimeoutMs = 10_000;

/** Starts one desk, asks it for session codes, stops it. */
export class DeskClient {
  readonly #pipe: DeskPipe;
  readonly #ended = Promise.withResolvers<DeskEnd>();
  readonly #listening = Promise.withResolvers<DeskAnswer & { kind: 'listening' }>();
  readonly #awaitingCodes: ((code: string | undefined) => void)[] = [];
  #isStopping = false;

  constructor(pipe: DeskPipe) {
    this.#pipe = pipe;
    // Whoever called `start` hears of it; without a caller it is nobody's business.
    this.#listening.promise.catch(() => undefined);
    pipe.onMessage((message) => this.#receive(message));
    pipe.onExit((code) => this.#exited(code));
  }

  /** Settles when the process is gone. */
  get ended(): Promise<DeskEnd> {
    return this.#ended.promise;
  }

  /** Answers where the page is and the first code. Throws the desk's own failure when it cannot start. */
  async start(options: DeskOptions): Promise<{ readonly port: number; readonly code: string }> {
    this.#pipe.send({ kind: 'start', options });
    const { port, code } = await this.#listening.promise;
    return { port, code };
  }

  /** A code for another window; undefined when the desk ended. */
  issueCode(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#awaitingCodes.push(resolve);
      this.#pipe.send({ kind: 'issue-code' });
    });
  }

  /** Lets it finish in its own order; one that hangs is killed. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#pipe.send({ kind: 'stop' });
    const deadline = setTimeout(() => this.#pipe.kill(), stopTimeoutMs);
    await this.#ended.promise;
    clearTimeout(deadline);
  }

  #receive(message: unknown): void {
    const parsed = DeskAnswer.safeParse(message);
    if (!parsed.success) return;
    const answer = parsed.data;
    switch (answer.kind) {
      case 'listening':
        return this.#listening.resolve(answer);
      case 'code':
        return this.#awaitingCodes.shift()?.(answer.code);
      case 'failed':
        return this.#listening.reject(new DeskError(answer.failure));
    }
  }

  #exited(code: number | null): void {
    this.#listening.reject(
      fail(
        'internal',
        `The desk process ended before it was ready (${code === null ? 'by a signal' : `exit code ${code}`}).`,
        'The log in the data folder says what happened.',
      ),
    );
    for (const resolve of this.#awaitingCodes.splice(0)) resolve(undefined);
    this.#ended.resolve(this.#isStopping || code === 0 ? { kind: 'stopped' } : { kind: 'crashed', code });
  }
}

/** Where a window opens: the code is in the fragment, which browsers send to nobody. */
export function windowUrl(port: number, code: string): string {
  return `http://127.0.0.1:${port}/#code=${code}`;
}

/** The line that hands a link to a person, or to the program that started the shell. */
export function linkLine(port: number, code: string): string {
  return `Open this link within a minute; it works once: ${windowUrl(port, code)}`;
}
