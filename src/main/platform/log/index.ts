import { pino, type DestinationStream, type Logger } from 'pino';
import type { Log } from '../ports.ts';
import { redactFacts, redactText } from './redact.ts';

export { redactFacts, redactText } from './redact.ts';
export { RotatingFile } from './rotating-file.ts';

/** One JSON object a line; secrets are taken out of every fact and sentence before they reach `destination`. */
export function createLog(destination: DestinationStream, level: 'debug' | 'info' | 'warn' = 'info'): Log {
  return new PinoLog(pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination));
}

class PinoLog implements Log {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  debug(facts: object, message: string): void {
    if (this.#logger.isLevelEnabled('debug')) this.#logger.debug(redactFacts(facts), redactText(message));
  }
  info(facts: object, message: string): void {
    this.#logger.info(redactFacts(facts), redactText(message));
  }
  warn(facts: object, message: string): void {
    this.#logger.warn(redactFacts(facts), redactText(message));
  }
  error(facts: object, message: string): void {
    this.#logger.error(redactFacts(facts), redactText(message));
  }
  child(facts: object): Log {
    return new PinoLog(this.#logger.child(redactFacts(facts)));
  }
}
