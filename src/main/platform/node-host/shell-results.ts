import { fail } from '../../failure.ts';
import type { DeskError } from '../../failure.ts';
import type { ExecResult } from '../ssh/index.ts';

const shownLength = 300;
const shownLines = 20;

/** The output of a command that must have succeeded. `what` completes "could not ...". */
export function expectSuccess(result: ExecResult, nodeName: string, what: string): string {
  if (result.exitCode === 0) return result.stdout;
  throw commandFailure(result, nodeName, what);
}

export function commandFailure(result: ExecResult, nodeName: string, what: string): DeskError {
  if (/No space left on device|Disk quota exceeded|ENOSPC/.test(result.stderr)) {
    return fail(
      'no-space',
      `The disk of node ${nodeName} is full; it could not ${what}.`,
      'Free space on it, then try again.',
    );
  }
  const reason = result.stderr.trim().split('\n').at(-1)?.slice(0, shownLength) ?? '';
  const ending = result.signal === undefined ? `status ${result.exitCode ?? '?'}` : `signal ${result.signal}`;
  return fail(
    'command-failed',
    `Node ${nodeName} could not ${what} (${reason === '' ? ending : reason}).`,
    'Check the node, then try again.',
  );
}

/** The last lines of what a node calls its log; each is stored by itself, so a node must not choose how many. */
export function newestLines(output: string): readonly string[] {
  return output
    .split('\n')
    .filter((line) => line !== '')
    .slice(-shownLines);
}
