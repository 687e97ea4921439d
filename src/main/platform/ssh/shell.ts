/** One word for a POSIX shell, whatever it holds (POSIX.1-2017, Shell §2.2.2). A NUL cannot be in an argument and is refused. */
export function quote(word: string): string {
  if (word.includes('\0')) throw new Error('A shell word cannot hold a NUL character.');
  if (/^[A-Za-z0-9_/:=.,@%+-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** A command line from a program and its arguments. */
export function shellCommand(words: readonly string[]): string {
  return words.map(quote).join(' ');
}

/**
 * A command line that runs a POSIX script whatever the login shell is. The script is a constant; values come in as `$1`,
 * `$2`, ... and are never pasted into it. Messages are in English, because some are read by us.
 */
export function shellScript(script: string, ...parameters: readonly string[]): string {
  return shellCommand(['env', 'LC_ALL=C', 'sh', '-c', script, 'sh', ...parameters]);
}
