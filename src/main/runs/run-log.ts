import type { RunLogLine } from '../../shared/contract/index.ts';

/** The newest lines are kept. */
export const maxLogLines = 500;
const maxTextLength = 2000;
const mask = '•••';

/** Makes lines for one run's log: bounded, printable, and without the secrets it was told. */
export class RunLogWriter {
  readonly #secrets = new Set<string>();

  conceal(secret: string): void {
    // Masking very short ones would tear words apart and protect nothing.
    if (secret.length >= 4) this.#secrets.add(secret);
  }

  line(facts: Omit<RunLogLine, 'text'>, text: string): RunLogLine {
    return { ...facts, text: this.clean(text) };
  }

  clean(text: string): string {
    let masked = text;
    for (const secret of this.#secrets) masked = masked.replaceAll(secret, mask);
    // Control characters could steer a terminal that shows the log; a line is a line.
    return masked.replaceAll(/\p{Cc}+/gu, ' ').slice(0, maxTextLength);
  }
}

export function appendLine(log: readonly RunLogLine[], line: RunLogLine): RunLogLine[] {
  return [...log.slice(log.length >= maxLogLines ? log.length - maxLogLines + 1 : 0), line];
}
